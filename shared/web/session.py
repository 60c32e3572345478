"""The page session: the bearer token in a cookie that scripts cannot read and other sites cannot send with a post."""

from typing import Final

from starlette.requests import HTTPConnection
from starlette.responses import Response

COOKIE: Final = "aryz_session"


def session_token(request: HTTPConnection) -> str | None:
    """Return the token of the page session. `shared.auth` verifies it like any other."""
    return request.cookies.get(COOKIE) or None


def set_session(response: Response, token: str, max_age: int, *, secure: bool) -> None:
    """Store `token` in the cookie for `max_age` seconds. `secure` is `request.url.scheme == "https"`."""
    response.set_cookie(COOKIE, token, max_age=max_age, path="/", secure=secure, httponly=True, samesite="lax")


def clear_session(response: Response, *, secure: bool) -> None:
    """Delete the cookie. `TokenVerifier.revoke` revokes the token itself."""
    response.delete_cookie(COOKIE, path="/", secure=secure, httponly=True, samesite="lax")


def safe_next(target: str | None, default: str = "/") -> str:
    """Return a path of this origin to open after signing in. Any other target becomes `default` (no open redirect)."""
    if not target or not target.startswith("/") or target.startswith("//"):
        return default
    return default if any(sign in target for sign in "\\\r\n\t") else target
