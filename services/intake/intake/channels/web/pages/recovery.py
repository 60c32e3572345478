"""The pages to recover a lost PIN: number and contact, then the code, then the new PIN."""

import math
from datetime import timedelta
from typing import Final

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse
from pydantic import ValidationError
from starlette.background import BackgroundTask

from intake.forms.service.draft import key_of
from intake.pages_kit import PAGES, wait_of
from intake.register.dependencies import IntakeDep
from intake.register.schemas import NewPin, PinConfirmationIn, PinRecoveryIn
from intake.register.service.pin_recovery import contact_in
from intake.register.service.verification import code_minutes
from shared.dependencies import UnitsOfWorkDep
from shared.domain.text import clean
from shared.errors import DomainError, NotFound, TooMany
from shared.forms import read_fields
from shared.idempotency import ANONYMOUS, IdempotencyKeyReused, Once, new_key
from shared.web.formats import Formats
from shared.web.i18n import N_
from shared.web.languages import language_of
from shared.web.security import require_same_origin

router = APIRouter(prefix="/track/recovery")
same_origin: Final = [Depends(require_same_origin)]

NO_CONTACT: Final = N_("Write the phone number or the e-mail that you confirmed for this appeal, for example +7 701 000 00 00.")
WRONG: Final = N_("The code does not fit this number, or it is too old. Check both, or ask for a new code.")
WAIT: Final = N_("Too many attempts. Try again in %(time)s, or call 1414 (free of charge).")


@router.get("")
async def recovery_form(request: Request, number: str = "") -> HTMLResponse:
    """The form for the number and the contact."""
    return _page(request, number=clean(number[:100])[:40])


@router.post("", dependencies=same_origin)
async def ask_code(request: Request, intake: IntakeDep) -> HTMLResponse:
    """Show the form for the code, the same and at once whether or not one is sent."""
    fields = await read_fields(request)
    number, contact = fields.get("number", ""), fields.get("contact", "")
    try:
        intake.spend_preview(request)
        asked = PinRecoveryIn.model_validate({"number": number, "contact": contact})
    except TooMany as refusal:
        return _page(request, number=number, contact=contact, refusal=refusal)
    except ValidationError:
        return _page(request, number=number, contact=contact, error=NO_CONTACT)
    if contact_in(contact) is None:
        return _page(request, number=number, contact=contact, error=NO_CONTACT)
    page = _page(request, number=number, step="code", key=new_key())
    page.background = BackgroundTask(intake.recovery.send_code, asked, intake.address(request))
    return page


@router.post("/confirmation", dependencies=same_origin)
async def confirm_code(request: Request, intake: IntakeDep, units: UnitsOfWorkDep) -> HTMLResponse:
    """Show the new PIN for the right code; again if the form is sent twice."""
    fields = await read_fields(request)
    number, key = fields.get("number", ""), key_of(fields)
    try:
        given = PinConfirmationIn.model_validate({"number": number, "code": fields.get("code", "")})
        once = Once(intake.parts.idempotency, units, ANONYMOUS, key)
        answer = await intake.recovery.new_pin(once, given, intake.address(request))
    except ValidationError:
        return _page(request, number=number, step="code", key=key, error=WRONG)
    except (NotFound, TooMany) as refusal:
        return _page(request, number=number, step="code", key=key, refusal=refusal)
    except IdempotencyKeyReused as refusal:  # sent again with another code after the right one
        return _page(request, number=number, step="code", key=new_key(), refusal=refusal)
    return _page(request, number=number, step="done", pin=NewPin.model_validate_json(answer.body).pin)


def _page(
    request: Request,
    *,
    number: str,
    contact: str = "",
    step: str = "contact",
    key: str = "",
    pin: str = "",
    error: str | None = None,
    refusal: DomainError | None = None,
) -> HTMLResponse:
    text = PAGES.text(request, error) if error else None
    if isinstance(refusal, TooMany):
        minutes = math.ceil(wait_of(refusal) / 60)
        text = PAGES.text(request, WAIT, time=Formats(language_of(request)).duration(timedelta(minutes=minutes)))
    elif refusal is not None:
        text = PAGES.text(request, WRONG)
    status = refusal.status if refusal is not None else 422 if error else 200
    page = PAGES.render(
        request, "recovery.html", status, number=number, contact=contact, step=step, key=key, pin=pin, error=text, minutes=code_minutes()
    )
    page.headers["Cache-Control"] = "no-store"
    if refusal is not None:
        page.headers.update(refusal.headers)
    return page
