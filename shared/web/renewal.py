"""ASGI middleware that keeps page sessions of an OIDC provider alive while their pages are used."""

from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.auth.page_sessions import PageSessions, Renewal
from shared.errors import Unavailable, error_response
from shared.web.session import COOKIE, REFRESH_COOKIE, set_cookies

_MARK: Final = f"{REFRESH_COOKIE}=".encode()
_REPLACED: Final = frozenset({COOKIE.encode(), REFRESH_COOKIE.encode()})
NO_PAGES: Final = ("/v1/", "/internal/", "/static/", "/health/")
"""Parts of the paths of requests that read no page session."""
ENDS_SESSIONS: Final = ("/sign-in", "/sign-out")


class RenewPageSessions:
    """Refreshes the access token of a page request shortly before it expires, and sets the new cookies with the response.

    The sessions are the application's `state.parts.page_sessions`; None: this middleware changes nothing.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        sessions = _sessions(scope)
        if sessions is None:
            await self.app(scope, receive, send)
            return
        try:
            renewal = await sessions.renewed(HTTPConnection(scope))
        except Unavailable as error:  # better than a page of a stranger: a form that was sent is not lost, it can be sent again
            await (await error_response(Request(_with_session(scope, None), receive), error))(scope, receive, send)
            return
        if renewal is None:
            await self.app(scope, receive, send)
            return
        await self.app(_with_session(scope, renewal.access_token), receive, _sets(renewal, send, secure=scope["scheme"] == "https"))


def _sessions(scope: Scope) -> PageSessions | None:
    if scope["type"] != "http" or not any(name == b"cookie" and _MARK in value for name, value in scope["headers"]):
        return None
    path = scope["path"]
    if path.startswith(ENDS_SESSIONS) or any(part in path for part in NO_PAGES):
        return None
    parts = getattr(scope["app"].state, "parts", None)
    sessions: PageSessions | None = getattr(parts, "page_sessions", None)
    return sessions


def _with_session(scope: Scope, token: str | None) -> Scope:
    """Return the request with another access token, or with none."""
    pairs = [pair for name, value in scope["headers"] if name == b"cookie" for pair in value.split(b";")]
    kept = [pair for pair in pairs if pair.partition(b"=")[0].strip() not in _REPLACED]
    cookies = b";".join([*kept, *([f"{COOKIE}={token}".encode()] if token else [])])
    return {**scope, "headers": [*(pair for pair in scope["headers"] if pair[0] != b"cookie"), (b"cookie", cookies)]}


def _sets(renewal: Renewal, send: Send, *, secure: bool) -> Send:
    """Return `send` that adds the cookies to the response, which no cache may store then."""
    carrier = Response()
    set_cookies(carrier, renewal.cookies, secure=secure)
    cookies = [pair for pair in carrier.raw_headers if pair[0] == b"set-cookie"]

    async def send_with_cookies(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(raw=list(message.get("headers", ())))
            headers["cache-control"] = "no-store"
            message = {**message, "headers": [*headers.raw, *cookies]}
        await send(message)

    return send_with_cookies
