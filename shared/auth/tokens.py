"""Verification of bearer tokens: signed JWTs, checked by signature, issuer, audience and time, as `Principal`."""

import warnings
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Final, NamedTuple
from uuid import UUID

import structlog
from joserfc import jws, jwt
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import Key

from shared.auth.claims import ClaimMapping, Claims, claim_mapping, first_of
from shared.auth.keys import KeySource
from shared.auth.principal import Principal
from shared.auth.revocation import SESSION_LIMIT, RevokedTokens
from shared.clock import Clock
from shared.errors import Unauthorized

ALGORITHMS: Final = frozenset({"ES256", "RS256", "Ed25519", "EdDSA"})  # EdDSA is the former name of Ed25519 (RFC 9864)
TOKEN_LIMIT = 8_192  # characters; servers refuse longer headers as well
SUBJECT_LIMIT = 200
LATEST: Final = datetime.max.replace(tzinfo=UTC).timestamp() - 1  # the end of the year 9999
REMEMBERED = 10_000  # tokens, about 5 MB
REMEMBERED_FOR = timedelta(minutes=5)  # a withdrawn key is therefore rejected within this time plus `keys.MAX_AGE`
LEEWAY = timedelta(seconds=60)  # how far the clocks of issuer and verifier may differ
SERVICE_LIFE = timedelta(minutes=5)  # a client that the provider has revoked is out after this time

log = structlog.get_logger("auth")


class InvalidToken(Unauthorized):
    """The token is invalid, expired or revoked. The response does not say which."""

    code, title = "invalid-token", "The bearer token is not valid."

    def __init__(self) -> None:
        super().__init__()
        self.headers["WWW-Authenticate"] = 'Bearer error="invalid_token"'


class _Revocable(NamedTuple):
    """By what a token can be revoked: hashes of its signed part, its session and its subject, and when it was issued."""

    token: bytes
    session: bytes | None
    subject: bytes
    issued: float


class TokenVerifier:
    """Verifies the tokens of one issuer for one audience. A token that was seen before costs a hash and a look-up."""

    def __init__(
        self,
        keys: KeySource,
        *,
        issuer: str,
        audience: str,
        clock: Clock,
        leeway: timedelta = LEEWAY,
        revoked: RevokedTokens | None = None,
        mapping: ClaimMapping | None = None,
        service_life: timedelta | None = None,
    ) -> None:
        """Verify with `keys`.

        `revoked`: tokens and sessions that ended before they expire. None if tokens cannot be revoked.
        `service_life`: tokens of services that live longer are refused. None: any lifetime.
        """
        self._keys = keys
        self._issuer = issuer
        self._audience = audience
        self._clock = clock
        self._leeway = leeway.total_seconds()
        self._revoked = revoked
        self._mapping = mapping or claim_mapping()
        self._service_life = service_life.total_seconds() if service_life else None
        self._remembered: dict[bytes, tuple[float, Principal, _Revocable]] = {}

    async def verify(self, token: str, *, is_trusted: bool = False) -> Principal:
        """Return the principal of a valid token. Raises InvalidToken, and Unavailable while the issuer's keys cannot be read.

        `is_trusted`: the token comes from the issuer itself.
        """
        now = self._clock.now().timestamp()
        digest = sha256(token.encode("utf-8", "replace")).digest()
        known = self._remembered.get(digest)
        if known is not None and now < known[0]:
            self._refuse_revoked(known[2], now)
            return known[1]
        claims = await signed_claims(token, self._keys, is_trusted=is_trusted)
        ends = self._check(claims, now)
        principal, revocable = self._principal(claims, ends), self._revocable(token, claims)
        self._refuse_long_service(principal, claims, ends)
        self._refuse_revoked(revocable, now)
        self._remember(digest, min(ends, now + REMEMBERED_FOR.total_seconds()), principal, revocable)
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

    async def end_session(self, session: str) -> None:
        """Refuse all tokens of a session of the provider from now on. Raises Unavailable."""
        if self._revoked is not None:
            now = self._clock.now().timestamp()
            await self._revoked.add(session_key(self._issuer, session), until=now + SESSION_LIMIT.total_seconds(), now=now)

    async def end_sessions_of(self, subject: str, at: float) -> None:
        """Refuse all tokens of a subject that were issued up to `at`, in seconds since the epoch. Raises Unavailable."""
        if self._revoked is not None:
            await self._revoked.end_all(subject_key(self._issuer, subject), ended=at, now=self._clock.now().timestamp())

    def was_used(self, token_id: str) -> bool:
        """Return whether a token that may be used once was used."""
        return self._revoked is not None and self._revoked.has(once_key(self._issuer, token_id), self._clock.now().timestamp())

    async def mark_used(self, token_id: str, until: float) -> None:
        """Remember a token that may be used once until it expires. Raises Unavailable."""
        if self._revoked is not None:
            await self._revoked.add(once_key(self._issuer, token_id), until=until, now=self._clock.now().timestamp())

    def has_ended(self, session: str, subject: str, began: float) -> bool:
        """Return whether a session has ended, or all sessions of its subject that began when it did."""
        if self._revoked is None:
            return False
        now = self._clock.now().timestamp()
        is_ended = self._revoked.has(session_key(self._issuer, session), now)
        return is_ended or self._revoked.is_before_end(subject_key(self._issuer, subject), began, now)

    @property
    def leeway(self) -> timedelta:
        """How long after its expiry a token is accepted."""
        return timedelta(seconds=self._leeway)

    def _refuse_revoked(self, revocable: _Revocable, now: float) -> None:
        if self._revoked is None:
            return
        if self._revoked.has(revocable.token, now) or (revocable.session is not None and self._revoked.has(revocable.session, now)):
            raise InvalidToken
        if self._revoked.is_before_end(revocable.subject, revocable.issued, now):
            raise InvalidToken

    def _refuse_long_service(self, principal: Principal, claims: Claims, ends: float) -> None:
        if self._service_life is None or not principal.has("service"):
            return
        if ends - self._leeway - moment(claims, "iat") > self._service_life:
            log.warning("service-token-lives-too-long", service=principal.subject)  # the provider's settings have to be mended
            raise InvalidToken

    def _check(self, claims: Claims, now: float) -> float:
        """Return the expiry of the token in seconds since the epoch, leeway included."""
        if claims.get("iss") != self._issuer or not is_for(claims, self._audience):
            raise InvalidToken
        return check_times(claims, now, self._leeway)

    def _remember(self, digest: bytes, until: float, principal: Principal, revocable: _Revocable) -> None:
        self._remembered.pop(digest, None)
        while len(self._remembered) >= REMEMBERED:
            self._remembered.pop(next(iter(self._remembered)))
        self._remembered[digest] = until, principal, revocable

    def _revocable(self, token: str, claims: Claims) -> _Revocable:
        session = text_of(claims, "sid")
        return _Revocable(
            _revocation_key(token),
            session_key(self._issuer, session) if session else None,
            subject_key(self._issuer, text_of(claims, "sub") or ""),
            moment(claims, "iat") if "iat" in claims else 0.0,
        )

    def _principal(self, claims: Claims, ends: float) -> Principal:
        paths = self._mapping.claims
        subject = text_of(claims, "sub") or ""
        if not subject.strip() or len(subject) > SUBJECT_LIMIT:
            raise InvalidToken
        has_region, region = first_of(claims, paths.region)
        return Principal(
            subject=subject,
            issuer=self._issuer,
            roles=self._mapping.roles_of(claims),
            region=(_text(region) or "").strip() if has_region else None,
            provider_id=_optional_uuid(_text(first_of(claims, paths.provider_id)[1])),
            name=(_text(first_of(claims, paths.name)[1]) or "").strip() or None,
            expires_at=datetime.fromtimestamp(min(ends, LATEST), UTC),
        )


