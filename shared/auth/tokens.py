"""Verification of bearer tokens: signed JWTs, checked by signature, issuer, audience and time, as `Principal`."""

import warnings
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Final, TypeAlias, cast
from uuid import UUID

from joserfc import jws, jwt
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import Key
from pydantic import JsonValue

from shared.auth.keys import KeySource
from shared.auth.principal import ROLES, Principal, Role
from shared.auth.revocation import RevokedTokens
from shared.clock import Clock
from shared.errors import Unauthorized

Claims: TypeAlias = Mapping[str, JsonValue]
"""The claims of a JWT: untrusted JSON, each checked where it is read."""

ALGORITHMS: Final = frozenset({"ES256", "RS256", "Ed25519", "EdDSA"})  # EdDSA is the former name of Ed25519 (RFC 9864)
TOKEN_LIMIT = 8_192  # characters; servers refuse longer headers as well
SUBJECT_LIMIT = 200
LATEST: Final = datetime.max.replace(tzinfo=UTC).timestamp() - 1  # the end of the year 9999
REMEMBERED = 10_000  # tokens, about 5 MB
REMEMBERED_FOR = timedelta(minutes=5)  # a withdrawn key is therefore rejected within this time plus `keys.MAX_AGE`


class InvalidToken(Unauthorized):
    """The token is invalid, expired or revoked. The response does not say which."""

    code, title = "invalid-token", "The bearer token is not valid."

    def __init__(self) -> None:
        super().__init__()
        self.headers["WWW-Authenticate"] = 'Bearer error="invalid_token"'


class TokenVerifier:
    """Verifies the tokens of one issuer for one audience. A token that was seen before costs a hash and a look-up."""

    def __init__(
        self,
        keys: KeySource,
        *,
        issuer: str,
        audience: str,
        clock: Clock,
        leeway: timedelta = timedelta(seconds=30),
        revoked: RevokedTokens | None = None,
    ) -> None:
        """`revoked`: tokens that were revoked before they expire. None if tokens cannot be revoked."""
        self._keys = keys
        self._issuer = issuer
        self._audience = audience
        self._clock = clock
        self._leeway = leeway.total_seconds()
        self._revoked = revoked
        self._remembered: dict[bytes, tuple[float, Principal, bytes]] = {}

    async def verify(self, token: str) -> Principal:
        """Return the principal of a valid token. Raises InvalidToken, and Unavailable while the issuer's keys cannot be read."""
        now = self._clock.now().timestamp()
        digest = sha256(token.encode("utf-8", "replace")).digest()
        known = self._remembered.get(digest)
        if known is not None and now < known[0]:
            self._refuse_revoked(known[2], now)
            return known[1]
        claims = await self._claims(token)
        ends = self._check(claims, now)
        principal, key = _principal(claims, self._issuer, ends), _revocation_key(token)
        self._refuse_revoked(key, now)
        self._remember(digest, min(ends, now + REMEMBERED_FOR.total_seconds()), principal, key)
        return principal

    async def revoke(self, token: str) -> None:
        """Revoke a valid token in all processes over the data folder. An invalid token is ignored. Raises Unavailable."""
        try:
            principal = await self.verify(token)
        except InvalidToken:
            return
        if self._revoked is not None and principal.expires_at is not None:
            now = self._clock.now().timestamp()
            await self._revoked.add(_revocation_key(token), until=principal.expires_at.timestamp(), now=now)

    def _refuse_revoked(self, key: bytes, now: float) -> None:
        if self._revoked is not None and self._revoked.has(key, now):
            raise InvalidToken

    async def _claims(self, token: str) -> Claims:
        if len(token) > TOKEN_LIMIT or not token.isascii():
            raise InvalidToken
        try:
            header = jws.extract_compact(token.encode()).protected
            if header.get("alg") not in ALGORITHMS:
                raise InvalidToken
            key = await self._keys.key(_text(header, "kid"))
            if key is None:
                raise InvalidToken
            return _decode(token, key)
        except (JoseError, ValueError, TypeError, RecursionError):  # RecursionError: JSON has no limit for nested brackets
            raise InvalidToken from None

    def _check(self, claims: Claims, now: float) -> float:
        """Return the expiry of the token in seconds since the epoch, leeway included."""
        audience = claims.get("aud")
        if claims.get("iss") != self._issuer or self._audience not in (audience if isinstance(audience, list) else [audience]):
            raise InvalidToken
        ends = _moment(claims, "exp")
        if now >= ends + self._leeway or any(now < _moment(claims, each) - self._leeway for each in ("nbf", "iat") if each in claims):
            raise InvalidToken
        return ends + self._leeway

    def _remember(self, digest: bytes, until: float, principal: Principal, key: bytes) -> None:
        self._remembered.pop(digest, None)
        while len(self._remembered) >= REMEMBERED:
            self._remembered.pop(next(iter(self._remembered)))
        self._remembered[digest] = until, principal, key


def _revocation_key(token: str) -> bytes:
    """Return the hash of the signed part. An ECDSA signature has a second valid form, but the signed part has one."""
    return sha256(token.rpartition(".")[0].encode()).digest()


def _decode(token: str, key: Key) -> Claims:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SecurityWarning)  # issuers still use the name EdDSA; the signature is the same
        return jwt.decode(token, key, algorithms=ALGORITHMS).claims


def _principal(claims: Claims, issuer: str, ends: float) -> Principal:
    named = claims.get("roles", claims.get("role", []))
    given = named if isinstance(named, list) else [named]
    subject = _text(claims, "sub") or ""
    if not subject.strip() or len(subject) > SUBJECT_LIMIT:
        raise InvalidToken
    return Principal(
        subject=subject,
        issuer=issuer,
        roles=frozenset(cast("Role", role) for role in given if isinstance(role, str) and role in ROLES),
        region=(_text(claims, "region") or "").strip() if "region" in claims else None,
        provider_id=_optional_uuid(claims, "provider_id"),
        name=(_text(claims, "name") or "").strip() or None,
        expires_at=datetime.fromtimestamp(min(ends, LATEST), UTC),
    )


def _moment(claims: Claims, claim: str) -> float:
    """Return the claim in seconds since the epoch (RFC 7519 §2: NumericDate). Raises InvalidToken outside the years 1970 to 9999."""
    value = claims.get(claim)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= LATEST:  # NaN is in no range
        raise InvalidToken
    return float(value)


def _text(claims: Claims, claim: str) -> str | None:
    """Return the claim as text, None if it is missing. Raises InvalidToken for another type and for text that databases refuse."""
    value = claims.get(claim)
    if value is None:
        return None
    if not isinstance(value, str) or "\0" in value:
        raise InvalidToken
    try:
        value.encode()  # fails only on a lone surrogate
    except UnicodeEncodeError:
        raise InvalidToken from None
    return value


def _optional_uuid(claims: Claims, claim: str) -> UUID | None:
    text = _text(claims, claim)
    try:
        return UUID(text) if text else None
    except ValueError:
        raise InvalidToken from None
