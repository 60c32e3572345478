"""Routes of the counter channel. Appeals are registered by the route of all channels, `POST /intake/v1/appeals`."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends

from intake.channels.counter.service.reception import CLERKS, RegisteredAtCounter, registered_by
from shared.auth import Principal, require
from shared.dependencies import ReadDep
from shared.errors import Forbidden, InvalidInput, Unauthorized, responses
from shared.http import DEFAULT_LIMIT, CursorText, KnownQuery, Limit, ListResponse

router: Final = APIRouter(tags=["counter"])


@router.get("/v1/receptions", responses=responses(Unauthorized, Forbidden, InvalidInput))
async def list_receptions(
    receiver: Annotated[Principal, Depends(require(*CLERKS, "provider"))],
    _query: KnownQuery,
    work: ReadDep,
    cursor: CursorText = None,
    limit: Limit = DEFAULT_LIMIT,
) -> ListResponse[RegisteredAtCounter]:
    """List number and status of the appeals that you registered at a counter, newest first."""
    return await registered_by(work, receiver, cursor, limit)
