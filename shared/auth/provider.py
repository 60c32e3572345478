"""The OIDC provider that people sign in at: authorization code flow with PKCE, refresh, and logout in both directions."""

import base64
import secrets
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, NamedTuple
from urllib.parse import urlencode

import httpx
import structlog
from pydantic import BaseModel, Field, JsonValue, ValidationError

from shared.auth.answers import ask
from shared.auth.keys import KeySource
from shared.auth.tokens import LEEWAY, InvalidToken, check_times, is_for, moment, signed_claims, text_of
from shared.clock import Clock
from shared.errors import Unavailable

CHECK_TIMEOUT: Final = 2.0  # seconds
ANSWERS_FOR: Final = 10.0  # seconds
INVALID_GRANT: Final = "invalid_grant"  # RFC 6749 §5.2
LOGOUT_EVENT: Final = "http://schemas.openid.net/event/backchannel-logout"
LOGOUT_LIFE: Final = 600.0  # seconds between issue and expiry of a logout token; its id is remembered as long
ID_LIMIT: Final = 200  # characters of a session's, a subject's or a token's id

log = structlog.get_logger("auth")


class SignInExpired(Exception):
    """The provider does not accept the code, or its answer does not belong to this sign-in. The person has to begin again."""


class SessionEnded(Exception):
    """The provider no longer refreshes this session."""


class InvalidLogoutToken(Exception):
    """A logout token that ends nothing (OpenID Connect Back-Channel Logout 1.0 §2.6)."""


class Attempt(BaseModel):
    """A sign-in that the provider has not answered yet. The browser holds it in a sealed cookie."""

    state: str
    nonce: str
    verifier: str
    """The secret of PKCE (RFC 7636)."""
    next: str
    """The page to open afterwards."""
    began: float
    """Seconds since the epoch."""

    @classmethod
    def begin(cls, target: str, now: float) -> "Attempt":
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        return cls(state=state, nonce=nonce, verifier=verifier, next=target, began=now)

    @property
    def challenge(self) -> str:
        return base64.urlsafe_b64encode(sha256(self.verifier.encode()).digest()).rstrip(b"=").decode()


class Granted(BaseModel):
    """The provider's answer to a code or a refresh token."""

    access_token: str = Field(min_length=1)
    expires_in: int = Field(default=60, ge=0)
    refresh_token: str | None = None
    refresh_expires_in: int | None = None
    id_token: str | None = None


class _Refusal(BaseModel):
    """An error of the token endpoint (RFC 6749 §5.2)."""

    error: str


class Holder(NamedTuple):
    """Whom an ID token names: the subject, and the session at the provider if the token says it."""

    subject: str
    session: str | None


class Logout(NamedTuple):
    """What a logout token ends: a session, or all sessions of a subject that began before `at`."""

    token_id: str
    session: str | None
    subject: str | None
    at: float
    """Seconds since the epoch, by the provider's clock."""


@dataclass(frozen=True)
class ProviderAddresses:
    """The client of the pages, and the provider's addresses. `authorization` and `end_session` are opened by browsers."""

    issuer: str
    client_id: str
    client_secret: str
    authorization: str
    token: str
    end_session: str
    pages: str
    """Where browsers reach the pages."""

    @property
    def redirect_uri(self) -> str:
        return f"{self.pages}/sign-in/callback"

    @property
    def signed_out_uri(self) -> str:
        return f"{self.pages}/signed-out"