async def signed_claims(token: str, keys: KeySource, *, is_trusted: bool = False) -> Claims:
    """Return the claims of a token with a valid signature; nothing else is checked. Raises InvalidToken and Unavailable."""
    if len(token) > TOKEN_LIMIT or not token.isascii():
        raise InvalidToken
    try:
        header = jws.extract_compact(token.encode()).protected
        if not isinstance(header, dict) or header.get("alg") not in ALGORITHMS:  # joserfc takes any JSON that contains "alg"
            raise InvalidToken
        key = await keys.key(text_of(header, "kid"), is_trusted=is_trusted)
        if key is None:
            raise InvalidToken
        return _decode(token, key)
    except (JoseError, ValueError, TypeError, RecursionError):  # RecursionError: JSON has no limit for nested brackets
        raise InvalidToken from None


def check_times(claims: Claims, now: float, leeway: float) -> float:
    """Return the expiry in seconds since the epoch, leeway included. Raises InvalidToken outside the token's time."""
    ends = moment(claims, "exp")
    if now > ends + leeway or any(now < moment(claims, each) - leeway for each in ("nbf", "iat") if each in claims):
        raise InvalidToken
    return ends + leeway


def is_for(claims: Claims, audience: str) -> bool:
    """Return whether the token names the audience."""
    named = claims.get("aud")
    return audience in (named if isinstance(named, list) else [named])


def session_key(issuer: str, session: str) -> bytes:
    """Return the hash by which an ended session of the provider is remembered."""
    return sha256(f"session\n{issuer}\n{session}".encode()).digest()


def subject_key(issuer: str, subject: str) -> bytes:
    """Return the hash by which the end of all sessions of a subject is remembered."""
    return sha256(f"subject\n{issuer}\n{subject}".encode()).digest()


def once_key(issuer: str, token_id: str) -> bytes:
    """Return the hash by which a token that was used is remembered."""
    return sha256(f"once\n{issuer}\n{token_id}".encode()).digest()


def _revocation_key(token: str) -> bytes:
    """Return the hash of the signed part. An ECDSA signature has a second valid form, but the signed part has one."""
    return sha256(token.rpartition(".")[0].encode()).digest()


def _decode(token: str, key: Key) -> Claims:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SecurityWarning)  # issuers still use the name EdDSA; the signature is the same
        return jwt.decode(token, key, algorithms=ALGORITHMS).claims


def moment(claims: Claims, claim: str) -> float:
    """Return the claim in seconds since the epoch (RFC 7519 §2: NumericDate). Raises InvalidToken outside the years 1970 to 9999."""
    value = claims.get(claim)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= LATEST:  # NaN is in no range
        raise InvalidToken
    return float(value)


def text_of(claims: Claims, claim: str) -> str | None:
    """Return the claim as text, None if it is missing. Raises InvalidToken for another type and for text that databases refuse."""
    return _text(claims.get(claim))


def _text(value: object) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or "\0" in value:
        raise InvalidToken
    try:
        value.encode()  # fails only on a lone surrogate
    except UnicodeEncodeError:
        raise InvalidToken from None
    return value


def _optional_uuid(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        raise InvalidToken from None
