"""Routes to recover a lost PIN."""

from typing import Annotated

from fastapi import APIRouter, Request, Response
from starlette.background import BackgroundTask

from intake.register.dependencies import IntakeDep
from intake.register.schemas import NewPin, PinConfirmationIn, PinRecoveryIn
from shared.dependencies import OnceDep
from shared.errors import InvalidInput, NotFound, TooMany, responses
from shared.http import body
from shared.idempotency import IdempotencyKeyReused, IdempotencyKeyWeak
from shared.unit_of_work import UnitOfWork

router = APIRouter(prefix="/v1/pin-recovery", tags=["appeals"])
ERRORS = (InvalidInput, TooMany, IdempotencyKeyReused, IdempotencyKeyWeak)


@router.post("", status_code=202, response_class=Response, responses=responses(*ERRORS))
async def ask_new_pin(request: Request, intake: IntakeDep, once: OnceDep, asked: Annotated[PinRecoveryIn, body(PinRecoveryIn)]) -> Response:
    """Have a code sent to a confirmed contact of an appeal. The answer is the same, at once, whether or not there is such an appeal."""
    intake.spend_preview(request)

    async def accept(_work: UnitOfWork) -> None:
        """Do nothing yet: what follows takes longer for an appeal that exists."""

    answer = await once.answer("ask-new-pin", asked, accept, status=202)
    response = answer.response
    if not answer.is_replayed:
        response.background = BackgroundTask(intake.recovery.send_code, asked, intake.address(request))
    return response


@router.post("/confirmation", response_model=NewPin, responses=responses(*ERRORS, NotFound))
async def confirm_new_pin(
    request: Request, intake: IntakeDep, once: OnceDep, given: Annotated[PinConfirmationIn, body(PinConfirmationIn)]
) -> Response:
    """Get a new PIN for the code; the old PIN no longer opens the appeal. Every failure is answered by the same 404."""
    response = (await intake.recovery.new_pin(once, given, intake.address(request))).response
    response.headers["Cache-Control"] = "no-store"
    return response
