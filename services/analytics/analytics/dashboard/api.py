"""The route of the live figures."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from analytics.dashboard.schemas import Live, LiveStatus
from analytics.dashboard.service import LiveFigures
from analytics.kpis.service import sees_live_figures
from shared.auth import PrincipalDep
from shared.errors import InvalidInput, Unauthorized, responses
from shared.http import KnownQuery

router = APIRouter(prefix="/v1", tags=["figures"])


async def get_live_figures(request: Request) -> LiveFigures:
    """Return the live figures that the application was started with."""
    live_figures: LiveFigures = request.app.state.live
    return live_figures


LiveFiguresDep = Annotated[LiveFigures, Depends(get_live_figures)]


@router.get("/live", responses=responses(Unauthorized, InvalidInput))
async def read_live_figures(
    response: Response, current: PrincipalDep, live_figures: LiveFiguresDep, _query: KnownQuery
) -> Live | LiveStatus:
    """Return the present state.

    Staff, analysts and admins get the figures; everybody else gets only whether events are being counted, and until when.
    """
    figures = await live_figures.now()
    response.headers["Vary"] = "Authorization"
    if sees_live_figures(current):
        response.headers["Cache-Control"] = "private, max-age=5"
        return figures
    response.headers["Cache-Control"] = "public, max-age=5"
    return LiveStatus(ready=figures.ready, as_of=figures.as_of)
