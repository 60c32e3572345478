"""The page session: the bearer token in a cookie that scripts cannot read and other sites cannot send with a post."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from starlette.requests import HTTPConnection
from starlette.responses import Response

COOKIE: Final = "aryz_session"
REFRESH_COOKIE: Final = "aryz_refresh"
"""The provider's refresh token, sealed. Only with an OIDC provider."""
IDENTITY_COOKIE: Final = "aryz_identity"
"""The provider's ID token, sealed, which signing out shows to the provider."""
SIGN_OUT: Final = "/sign-out"


class SessionCookie(NamedTuple):
    """A cookie to be set for `max_age` seconds, or deleted with 0."""

    name: str
    value: str
    max_age: int
    path: str = "/"


ENDED: Final = (SessionCookie(COOKIE, "", 0), SessionCookie(REFRESH_COOKIE, "", 0), SessionCookie(IDENTITY_COOKIE, "", 0, SIGN_OUT))
"""The cookies of a session that has ended."""


def session_token(request: HTTPConnection) -> str | None:
    """Return the token of the page session. `shared.auth` verifies it like any other."""
    return request.cookies.get(COOKIE) or None


def set_session(response: Response, token: str, max_age: int, *, secure: bool) -> None:
    """Store `token` in the cookie for `max_age` seconds. `secure` is `request.url.scheme == "https"`."""
    set_cookies(response, [SessionCookie(COOKIE, token, max_age)], secure=secure)


def clear_session(response: Response, *, secure: bool) -> None:
    """Delete the cookies of the session. `TokenVerifier.revoke` revokes the token itself."""
    set_cookies(response, [ENDED[0]], secure=secure)


def set_cookies(response: Response, cookies: Sequence[SessionCookie], *, secure: bool) -> None:
    """Set or delete cookies of the session."""
    for each in cookies:
        response.set_cookie(each.name, each.value, max_age=each.max_age, path=each.path, secure=secure, httponly=True, samesite="lax")


def safe_next(target: str | None, default: str = "/") -> str:
    """Return a path of this origin to open after signing in. Any other target becomes `default` (no open redirect)."""
    if not target or not target.startswith("/") or target.startswith("//"):
        return default
    return target if target.isprintable() and "\\" not in target else default  # browsers drop tabs and line ends
