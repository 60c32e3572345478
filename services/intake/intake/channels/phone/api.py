"""The routes that the telephone exchange calls, under the role `telephony`."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Response
from sqlalchemy.ext.asyncio import AsyncSession

from intake.channels.phone.schemas.exchange import CallEventsIn, CallEventsReceipt, KeypadIn, KeypadStatus
from intake.channels.phone.service.calls import record_events
from intake.channels.phone.service.keypad import status_by_keypad
from intake.register.dependencies import CurrentIntake
from shared.auth import Principal, require
from shared.errors import Forbidden, NotFound, TooMany, Unauthorized, responses
from shared.http import body
from shared.idempotency import IdempotencyKey, IdempotencyKeyReused, scope_of

router: Final = APIRouter()
Exchange = Annotated[Principal, Depends(require("telephony"))]


@router.post(
    "/v1/channels/phone/calls",
    response_model=CallEventsReceipt,
    responses=responses(Unauthorized, Forbidden, IdempotencyKeyReused),
)
async def call_events(
    intake: CurrentIntake, exchange: Exchange, events: Annotated[CallEventsIn, body(CallEventsIn)], key: IdempotencyKey = None
) -> Response:
    """Record call events, one or a list. Repeats, late events and any order lead to the same call."""
    parts = intake.parts
    repeatable = parts.idempotency.request(scope_of(exchange), key, "call-events", events) if key else None

    async def work(session: AsyncSession) -> CallEventsReceipt:
        return await record_events(session, parts, events.root)

    return await parts.idempotency.once(parts.database, parts.clock, repeatable, work)


@router.post("/v1/channels/phone/status", responses=responses(Unauthorized, Forbidden, NotFound, TooMany))
async def keypad_status(
    response: Response, intake: CurrentIntake, exchange: Exchange, keyed: Annotated[KeypadIn, body(KeypadIn)]
) -> KeypadStatus:
    """Return the status of an appeal by number and PIN keyed in on a telephone, with a sentence to be read out."""
    response.headers["Cache-Control"] = "no-store"
    return await status_by_keypad(intake, keyed, exchange)