class OidcProvider:
    """The provider as the client of the pages sees it."""

    def __init__(self, client: httpx.AsyncClient, addresses: ProviderAddresses, keys: KeySource, clock: Clock) -> None:
        self.addresses = addresses
        self._client = client
        self._keys = keys
        self._clock = clock
        self._answered_at = 0.0
        self._auth = httpx.BasicAuth(addresses.client_id, addresses.client_secret)

    def authorization_url(self, attempt: Attempt, language: str) -> str:
        """Return the address at which the person signs in. `language`: the preferred one of the provider's pages."""
        query = {
            "response_type": "code",
            "client_id": self.addresses.client_id,
            "redirect_uri": self.addresses.redirect_uri,
            "scope": "openid",
            "state": attempt.state,
            "nonce": attempt.nonce,
            "code_challenge": attempt.challenge,
            "code_challenge_method": "S256",
            "ui_locales": language,
        }
        return f"{self.addresses.authorization}?{urlencode(query)}"

    async def answers(self) -> bool:
        """Return whether the provider answers, asked at most once in a few seconds. Then a sign-in can be completed as well."""
        now = self._clock.now().timestamp()
        if not 0 <= now - self._answered_at < ANSWERS_FOR:
            try:
                answer = await self._client.head(self.addresses.token, timeout=CHECK_TIMEOUT, follow_redirects=False)
            except httpx.HTTPError:
                return False
            if answer.is_server_error:
                return False
            self._answered_at = now
        return True

    def end_session_url(self, id_token: str | None, language: str) -> str:
        """Return the address at which the provider ends the session and sends the browser back (RP-Initiated Logout 1.0)."""
        query = {"client_id": self.addresses.client_id, "post_logout_redirect_uri": self.addresses.signed_out_uri, "ui_locales": language}
        hint = {"id_token_hint": id_token} if id_token else {}
        return f"{self.addresses.end_session}?{urlencode(query | hint)}"

    async def redeem(self, code: str, attempt: Attempt) -> tuple[Granted, Holder]:
        """Exchange a code for tokens, and return them with whom the ID token names.

        Raises SignInExpired, and Unavailable if the provider does not answer.
        """
        form = {"code": code, "redirect_uri": self.addresses.redirect_uri, "code_verifier": attempt.verifier}
        granted = await self._ask("authorization_code", form, SignInExpired)
        if not granted.id_token:
            raise SignInExpired
        return granted, await self._holder(granted.id_token, attempt.nonce)

    async def refresh(self, refresh_token: str) -> Granted:
        """Return new tokens of a session. Raises SessionEnded, and Unavailable if the provider does not answer."""
        return await self._ask("refresh_token", {"refresh_token": refresh_token}, SessionEnded)

    async def logout_of(self, logout_token: str) -> Logout:
        """Return what a logout token ends. Raises InvalidLogoutToken, and Unavailable while the provider's keys cannot be read."""
        try:
            claims = await signed_claims(logout_token, self._keys)
            now = self._clock.now().timestamp()
            ends, issued = check_times(claims, now, LEEWAY.total_seconds()), moment(claims, "iat")
            token_id, session, subject = (text_of(claims, name) for name in ("jti", "sid", "sub"))
        except InvalidToken:
            raise InvalidLogoutToken from None
        is_ours = claims.get("iss") == self.addresses.issuer and is_for(claims, self.addresses.client_id)
        is_logout = "nonce" not in claims and _is_logout(claims.get("events"))
        is_short = ends - LEEWAY.total_seconds() - issued <= LOGOUT_LIFE
        if not (is_ours and is_logout and is_short and token_id and (session or subject)):
            raise InvalidLogoutToken
        if any(each and len(each) > ID_LIMIT for each in (token_id, session, subject)):
            raise InvalidLogoutToken
        return Logout(token_id, session, subject, issued)

    async def _holder(self, id_token: str, nonce: str) -> Holder:
        """Return whom the ID token names, after the checks that it belongs to this sign-in (OpenID Connect Core 1.0 §3.1.3.7)."""
        try:
            claims = await signed_claims(id_token, self._keys, is_trusted=True)
            check_times(claims, self._clock.now().timestamp(), LEEWAY.total_seconds())
            subject, session = text_of(claims, "sub"), text_of(claims, "sid")
        except InvalidToken:
            raise SignInExpired from None
        own = self.addresses.client_id
        is_ours = claims.get("iss") == self.addresses.issuer and is_for(claims, own) and claims.get("azp", own) == own
        if not is_ours or claims.get("nonce") != nonce or not subject:
            raise SignInExpired
        return Holder(subject, session)

    async def _ask(self, grant: str, form: dict[str, str], refused: type[Exception]) -> Granted:
        try:
            given = {"grant_type": grant, **form}
            answer = await ask(self._client, "POST", self.addresses.token, data=given, auth=self._auth, follow_redirects=False)
        except httpx.HTTPError:
            raise Unavailable("The identity provider does not answer.") from None
        if _is_invalid_grant(answer):
            raise refused
        try:
            return Granted.model_validate_json(answer.raise_for_status().content)
        except (httpx.HTTPError, ValidationError):
            log.warning("provider-gave-no-token", action=grant, status=answer.status_code)  # such as a wrong secret of the client
            raise Unavailable("The identity provider gave no token.") from None


def _is_invalid_grant(answer: httpx.Response) -> bool:
    """Return whether the provider refuses the code or the refresh token. Any other error is about the client or the provider."""
    if answer.status_code != httpx.codes.BAD_REQUEST:
        return False
    try:
        return _Refusal.model_validate_json(answer.content).error == INVALID_GRANT
    except ValidationError:
        return False


def _is_logout(events: JsonValue) -> bool:
    return isinstance(events, dict) and isinstance(events.get(LOGOUT_EVENT), dict)
