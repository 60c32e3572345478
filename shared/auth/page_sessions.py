"""Page sessions of people who signed in at an OIDC provider.

The browser holds the access token, and the refresh token sealed with the keys of the installation. Every process refreshes the
access token before it expires, so that a changed role and a disabled person take effect within the life of one access token.
"""

import asyncio
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256
from typing import Final, NamedTuple, TypeVar

import structlog
from pydantic import BaseModel, ValidationError
from starlette.requests import HTTPConnection

from shared.auth.principal import Principal, identity_of
from shared.auth.provider import LOGOUT_LIFE, Attempt, Granted, InvalidLogoutToken, OidcProvider, SessionEnded, SignInExpired
from shared.auth.revocation import SESSION_LIMIT
from shared.auth.tokens import LEEWAY, InvalidToken, TokenVerifier
from shared.clock import Clock
from shared.errors import Unavailable
from shared.sealing import Pepper, Sealer, SealError
from shared.web.session import COOKIE as ACCESS_COOKIE
from shared.web.session import ENDED, IDENTITY_COOKIE, REFRESH_COOKIE, SIGN_OUT, SessionCookie, session_token

REFRESH_BEFORE: Final = 60.0  # seconds before expiry; a token that lives no longer is refreshed at every request
REMEMBERED_FOR: Final = 10.0  # seconds: requests of one page that carry the same refresh token share one refresh
REMEMBERED: Final = 10_000  # refreshes
RETRY_AFTER: Final = 5.0  # seconds in which a provider that did not answer is not asked again
ATTEMPT_LIFE: Final = 900  # seconds for signing in at the provider
ATTEMPT_COOKIE: Final = "aryz_sign_in_"
ATTEMPT_PATH: Final = "/sign-in"
CODE_LIMIT: Final = 4_000  # characters
TARGET_LIMIT: Final = 1_000  # bytes of the page to come back to; a longer one is opened without its query, or not at all
ATTEMPTS: Final = 5  # sign-ins that one browser may have open, in as many tabs
COOKIE_LIMIT: Final = 4_000  # bytes; browsers drop a cookie above 4096 with its name and attributes
TABLE: Final = "page-session"

log = structlog.get_logger("sign-in")
M = TypeVar("M", bound=BaseModel)


class _Refresh(BaseModel):
    """The content of the sealed refresh cookie."""

    token: str
    subject: str
    session: str
    """The provider's id of the session, otherwise one of our own."""
    began: float
    """Seconds since the epoch."""


class Renewal(NamedTuple):
    """What a request changes of its session: a new access token, None if the session has ended, and the cookies to set."""

    access_token: str | None
    cookies: tuple[SessionCookie, ...]


class SignedIn(NamedTuple):
    """A completed sign-in: the person, the page to open and the cookies to set."""

    principal: Principal
    next: str
    cookies: tuple[SessionCookie, ...]


