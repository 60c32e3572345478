"""The route of the live figures."""

from fastapi import APIRouter, Request, Response

from analytics.dashboard.schemas import Live, LiveStatus
from analytics.dashboard.service import LiveFigures
from analytics.kpis.service import sees_live_figures
from shared.auth import PrincipalDep
from shared.errors import InvalidInput, Unauthorized, responses
from shared.http import KnownQuery

router = APIRouter(prefix="/v1", tags=["figures"])


@router.get("/live", responses=responses(Unauthorized, InvalidInput))
async def live(request: Request, response: Response, current: PrincipalDep, _query: KnownQuery) -> Live | LiveStatus:
    """Return the present state.

    Staff, analysts and admins get the figures; everybody else gets only whether events are being counted, and until when.
    """
    live_figures: LiveFigures = request.app.state.live
    figures = await live_figures.now()
    response.headers["Vary"] = "Authorization"
    if sees_live_figures(current):
        response.headers["Cache-Control"] = "private, max-age=5"
        return figures
    response.headers["Cache-Control"] = "public, max-age=5"
    return LiveStatus(ready=figures.ready, as_of=figures.as_of)
