"""Operational endpoints of a process: health and metrics."""

import asyncio

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse

from shared.domain.calendar import calendar_end, calendar_ends_soon
from shared.operators import require_operator
from shared.telemetry import metrics_response

router = APIRouter(include_in_schema=False)


@router.get("/health/live")
async def live() -> JSONResponse:
    return JSONResponse({"status": "live"})


@router.get("/health/ready")
async def ready(request: Request) -> JSONResponse:
    """Return 200 if the database answers, is migrated, and the background loops run. A lag does not count: appeals are still accepted."""
    state = request.app.state
    faults: dict[str, str] = {}
    try:
        async with asyncio.timeout(2):
            await state.parts.database.ping()
    except Exception as error:  # noqa: BLE001 - whatever it is, the database does not answer
        faults["database"] = type(error).__name__
    if not state.migrated:
        faults["migrations"] = "not at the newest revision; run `migrate`"
    if state.parts.settings.worker:
        faults.update(state.runtime.fallen)
    body: dict[str, object] = {"status": "not ready" if faults else "ready", "faults": faults}
    if last := calendar_ends_soon(state.parts.clock.now().date()):
        body["warnings"] = {"calendar": f"ends on {last.isoformat()}; terms beyond are provisional"}
    return JSONResponse(body, status_code=503 if faults else 200)


@router.get("/metrics", dependencies=[Depends(require_operator)])
async def metrics(request: Request) -> Response:
    parts = request.app.state.parts
    parts.metrics.calendar_ends(calendar_end())
    return metrics_response(parts.metrics, accept=request.headers.get("accept", ""))
