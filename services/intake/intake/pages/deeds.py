"""What the applicant does on the page of the appeal: writes, says whether the answer settles it, rates, takes back, goes on.

The rules are those of `intake.service`; a deed sent twice is done once, by the key of its form.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, TypeVar
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, ValidationError

from intake.applicant_schemas import ConfirmationIn, ContactIn, FeedbackIn, MessageIn, ReopeningIn, VerificationIn, WithdrawalIn
from intake.pages.form import key_of
from intake.pages.kit import posted
from intake.pages.tracking import Said, done, same_origin
from intake.service.messages import add_message
from intake.service.outcome import confirm, rate, reopen
from intake.service.progress import Done
from intake.service.tracking import Seen
from intake.service.verification import ask_code, confirm_contact
from intake.service.withdrawal import withdraw
from intake.state import CurrentIntake, Intake
from shared.errors import DomainError
from shared.web.i18n import N_
from shared.web.pages import Flash

router = APIRouter(prefix="/track", dependencies=same_origin)
M = TypeVar("M", bound=BaseModel)

INCOMPLETE: Final = N_("Something is missing, too long or not readable. Please look at the form again.")
NOT_NOW: Final = N_("This is not possible now: see below where the appeal stands.")
REFUSALS: Final[Mapping[str, str]] = {
    "no-contact": N_("The appeal has no phone and no e-mail to send a code to. Call 1414 or come to the branch."),
    "wrong-code": N_("The code is wrong or too old. Ask for a new one."),
    "withdrawal-pending": N_("You have asked to take it back already: the Fund will call you."),
    "too-many-requests": N_("Too often. Please try again in an hour."),
    "idempotency-key-reused": N_("This was sent already. If you have something to add, send it once more."),
}


@router.post("/messages")
async def send_message(request: Request, intake: CurrentIntake) -> HTMLResponse:
    """A message to the Fund."""
    return await _deed(
        request, intake, "messages", ("text",), MessageIn, lambda appeal_id, said, key: add_message(intake.parts, appeal_id, said, key=key)
    )


@router.post("/outcome")
async def say_outcome(request: Request, intake: CurrentIntake) -> HTMLResponse:
    """Whether the answer settles the matter."""

    def deed(appeal_id: UUID, said: ConfirmationIn, key: str) -> Awaitable[Done[Any]]:
        return confirm(intake.parts, intake.register, appeal_id, said, key=key)

    return await _deed(request, intake, "outcome", ("outcome", "reason"), ConfirmationIn, deed)


@router.post("/rating")
async def give_rating(request: Request, intake: CurrentIntake) -> HTMLResponse:
    """One to five."""
    return await _deed(
        request, intake, "rating", ("score",), FeedbackIn, lambda appeal_id, said, key: rate(intake.parts, appeal_id, said, key=key)
    )


@router.post("/code")
async def send_code(request: Request, intake: CurrentIntake) -> HTMLResponse:
    """A one-time code to the contact that the appeal was filed with."""
    return await _deed(
        request, intake, "code", (), VerificationIn, lambda appeal_id, said, key: ask_code(intake.parts, appeal_id, said, key=key)
    )


@router.post("/contact")
async def confirm_own_contact(request: Request, intake: CurrentIntake) -> HTMLResponse:
    """The code shows that the contact is the applicant's."""
    return await _deed(
        request,
        intake,
        "contact",
        ("code",),
        ContactIn,
        lambda appeal_id, said, key: confirm_contact(intake.parts, appeal_id, said, key=key),
    )


@router.post("/withdrawal")
async def take_back(request: Request, intake: CurrentIntake) -> HTMLResponse:
    """The applicant's own statement, its reason and the code."""

    def deed(appeal_id: UUID, said: WithdrawalIn, key: str) -> Awaitable[Done[Any]]:
        return withdraw(intake.parts, appeal_id, said, key=key)

    return await _deed(request, intake, "withdrawal", ("statement", "reason", "code"), WithdrawalIn, deed)


@router.post("/reopening")
async def go_on(request: Request, intake: CurrentIntake) -> HTMLResponse:
    """New facts: the matter goes on."""

    def deed(appeal_id: UUID, said: ReopeningIn, key: str) -> Awaitable[Done[Any]]:
        return reopen(intake.parts, intake.register, appeal_id, said, key=key)

    return await _deed(request, intake, "reopening", ("reason",), ReopeningIn, deed)


THANKS: Final[Mapping[str, str]] = {
    "messages": N_("Your message is added."),
    "outcome": N_("Thank you, it is written down."),
    "rating": N_("Thank you for your rating."),
    "code": N_("The code is sent. Type it below."),
    "contact": N_("Your contact is confirmed."),
    "withdrawal": N_("The appeal is taken back."),
    "reopening": N_("The matter goes on."),
}
CALLED_FIRST: Final = N_("Your statement is received. The Fund will call you before the appeal counts as taken back.")


async def _deed(
    request: Request,
    intake: Intake,
    name: str,
    asked: tuple[str, ...],
    model: type[M],
    do: Callable[[UUID, M, str], Awaitable[Done[Any]]],
) -> HTMLResponse:
    fields = await posted(request)

    async def deed(seen: Seen) -> Said:
        typed = {one: fields.get(f"{name}.{one}") or fields.get(one) for one in asked}
        given = {one: value for one, value in typed.items() if value}
        try:
            told = (await do(seen.appeal.id, model.model_validate(given), f"{name}-{key_of(fields, intake.parts.ids)}")).told
        except ValidationError:
            return Said(Flash(INCOMPLETE, "bad"), status=422, typed=fields)
        except DomainError as refusal:
            return Said(Flash(REFUSALS.get(refusal.code, NOT_NOW), "bad"), status=refusal.status, typed=fields)
        waits = getattr(told, "withdrawal", None) == "PENDING"
        return Said(Flash(CALLED_FIRST if waits else THANKS[name]), getattr(told, "followed_by", None))

    return await done(request, intake, fields, deed)
