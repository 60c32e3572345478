"""What somebody at a counter asks for by the API; registering goes by the call of all channels."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends

from intake.channels.counter.service.reception import CLERKS, Handed, handed_to
from intake.register.dependencies import CurrentIntake
from shared.auth import Principal, require
from shared.errors import Forbidden, InvalidInput, Unauthorized, responses
from shared.http import DEFAULT_LIMIT, CursorText, KnownQuery, Limit, ListResponse

router: Final = APIRouter()


@router.get("/v1/receptions", responses=responses(Unauthorized, Forbidden, InvalidInput))
async def list_receptions(
    intake: CurrentIntake,
    receiver: Annotated[Principal, Depends(require(*CLERKS, "provider"))],
    _query: KnownQuery,
    cursor: CursorText = None,
    limit: Limit = DEFAULT_LIMIT,
) -> ListResponse[Handed]:
    """Number and status of what you registered at a counter, newest first; nothing of what others did."""
    return await handed_to(intake.parts, receiver, cursor, limit)
