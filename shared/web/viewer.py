"""The signed-in person in the top bar of every page."""

from collections.abc import Mapping
from functools import cache

import structlog
from starlette.requests import Request

from shared.auth import PagePrincipalDep, Principal, page_principal
from shared.domain.labels import Label, Language
from shared.domain.regions import regions
from shared.domain.tables import Row, table
from shared.errors import DomainError
from shared.web.languages import language_of
from shared.web.pages import Viewer
from shared.web.session import session_token

log = structlog.get_logger("viewer")


@cache
def role_labels() -> Mapping[str, Label]:
    """Return the name of every role, in the order of the table."""
    return table("roles.csv", Row.label)


def viewer_of(principal: Principal, language: Language) -> Viewer | None:
    """Return the person's name, role and region, None without a token. A token without a name is shown by its role alone."""
    if principal.is_anonymous:
        return None
    role = role_labels()[principal.role].in_(language) if principal.role else ""
    region = regions()[principal.region].label.in_(language) if principal.region and principal.region in regions() else ""
    position = " · ".join(filter(None, [role, region]))
    label, description = (principal.name, position) if principal.name else (position or principal.subject, "")
    return Viewer(label, description, principal.roles)


async def show_viewer_of_session(request: Request) -> None:
    """Show the signed-in person on a page that no route rendered, such as an error page. Without a valid session nobody is shown."""
    if hasattr(request.state, "viewer") or session_token(request) is None:
        return
    if "app" not in request.scope or not hasattr(request.app.state, "parts"):  # an application that knows no tokens
        return
    try:
        await show_viewer(request, await page_principal(request))
    except DomainError as refusal:  # the keys cannot be read now: the page is shown as to anybody
        log.warning("nobody-shown", error=type(refusal).__name__)


async def show_viewer(request: Request, principal: PagePrincipalDep) -> None:
    """Dependency of a router of pages: its pages show the signed-in person."""
    request.state.viewer = viewer_of(principal, language_of(request))
