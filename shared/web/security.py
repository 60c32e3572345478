"""Security headers of all responses, and the origin check of form posts."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

OWN_FORMS: Final = "form-action 'self'"
CSP: Final = f"default-src 'self'; frame-ancestors 'none'; base-uri 'none'; {OWN_FORMS}; object-src 'none'"
HEADERS: Final = {
    "content-security-policy": CSP,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "cache-control": "no-store",  # a response may contain personal data unless it says otherwise
}
_RAW: Final = [(name.encode(), value.encode()) for name, value in HEADERS.items()]
_RAW_OVER_TLS: Final = [*_RAW, (b"strict-transport-security", b"max-age=31536000")]  # a year; RFC 6797 §7.2: never over plain HTTP


class SecurityHeaders:
    """ASGI middleware that adds those of HEADERS that the response does not have.

    Redirects for a missing or extra trailing slash become relative to the origin: the scheme and host seen here may be a proxy's,
    and the request must not be repeated over plain HTTP.
    """

    def __init__(self, app: ASGIApp, form_targets: Sequence[str] = ()) -> None:
        """`form_targets`: further origins to which a form may lead, such as the identity provider at which a session ends."""
        self.app = app
        self._form_action = " ".join([OWN_FORMS, *form_targets]).encode() if form_targets else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        added = _RAW_OVER_TLS if scope.get("scheme") == "https" else _RAW

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = message.setdefault("headers", [])
                if message["status"] == HTTPStatus.TEMPORARY_REDIRECT:  # the router's slash redirect
                    headers = [_without_origin(*pair) for pair in headers]
                present = {name for name, _ in headers}
                message["headers"] = self._with_targets([*headers, *(pair for pair in added if pair[0] not in present)])
            await send(message)

        await self.app(scope, receive, send_with_headers)

    def _with_targets(self, headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        if self._form_action is None:
            return headers
        own, wider = OWN_FORMS.encode(), self._form_action
        return [(name, value.replace(own, wider) if name == b"content-security-policy" else value) for name, value in headers]


def _without_origin(name: bytes, value: bytes) -> tuple[bytes, bytes]:
    if name != b"location":
        return name, value
    _, _, path, query, _ = urlsplit(value.decode("latin-1"))
    return name, urlunsplit(("", "", path, query, "")).encode("latin-1")


def add_security_headers(headers: MutableHeaders) -> None:
    """Add the same headers to a response that is sent outside the middleware, such as that of an unexpected error."""
    for name, value in HEADERS.items():
        headers.setdefault(name, value)


def _is_own(sent: str, request: Request) -> bool:
    """Return whether the origin is this one. Over TLS a page loaded without TLS is foreign: it may have been changed on the way."""
    try:
        origin = urlsplit(sent)
    except ValueError:  # such as `http://[`
        return False
    over_tls = request.url.scheme == "https"
    return origin.netloc == request.headers.get("host") and (not over_tls or origin.scheme == "https")


async def require_same_origin(request: Request) -> None:
    """Dependency of every form post: refuses a post from another site with 403.

    Browsers state the origin of a post in `Sec-Fetch-Site` or, older ones, in `Origin`. A client that sends neither is not a
    browser and does not send a person's cookie unasked.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        allowed = site in {"same-origin", "none"}
    else:
        origin = request.headers.get("origin")
        allowed = origin is None or _is_own(origin, request)
    if not allowed:
        raise HTTPException(403, "cross-site-form")
