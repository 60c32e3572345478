"""The signed-in person in the top bar of every page."""

from collections.abc import Mapping
from functools import cache

from starlette.requests import Request

from shared.auth import PagePrincipalDep, Principal
from shared.domain.labels import Label, Language
from shared.domain.regions import regions
from shared.domain.tables import Row, table
from shared.web.languages import language_of
from shared.web.pages import Viewer


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
    return Viewer(principal.name, position) if principal.name else Viewer(position or principal.subject)


async def show_viewer(request: Request, principal: PagePrincipalDep) -> None:
    """Dependency of a router of pages: its pages show the signed-in person."""
    request.state.viewer = viewer_of(principal, language_of(request))
