"""The figures over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from analytics.access import sees_live_figures, view_of
from analytics.errors import PeriodNotPublic
from analytics.periods import Period
from analytics.schemas import Figure, KpiEntry, KpiQuery, Live, LiveStatus
from analytics.service import Question, figure
from shared.auth import CurrentPrincipal
from shared.errors import Forbidden, InvalidInput, NotFound, Unauthorized, responses
from shared.http import DEFAULT_LIMIT, CursorText, KnownQuery, Limit, ListResponse, page_of

router = APIRouter(prefix="/v1", tags=["figures"])


@router.get("/kpis", responses=responses(Unauthorized, Forbidden, InvalidInput))
async def list_kpis(
    current: CurrentPrincipal, _query: KnownQuery, limit: Limit = DEFAULT_LIMIT, cursor: CursorText = None
) -> ListResponse[KpiEntry]:
    """The figures that the client may ask for."""
    kpis = view_of(current).kpis
    page, following = page_of(kpis, limit, cursor)
    items = [KpiEntry(id=kpi.id, unit=kpi.unit, metric_version=kpi.metric_version, **kpi.label.as_dict()) for kpi in page]
    return ListResponse(items=items, total=len(kpis), next_cursor=following)


@router.get("/kpis/{kpi_id}", responses=responses(Unauthorized, Forbidden, NotFound, InvalidInput, PeriodNotPublic))
async def read_kpi(
    kpi_id: str, query: Annotated[KpiQuery, Query()], current: CurrentPrincipal, _query: KnownQuery, request: Request
) -> Figure:
    """A figure of a period, with its parts and, on request, the same months (or else days) a year before.

    Without a token, for another region than one's own, and for roles without figures of their own: the public figure. It exists for whole
    calendar quarters, half-years and years that are over; small counts, and counts that they would follow from, are hidden (null).
    """
    view = view_of(current, query.region)
    kpi = view.kpi(kpi_id)
    question = Question(Period.asked(query.first, query.last), query.region, compare=query.compare is not None)
    async with request.app.state.parts.database.read() as session:
        return await figure(session, kpi, question, view, request.app.state.public_figures)


@router.get("/live", responses=responses(Unauthorized, InvalidInput))
async def live(request: Request, response: Response, current: CurrentPrincipal, _query: KnownQuery) -> Live | LiveStatus:
    """How things stand at this moment.

    Staff, analysts and admins get the figures; everybody else whether they are kept up, and until when.
    """
    figures: Live = await request.app.state.live.now()
    response.headers["Vary"] = "Authorization"
    if sees_live_figures(current):
        response.headers["Cache-Control"] = "private, max-age=5"
        return figures
    response.headers["Cache-Control"] = "public, max-age=5"
    return LiveStatus(ready=figures.ready, as_of=figures.as_of)
