"""Routes of figures."""

from typing import Annotated

from fastapi import APIRouter, Query

from analytics.kpis.dependencies import PublicFiguresDep
from analytics.kpis.errors import PeriodNotPublic
from analytics.kpis.schemas import Figure, KpiEntry, KpiQuery
from analytics.kpis.service.access import view_of
from analytics.kpis.service.figures import FigureRequest, figure
from analytics.kpis.service.periods import Period
from shared.auth import PrincipalDep
from shared.dependencies import ReadDep
from shared.errors import Forbidden, InvalidInput, NotFound, Unauthorized, responses
from shared.http import DEFAULT_LIMIT, CursorText, KnownQuery, Limit, ListResponse, page_of

router = APIRouter(prefix="/v1", tags=["figures"])


@router.get("/kpis", responses=responses(Unauthorized, Forbidden, InvalidInput))
async def list_kpis(
    current: PrincipalDep, _query: KnownQuery, limit: Limit = DEFAULT_LIMIT, cursor: CursorText = None
) -> ListResponse[KpiEntry]:
    """List the figures that the client may read."""
    kpis = view_of(current).kpis
    page, next_cursor = page_of(kpis, limit, cursor)
    items = [KpiEntry(id=kpi.id, unit=kpi.unit, metric_version=kpi.metric_version, **kpi.label.as_dict()) for kpi in page]
    return ListResponse(items=items, total=len(kpis), next_cursor=next_cursor)


@router.get("/kpis/{kpi_id}", responses=responses(Unauthorized, Forbidden, NotFound, InvalidInput, PeriodNotPublic))
async def read_kpi(
    kpi_id: str, query: Annotated[KpiQuery, Query()], current: PrincipalDep, work: ReadDep, public: PublicFiguresDep, _query: KnownQuery
) -> Figure:
    """Return a figure of a period with its parts and, on request, its comparison with the same months (or days) a year before.

    The public figure is returned without a token, for a region that is not the client's own, and to roles that have only public figures.
    Public figures exist for whole, past calendar quarters, half-years and years. Small counts, and counts that would reveal them, are null.
    """
    view = view_of(current, query.region)
    kpi = view.kpi(kpi_id)
    figure_request = FigureRequest(Period.of_request(query.first, query.last), query.region, compare=query.compare is not None)
    return await figure(work, kpi, figure_request, view, public)
