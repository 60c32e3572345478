"""Error pages in the visitor's language: what happened and what to do next."""

from collections.abc import Mapping
from functools import cache
from typing import Final, NamedTuple

from starlette.requests import Request
from starlette.responses import HTMLResponse

from shared.web.doors import work_of
from shared.web.i18n import N_
from shared.web.pages import Pages, Viewer
from shared.web.security import add_security_headers


class _Trouble(NamedTuple):
    title: str
    advice: str


_UNREADABLE: Final = _Trouble(N_("We could not read this request"), N_("Go back, check what you entered and try again."))
_BROKEN: Final = _Trouble(
    N_("Something went wrong on our side"),
    N_("What you have already filed is kept. Try again in a few minutes. If it happens again, call 1414 and give the code below."),
)
_TROUBLES: Final = {
    401: _Trouble(N_("Please sign in"), N_("This page is for those who have signed in. Sign in and open it again.")),
    403: _Trouble(
        N_("This page is not open to you"),
        N_("Your role or region does not include it. Sign in as someone else, or ask your supervisor for access."),
    ),
    404: _Trouble(
        N_("There is no such page"),
        N_("Check the address. If you are looking for your appeal, open it with its number and PIN."),
    ),
    409: _Trouble(
        N_("Someone else has changed this meanwhile"),
        N_("Open the page again to see the present state, then repeat your action if it is still needed."),
    ),
    413: _Trouble(N_("The file is too large"), N_("Go back and choose a smaller file, or send the documents one by one.")),
    414: _Trouble(N_("The address is too long"), N_("Open the page from the menu and fill in its form there.")),
    421: _Trouble(
        N_("This address is not served here"),
        N_("Open Aryz under the address that you were given. On the machine where it runs that is http://localhost with its port."),
    ),
    422: _Trouble(N_("Some of the answers need correcting"), N_("Go back, check what you entered and try again.")),
    429: _Trouble(
        N_("Too many attempts"),
        N_("Wait a little and try again. Nothing you have filed is lost. Urgent matters: call 1414, free of charge, at any hour."),
    ),
    431: _Trouble(
        N_("Your browser sends too much with this request"),
        N_("Delete the cookies of this site in your browser's settings and open the page again. What you have filed is kept."),
    ),
    503: _Trouble(N_("We will be back in a moment"), N_("The service is starting or being looked after. Try again in a minute.")),
}


def html_error_response(request: Request, status: int, code: str, headers: Mapping[str, str] | None = None) -> HTMLResponse:
    """Return an error page. `code` is the stable code of the problem; `headers` (such as Retry-After) are added to the response."""
    trouble = _TROUBLES.get(status, _BROKEN if status >= 500 else _UNREADABLE)  # noqa: PLR2004 - RFC 9110: the server's fault from 500 on
    viewer: Viewer | None = getattr(request.state, "viewer", None)
    work = work_of(viewer.roles) if viewer else ()
    response = error_pages().render(
        request, "error.html", status, title=trouble.title, advice=trouble.advice, status_code=status, code=code, work=work
    )
    response.headers.update(headers or {})
    add_security_headers(response.headers)
    return response


def prefers_html(request: Request) -> bool:
    """Return whether the client prefers a page to a problem document: browsers accept text/html, API clients do not."""
    accepted = request.headers.get("accept", "")
    return "text/html" in accepted and not any(part in request.scope["path"] for part in ("/v1/", "/internal/"))


@cache
def error_pages() -> Pages:
    """Return the pages of errors. Their assets are served at `/static` of every application."""
    return Pages()
