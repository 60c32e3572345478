"""Routes of the ranking, which is public, and of the figures of doctors, which are the Fund's own."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from provider_contact.dependencies import LIST_ERRORS, RegionCode, known_region
from provider_contact.directory.dependencies import DirectoryDep
from provider_contact.ratings import service
from provider_contact.ratings.policy import ranking_policy
from provider_contact.ratings.schemas import Ranking, RatedDoctor
from shared.auth import Principal, require
from shared.dependencies import UnitsOfWorkDep
from shared.domain.regions import CENTRAL_OFFICE
from shared.errors import InvalidInput, NotFound, responses
from shared.http import DEFAULT_LIMIT, CursorText, KnownQuery, Limit, ListResponse, page_of

Month = Annotated[str | None, Query(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])$", description="a calendar month, as 2026-01", max_length=7)]
LeaderDep = Annotated[Principal, Depends(require("supervisor", "head"))]

router = APIRouter(tags=["ratings"])


def month_of(text: str | None) -> date | None:
    """Return the first day of a month of a query, which `Month` has checked."""
    return date(int(text[:4]), int(text[5:]), 1) if text else None


@router.get("/v1/ratings", responses=responses(InvalidInput))
async def list_ratings(
    units: UnitsOfWorkDep,
    directory: DirectoryDep,
    _query: KnownQuery,
    month: Month = None,
    region: RegionCode = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: CursorText = None,
) -> Ranking:
    """List the ranking of a month, best first; without a month of the latest that is ranked.

    The ranking goes by the lower bound of the share of satisfied ratings. Providers with too few ratings are not in it.
    """
    code, index = known_region(region), await directory.current()
    async with units.read() as work:
        months = await service.months(work)
        wanted = month_of(month) or (months[0] if months else None)
        found = await service.ranking(work, index, wanted, None if code == CENTRAL_OFFICE else code) if wanted in months and wanted else []
    page, next_cursor = page_of(found, limit, cursor)
    return Ranking(
        items=list(page),
        total=len(found),
        next_cursor=next_cursor,
        month=f"{wanted:%Y-%m}" if wanted else None,
        months=[f"{each:%Y-%m}" for each in months],
        minimum=ranking_policy().minimum,
    )


@router.get("/v1/ratings/doctors", responses={**LIST_ERRORS, **responses(NotFound)})
async def list_rated_doctors(
    leader: LeaderDep,
    units: UnitsOfWorkDep,
    directory: DirectoryDep,
    _query: KnownQuery,
    provider_id: UUID,
    month: Annotated[str, Query(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])$", max_length=7)],
    limit: Limit = DEFAULT_LIMIT,
    cursor: CursorText = None,
) -> ListResponse[RatedDoctor]:
    """List the doctors of an organisation of your region with enough ratings in a month, best first. Nobody else sees these figures."""
    index = await directory.current()
    region = leader.region
    if region is None or provider_id not in {provider.provider_id for provider in index.listed(region)}:
        raise NotFound
    async with units.read() as work:
        found = await service.rated_doctors(work, provider_id, month_of(month) or date.min)
    page, next_cursor = page_of(found, limit, cursor)
    return ListResponse(items=list(page), total=len(found), next_cursor=next_cursor)
