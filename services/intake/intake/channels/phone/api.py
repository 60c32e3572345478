"""The calls that the telephone exchange makes, under the role `telephony`."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Response

from intake.channels.phone.calls import take_in
from intake.channels.phone.keypad import status_by_keypad
from intake.channels.phone.schemas import CallEventsIn, CallEventsTaken, KeypadIn, KeypadStatus
from intake.state import CurrentIntake
from shared.auth import Principal, require
from shared.errors import Forbidden, NotFound, TooMany, Unauthorized, responses
from shared.http import body

router: Final = APIRouter()
Exchange = Annotated[Principal, Depends(require("telephony"))]


@router.post("/v1/channels/phone/calls", responses=responses(Unauthorized, Forbidden))
async def call_events(intake: CurrentIntake, _exchange: Exchange, events: Annotated[CallEventsIn, body(CallEventsIn)]) -> CallEventsTaken:
    """What happened in calls, one event or a list. Sent again, late or out of order it comes to the same."""
    return await take_in(intake.parts, events.root)


@router.post("/v1/channels/phone/status", responses=responses(Unauthorized, Forbidden, NotFound, TooMany))
async def keypad_status(
    response: Response, intake: CurrentIntake, exchange: Exchange, keyed: Annotated[KeypadIn, body(KeypadIn)]
) -> KeypadStatus:
    """Where an appeal stands, by number and PIN keyed in on a telephone, with a sentence to be read out."""
    response.headers["Cache-Control"] = "no-store"
    return await status_by_keypad(intake, keyed, exchange)
