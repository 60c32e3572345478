"""Bearer tokens: signed JWTs, checked by signature, issuer, audience and time, and turned into a `Principal`."""

import warnings
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, Final, cast
from uuid import UUID

from joserfc import jws, jwt
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import Key

from shared.auth.keys import KeySource
from shared.auth.principal import ROLES, Principal, Role
from shared.clock import Clock
from shared.errors import Unauthorized

ALGORITHMS: Final = frozenset({"ES256", "RS256", "Ed25519", "EdDSA"})  # EdDSA is the former name of Ed25519 (RFC 9864)
TOKEN_LIMIT = 8_192  # characters; servers take no longer header anyway
SUBJECT_LIMIT = 200
LATEST: Final = datetime.max.replace(tzinfo=UTC).timestamp()  # a token may say that it ends later
REMEMBERED = 10_000  # tokens, about 5 MB
REMEMBERED_FOR = timedelta(minutes=5)  # so that a withdrawn key ends within this and `keys.MAX_AGE`


class InvalidToken(Unauthorized):
    """The token is not one of ours, or no longer; why is not told."""

    code, title = "invalid-token", "The bearer token is not valid."

    def __init__(self) -> None:
        super().__init__()
        self.headers["WWW-Authenticate"] = 'Bearer error="invalid_token"'


class TokenVerifier:
    """Checks tokens of one issuer for one audience; a token seen before costs a hash and a look-up."""

    def __init__(self, keys: KeySource, *, issuer: str, audience: str, clock: Clock, leeway: timedelta = timedelta(seconds=30)) -> None:
        self._keys = keys
        self._issuer = issuer
        self._audience = audience
        self._clock = clock
        self._leeway = leeway.total_seconds()
        self._remembered: dict[bytes, tuple[float, Principal]] = {}

    async def verify(self, token: str) -> Principal:
        """The principal of a valid token. Raises InvalidToken, or Unavailable while the issuer's keys cannot be read."""
        now = self._clock.now().timestamp()
        digest = sha256(token.encode("utf-8", "replace")).digest()
        known = self._remembered.get(digest)
        if known is not None and now < known[0]:
            return known[1]
        claims = await self._claims(token)
        ends = self._check(claims, now)
        principal = _principal(claims, ends)
        self._remember(digest, min(ends, now + REMEMBERED_FOR.total_seconds()), principal)
        return principal

    async def _claims(self, token: str) -> dict[str, Any]:
        if len(token) > TOKEN_LIMIT or not token.isascii():
            raise InvalidToken
        try:
            header = jws.extract_compact(token.encode()).protected
            if header.get("alg") not in ALGORITHMS:
                raise InvalidToken
            key = await self._keys.key(_optional_text(header, "kid"))
            if key is None:
                raise InvalidToken
            return _decode(token, key)
        except (JoseError, ValueError, TypeError):
            raise InvalidToken from None

    def _check(self, claims: Mapping[str, Any], now: float) -> float:
        """When the token ends, in seconds of the epoch, leeway included."""
        audience = claims.get("aud")
        if claims.get("iss") != self._issuer or self._audience not in (audience if isinstance(audience, list) else [audience]):
            raise InvalidToken
        ends = _moment(claims, "exp")
        if ends is None or now >= ends + self._leeway:
            raise InvalidToken
        for claim in ("nbf", "iat"):
            starts = _moment(claims, claim)
            if starts is not None and now < starts - self._leeway:
                raise InvalidToken
        return ends + self._leeway

    def _remember(self, digest: bytes, until: float, principal: Principal) -> None:
        self._remembered.pop(digest, None)
        while len(self._remembered) >= REMEMBERED:
            self._remembered.pop(next(iter(self._remembered)))
        self._remembered[digest] = until, principal


def _decode(token: str, key: Key) -> dict[str, Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SecurityWarning)  # issuers still say EdDSA; the signature is the same
        return jwt.decode(token, key, algorithms=ALGORITHMS).claims


def _principal(claims: Mapping[str, Any], ends: float) -> Principal:
    named = claims.get("roles", claims.get("role", []))
    given = named if isinstance(named, list) else [named]
    subject = _optional_text(claims, "sub")
    if not subject or len(subject) > SUBJECT_LIMIT or "\0" in subject:
        raise InvalidToken
    return Principal(
        subject=subject,
        issuer=claims["iss"],
        roles=frozenset(cast("Role", role) for role in given if isinstance(role, str) and role in ROLES),
        region=_optional_text(claims, "region"),
        provider_id=_optional_uuid(claims, "provider_id"),
        name=_optional_text(claims, "name"),
        expires_at=datetime.fromtimestamp(min(ends, LATEST), UTC),
    )


def _moment(claims: Mapping[str, Any], claim: str) -> float | None:
    value = claims.get(claim)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidToken
    return float(value) if abs(value) < 1e12 else None  # noqa: PLR2004 - beyond the year 33658 it is no time (nor need infinity be told apart)


def _optional_text(claims: Mapping[str, Any], claim: str) -> str | None:
    value = claims.get(claim)
    if value is not None and not isinstance(value, str):
        raise InvalidToken
    return value or None


def _optional_uuid(claims: Mapping[str, Any], claim: str) -> UUID | None:
    text = _optional_text(claims, claim)
    try:
        return UUID(text) if text else None
    except ValueError:
        raise InvalidToken from None
