"""The routes that the telephone exchange calls, under the role `telephony`."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Response

from intake.channels.phone.schemas.exchange import CallEventsIn, CallEventsReceipt, KeypadIn, KeypadStatus
from intake.channels.phone.service.calls import record_events
from intake.channels.phone.service.keypad import caller_origin, status_by_keypad
from intake.register.dependencies import IntakeDep
from shared.auth import Principal, require
from shared.dependencies import ClockDep, OnceDep
from shared.errors import Forbidden, NotFound, TooMany, Unauthorized, responses
from shared.http import body
from shared.idempotency import IdempotencyKeyReused
from shared.unit_of_work import UnitOfWork

router: Final = APIRouter(tags=["phone"])
ExchangeDep = Annotated[Principal, Depends(require("telephony"))]


@router.post(
    "/v1/channels/phone/calls",
    response_model=CallEventsReceipt,
    responses=responses(Unauthorized, Forbidden, IdempotencyKeyReused),
)
async def receive_call_events(_exchange: ExchangeDep, once: OnceDep, events: Annotated[CallEventsIn, body(CallEventsIn)]) -> Response:
    """Record call events, one or a list. Repeats, late events and any order lead to the same call."""

    async def record(work: UnitOfWork) -> CallEventsReceipt:
        return await record_events(work, events.root)

    return await once("call-events", events, record)


@router.post("/v1/channels/phone/status", responses=responses(Unauthorized, Forbidden, NotFound, TooMany))
async def read_keypad_status(
    response: Response, intake: IntakeDep, exchange: ExchangeDep, clock: ClockDep, keyed: Annotated[KeypadIn, body(KeypadIn)]
) -> KeypadStatus:
    """Return the status of an appeal by number and PIN keyed in on a telephone, with a sentence to be read out."""
    response.headers["Cache-Control"] = "no-store"
    seen = await intake.opener.open(
        number=keyed.number,
        pin=keyed.pin,
        principal=Principal.anonymous(),
        address=caller_origin(intake.parts.pepper, keyed),
        exchange=exchange.identity,
    )
    return status_by_keypad(seen, keyed.language, clock.now())