class PageSessions:
    """Begins, refreshes and ends page sessions. One object per process."""

    def __init__(self, provider: OidcProvider, tokens: TokenVerifier, sealer: Sealer, pepper: Pepper, clock: Clock) -> None:
        self.provider = provider
        self._tokens = tokens
        self._sealer = sealer
        self._pepper = pepper
        self._clock = clock
        self._refreshes: dict[bytes, tuple[float, asyncio.Task[Granted]]] = {}
        self._down_until = 0.0

    def begin(self, target: str, browser: HTTPConnection) -> tuple[Attempt, tuple[SessionCookie, ...]]:
        """Return a new sign-in and the cookies to set. The oldest attempts of a browser that opened too many are dropped."""
        attempt = Attempt.begin(_short(target), self._now())
        sealed = self._sealed("attempt", attempt.state, attempt)
        open_attempts = [name for name in browser.cookies if name.startswith(ATTEMPT_COOKIE)]
        dropped = open_attempts[: max(0, len(open_attempts) - ATTEMPTS + 1)]
        return attempt, (
            *(SessionCookie(name, "", 0, ATTEMPT_PATH) for name in dropped),
            SessionCookie(_attempt_cookie(attempt.state), sealed, ATTEMPT_LIFE, ATTEMPT_PATH),
        )

    def attempt_of(self, browser: HTTPConnection, state: str) -> Attempt | None:
        """Return the sign-in that this browser began with `state`, None if there is none or it is too old."""
        attempt = self._opened("attempt", state, browser.cookies.get(_attempt_cookie(state)), Attempt)
        is_open = attempt and -LEEWAY.total_seconds() <= self._now() - attempt.began <= ATTEMPT_LIFE  # another process may have begun it
        return attempt if is_open else None

    async def complete(self, attempt: Attempt, code: str) -> SignedIn:
        """Exchange the code. Raises SignInExpired, and Unavailable if the provider does not answer."""
        if not 0 < len(code) <= CODE_LIMIT:
            raise SignInExpired
        granted, holder = await self.provider.redeem(code, attempt)
        try:
            principal = await self._tokens.verify(granted.access_token, is_trusted=True)
        except InvalidToken:
            log.error("access-token-refused", reason="docs/operations/sign-in.md")  # noqa: TRY400 - issuer, audience, time or a claim is wrong
            raise SignInExpired from None
        if holder.subject != principal.subject:
            raise SignInExpired
        session = holder.session or secrets.token_urlsafe(16)
        cookies = self._cookies(granted, principal.subject, session, self._now())
        if granted.id_token:
            sealed = self._sealed_text("id-token", granted.id_token)
            cookies = (*cookies, _cookie(IDENTITY_COOKIE, sealed, int(SESSION_LIMIT.total_seconds()), SIGN_OUT))
        self._record("signed-in", principal)
        return SignedIn(principal, attempt.next, (*cookies, SessionCookie(_attempt_cookie(attempt.state), "", 0, ATTEMPT_PATH)))

    async def renewed(self, browser: HTTPConnection) -> Renewal | None:
        """Return what has to change of the session of a request, None if nothing has to.

        Raises Unavailable if the access token has expired and the provider does not answer.
        """
        sealed = browser.cookies.get(REFRESH_COOKIE)
        if not sealed:
            return None
        stored = self._opened("refresh", "", sealed, _Refresh)
        if stored is None or self._is_over(stored):
            return Renewal(None, ENDED)
        current = await self._current(session_token(browser))
        if current is not None and not self._is_due(current):
            return None
        return await self._renew(stored, current)

    async def _renew(self, stored: _Refresh, current: Principal | None) -> Renewal | None:
        try:
            granted = await self._refreshed(stored.token)
            principal = await self._tokens.verify(granted.access_token, is_trusted=True)
        except (SessionEnded, InvalidToken) as error:
            # Where each refresh token counts once, another process may just have used this one: its cookies are on their way.
            if isinstance(error, SessionEnded) and current is not None and not self._has_expired(current):
                return None
            log.info("session-ended", pseudonym=self._pseudonym(stored.subject))
            return Renewal(None, ENDED)
        except Unavailable:
            if current is not None:
                return None
            raise
        if principal.subject != stored.subject or self._is_over(stored):  # the person may have signed out meanwhile
            return Renewal(None, ENDED)
        kept = granted if granted.refresh_token else granted.model_copy(update={"refresh_token": stored.token})
        return Renewal(granted.access_token, self._cookies(kept, stored.subject, stored.session, stored.began))

    async def sign_out(self, browser: HTTPConnection, language: str) -> str:
        """End the session in all processes over the data folder; return where the provider ends its own. Raises Unavailable."""
        stored = self._opened("refresh", "", browser.cookies.get(REFRESH_COOKIE), _Refresh)
        if stored:
            await self._tokens.end_session(stored.session)
        token = session_token(browser)
        if token:
            await self._tokens.revoke(token)
        if stored:
            log.info("signed-out", pseudonym=self._pseudonym(stored.subject))
        id_token = self._opened_text("id-token", browser.cookies.get(IDENTITY_COOKIE))
        return self.provider.end_session_url(id_token, language)

    async def end_by_provider(self, logout_token: str) -> None:
        """End what a logout token names. Raises InvalidLogoutToken, and Unavailable."""
        logout = await self.provider.logout_of(logout_token)
        if self._tokens.was_used(logout.token_id):
            raise InvalidLogoutToken
        if logout.session:
            await self._tokens.end_session(logout.session)
        elif logout.subject:
            await self._tokens.end_sessions_of(logout.subject, logout.at)
        await self._tokens.mark_used(logout.token_id, logout.at + 2 * LOGOUT_LIFE)  # last: after a failure the provider tries again
        log.info("session-ended-by-provider", pseudonym=self._pseudonym(logout.subject) if logout.subject else None)

    def _now(self) -> float:
        return self._clock.now().timestamp()

    def _is_over(self, stored: _Refresh) -> bool:
        has_ended = self._tokens.has_ended(stored.session, stored.subject, stored.began)
        return has_ended or self._now() - stored.began > SESSION_LIMIT.total_seconds()

    async def _current(self, token: str | None) -> Principal | None:
        try:
            return await self._tokens.verify(token) if token else None
        except InvalidToken:
            return None

    def _is_due(self, principal: Principal) -> bool:
        ends = principal.expires_at
        return ends is None or (ends - self._tokens.leeway).timestamp() - REFRESH_BEFORE <= self._now()

    def _has_expired(self, principal: Principal) -> bool:
        ends = principal.expires_at
        return ends is None or (ends - self._tokens.leeway).timestamp() <= self._now()

    async def _refreshed(self, refresh_token: str) -> Granted:
        """Refresh once for all requests that carry this token now. Raises SessionEnded and Unavailable."""
        now = self._now()
        if now < self._down_until:
            raise Unavailable("The identity provider does not answer.")
        key = sha256(refresh_token.encode()).digest()
        began, task = self._refreshes.get(key, (0.0, None))
        if task is None or not 0 <= now - began <= REMEMBERED_FOR:
            self._purge(now)
            task = asyncio.create_task(self.provider.refresh(refresh_token))
            self._refreshes[key] = now, task
        try:
            return await asyncio.shield(task)  # a browser that goes away must not stop the others
        except Unavailable:
            self._refreshes.pop(key, None)
            self._down_until = self._now() + RETRY_AFTER
            raise

    def _purge(self, now: float) -> None:
        if len(self._refreshes) >= REMEMBERED:
            self._refreshes.clear()
        for key in [key for key, (began, _) in self._refreshes.items() if not 0 <= now - began <= REMEMBERED_FOR]:
            del self._refreshes[key]

    def _cookies(self, granted: Granted, subject: str, session: str, began: float) -> tuple[SessionCookie, ...]:
        left = int(began + SESSION_LIMIT.total_seconds() - self._now())
        access = _cookie(ACCESS_COOKIE, granted.access_token, min(granted.expires_in + int(self._tokens.leeway.total_seconds()), left))
        if not granted.refresh_token:
            return access, SessionCookie(REFRESH_COOKIE, "", 0)  # there may be one of the person who was signed in before
        stored = _Refresh(token=granted.refresh_token, subject=subject, session=session, began=began)
        return access, _cookie(REFRESH_COOKIE, self._sealed("refresh", "", stored), min(granted.refresh_expires_in or left, left))

    def _record(self, event: str, principal: Principal) -> None:
        log.info(event, pseudonym=self._pseudonym(principal.subject), role=principal.role, region=principal.region)

    def _pseudonym(self, subject: str) -> str:
        """Return a pseudonym of a person: the same in every line, and meaningless without the keys."""
        identity = identity_of(self.provider.addresses.issuer, subject)
        return self._pepper.keyed_hmac("sign-in log", identity.encode()).hex()[:16]

    def _sealed(self, field: str, row: str, content: BaseModel) -> str:
        return self._sealed_text(field, content.model_dump_json(), row)

    def _sealed_text(self, field: str, text: str, row: str = "") -> str:
        return urlsafe_b64encode(self._sealer.seal(TABLE, row, field, text.encode())).rstrip(b"=").decode()

    def _opened(self, field: str, row: str, sealed: str | None, model: type[M]) -> M | None:
        text = self._opened_text(field, sealed, row)
        try:
            return model.model_validate_json(text) if text else None
        except ValidationError:
            return None

    def _opened_text(self, field: str, sealed: str | None, row: str = "") -> str | None:
        if not sealed or not sealed.isascii():
            return None
        try:
            return self._sealer.open(TABLE, row, field, urlsafe_b64decode(sealed + "=" * (-len(sealed) % 4))).decode()
        except (ValueError, SealError):
            return None


def _short(target: str) -> str:
    path = target.partition("?")[0]
    return next((each for each in (target, path) if len(each.encode()) <= TARGET_LIMIT), "/")


def _cookie(name: str, value: str, max_age: int, path: str = "/") -> SessionCookie:
    """Return the cookie, or its deletion if a browser would not store the value: the browser would go on sending the former one."""
    if len(value) <= COOKIE_LIMIT:
        return SessionCookie(name, value, max_age, path)
    log.error("the provider's token is too long for a cookie", cookie=name, length=len(value))
    return SessionCookie(name, "", 0, path)


def _attempt_cookie(state: str) -> str:
    return ATTEMPT_COOKIE + sha256(state.encode("utf-8", "replace")).hexdigest()[:12]
