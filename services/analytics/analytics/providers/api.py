"""The route of the provider index."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from analytics.facts import service as facts
from analytics.kpis.service import period_of_code
from analytics.providers.schemas import IndexPageQuery, ProviderIndex
from analytics.providers.service import READERS, provider_index, region_for
from shared.auth import Principal, require
from shared.dependencies import ReadDep
from shared.errors import Forbidden, InvalidInput, Unauthorized, responses
from shared.http import KnownQuery, page_of

router = APIRouter(prefix="/v1", tags=["providers"])
ReaderDep = Annotated[Principal, Depends(require(*READERS))]


@router.get("/providers/index", responses=responses(Unauthorized, Forbidden, InvalidInput))
async def read_provider_index(
    query: Annotated[IndexPageQuery, Query()], reader: ReaderDep, work: ReadDep, _query: KnownQuery
) -> ProviderIndex:
    """List the active providers of a period by their index, the lowest first; those with too few complaints to compare come last.

    Analysts read all regions, supervisors and heads their own. `docs/integration/provider-index.md` explains every value.
    """
    region = region_for(reader, query.region)
    period = period_of_code(query.period)
    items = await provider_index(work, period, region, query.sort)
    page, next_cursor = page_of(items, query.limit, query.cursor)
    return ProviderIndex(
        items=list(page),
        total=len(items),
        next_cursor=next_cursor,
        first=period.first,
        last=period.last,
        region=region,
        as_of=await facts.applied_until(work.session) or work.clock.now(),
    )
