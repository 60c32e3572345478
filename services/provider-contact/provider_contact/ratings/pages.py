"""The public page of the monthly ranking."""

from pathlib import Path
from typing import Final
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from provider_contact.directory.dependencies import DirectoryDep
from provider_contact.ratings import service
from provider_contact.ratings.policy import ranking_policy
from shared.dependencies import UnitsOfWorkDep
from shared.domain.regions import CENTRAL_OFFICE, regions
from shared.http import CursorText, page_of
from shared.web.languages import language_of
from shared.web.pages import Pages
from shared.web.viewer import show_viewer

SLICE: Final = Path(__file__).parent
PATH: Final = "/provider-contact/ratings"
LISTED: Final = 50
LONGEST: Final = 10  # characters of a filter

PAGES: Final = Pages(SLICE / "templates", locale_dirs=[SLICE.parent / "locales"], assets_prefix="/provider-contact/static")
router = APIRouter(include_in_schema=False, dependencies=[Depends(show_viewer)])


@router.get("/ratings")
async def ratings(
    request: Request, directory: DirectoryDep, units: UnitsOfWorkDep, month: str = "", region: str = "", cursor: CursorText = None
) -> Response:
    """Show the ranking of a month, of a region or the country. An unknown month or region shows the latest and the whole country."""
    index, language = await directory.current(), language_of(request)
    chosen = region if region in regions() and region != CENTRAL_OFFICE else None
    async with units.read() as work:
        months = await service.months(work)
        wanted = next((each for each in months if f"{each:%Y-%m}" == month[:LONGEST]), months[0] if months else None)
        found = await service.ranking(work, index, wanted, chosen) if wanted is not None else []
    page, next_cursor = page_of(found, LISTED, cursor)
    given = {name: value for name, value in (("month", f"{wanted:%Y-%m}" if wanted else ""), ("region", chosen or "")) if value}
    return PAGES.render(
        request,
        "ratings.html",
        rows=page,
        total=len(found),
        month=given.get("month", ""),
        months=[(f"{each:%Y-%m}", f"{each:%m.%Y}") for each in months],
        region=chosen or "",
        regions=[(code, each.label.in_(language)) for code, each in regions().items() if code != CENTRAL_OFFICE],
        named={code: each.label.in_(language) for code, each in regions().items()},
        minimum=ranking_policy().minimum,
        next=f"{PATH}?{urlencode(given | {'cursor': next_cursor})}" if next_cursor else None,
        first=f"{PATH}?{urlencode(given)}" if cursor else None,
    )
