"""Routes of figures."""

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Depends, Query

from analytics.facts.schemas import Group
from analytics.kpis.dependencies import PublicFiguresDep
from analytics.kpis.errors import PeriodNotPublic
from analytics.kpis.policy import Kpi
from analytics.kpis.schemas import AppealsQuery, CohortQuery, CountedAppeal, Figure, KpiEntry, KpiQuery, Trend, TrendQuery
from analytics.kpis.service.access import view_of
from analytics.kpis.service.appeals import counted_appeals
from analytics.kpis.service.figures import FigureRequest, figure
from analytics.kpis.service.periods import Period
from analytics.kpis.service.trends import trend
from shared.auth import Principal, PrincipalDep, require
from shared.dependencies import ReadDep
from shared.errors import Forbidden, InvalidInput, NotFound, Unauthorized, responses
from shared.http import DEFAULT_LIMIT, CursorText, KnownQuery, Limit, ListResponse, page_of

ReaderDep = Annotated[Principal, Depends(require("analyst", "supervisor", "head", "admin"))]
"""A reader of figures that are not public."""
HandlerDep = Annotated[Principal, Depends(require("supervisor", "head", "admin"))]
"""Somebody who handles the appeals of a region."""

router = APIRouter(prefix="/v1", tags=["figures"])


@router.get("/kpis", responses=responses(Unauthorized, Forbidden, InvalidInput))
async def list_kpis(
    current: PrincipalDep, _query: KnownQuery, limit: Limit = DEFAULT_LIMIT, cursor: CursorText = None
) -> ListResponse[KpiEntry]:
    """List the figures that the client may read."""
    kpis = view_of(current).kpis
    page, next_cursor = page_of(kpis, limit, cursor)
    return ListResponse(items=[_entry(kpi) for kpi in page], total=len(kpis), next_cursor=next_cursor)


def _entry(kpi: Kpi) -> KpiEntry:
    names = {"unit", "metric_version", "grain", "direction", "minimum_n"}
    return KpiEntry(id=kpi.id, **{name: getattr(kpi, name) for name in names}, **kpi.label.as_dict())


@router.get("/kpis/{kpi_id}", responses=responses(Unauthorized, Forbidden, NotFound, InvalidInput, PeriodNotPublic))
async def read_kpi(
    kpi_id: str, query: Annotated[KpiQuery, Query()], current: PrincipalDep, work: ReadDep, public: PublicFiguresDep, _query: KnownQuery
) -> Figure:
    """Return a figure of a period with its parts and, on request, its comparison with the period before or the year before.

    The public figure is returned without a token, for a region that is not the client's own, and to roles that have only public figures.
    Public figures exist for whole, past calendar quarters, half-years and years. Small counts, and counts that would reveal them, are null.
    They are not narrowed or split by request: `params_ignored` names what does not change the figure.
    """
    view = view_of(current, query.region)
    kpi = view.kpi(kpi_id)
    group_by = None if query.group_by is None else Group(query.group_by)
    return await figure(work, kpi, replace(_request(query), compare=query.compare, group_by=group_by), view, public)


@router.get("/kpis/{kpi_id}/appeals", responses=responses(Unauthorized, Forbidden, NotFound, InvalidInput))
async def list_counted_appeals(
    kpi_id: str, query: Annotated[AppealsQuery, Query()], current: HandlerDep, work: ReadDep, _query: KnownQuery
) -> ListResponse[CountedAppeal]:
    """List the appeals that a figure counts, latest first: of a share those that count, of an average those that it is computed from.

    Supervisors and heads read those of their region. Figures of calls and questions have none.
    """
    view = view_of(current, query.region)
    return await counted_appeals(work, view.kpi(kpi_id), _request(query), view, query.cursor, query.limit)


@router.get("/trends", responses=responses(Unauthorized, Forbidden, NotFound, InvalidInput))
async def read_trend(query: Annotated[TrendQuery, Query()], current: ReaderDep, work: ReadDep, _query: KnownQuery) -> Trend:
    """Return a figure of every day, week (from Monday) or month of a period, at most 800 points. There are no public trends."""
    view = view_of(current, query.region)
    return await trend(work, view.kpi(query.kpi), _request(query), Group(query.interval), view)


def _request(query: CohortQuery) -> FigureRequest:
    return FigureRequest(Period.of_request(query.first, query.last), query.region, filters=query.filters)
