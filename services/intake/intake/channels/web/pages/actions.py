"""What the applicant does on the page of the appeal: writes, says whether the answer settles it, rates, takes back, goes on.

The rules are those of `intake.register.service`; a deed sent twice is done once, by the key of its form.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from intake.attachments.dependencies import attachments_of
from intake.attachments.service import form_uploads as uploads
from intake.attachments.service.form_uploads import Sent
from intake.attachments.service.policy import AttachmentRefused
from intake.channels.web.pages.tracking import Said, done, same_origin
from intake.forms.service.draft import UPLOADS, key_of
from intake.register.dependencies import Intake, IntakeDep
from intake.register.schemas import ConfirmationIn, ContactIn, FeedbackIn, MessageIn, ReopeningIn, VerificationIn, WithdrawalIn
from intake.register.service.messages import add_message
from intake.register.service.outcome import confirm, rate, reopen
from intake.register.service.progress import ActionResult
from intake.register.service.tracking import VisibleAppeal
from intake.register.service.verification import ask_code, confirm_contact
from intake.register.service.withdrawal import withdraw
from shared.errors import DomainError, NotFound
from shared.forms import read_fields
from shared.web.i18n import N_
from shared.web.languages import language_of
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
CALLED_FIRST: Final = N_("Your statement is received. The Fund will call you before the appeal counts as taken back.")


@dataclass(frozen=True, slots=True)
class Form(Generic[M]):
    """A form of the page, posted under its name: what it asks, the request that it makes, the thanks for it, and the use case.

    Inputs may be called `name.field` too.
    """

    name: str
    fields: tuple[str, ...]
    model: type[M]
    thanks: str
    do: Callable[[Intake, UUID, M, str, str], Awaitable[ActionResult[Any]]]


OUTCOME: Final = Form(
    "outcome",
    ("outcome", "reason"),
    ConfirmationIn,
    N_("Thank you, it is written down."),
    lambda intake, appeal, said, key, _: confirm(intake.parts, intake.register, appeal, said, key=key),
)
RATING: Final = Form(
    "rating",
    ("score",),
    FeedbackIn,
    N_("Thank you for your rating."),
    lambda intake, appeal, said, key, _: rate(intake.parts, appeal, said, key=key),
)
CODE: Final = Form(
    "code",
    ("purpose",),
    VerificationIn,
    N_("The code is sent. Type it below."),
    lambda intake, appeal, said, key, address: ask_code(intake.parts, intake.send_code, appeal, said, asker=address, key=key),
)
CONTACT: Final = Form(
    "contact",
    ("code",),
    ContactIn,
    N_("Your contact is confirmed."),
    lambda intake, appeal, said, key, _: confirm_contact(intake.parts, appeal, said, key=key),
)
WITHDRAWAL: Final = Form(
    "withdrawal",
    ("statement", "reason", "code"),
    WithdrawalIn,
    N_("The appeal is taken back."),
    lambda intake, appeal, said, key, _: withdraw(intake.parts, appeal, said, key=key),
)
REOPENING: Final = Form(
    "reopening",
    ("reason",),
    ReopeningIn,
    N_("The matter goes on."),
    lambda intake, appeal, said, key, _: reopen(intake.parts, intake.register, appeal, said, key=key),
)


@router.post("/messages")
async def send_message(request: Request, intake: IntakeDep) -> HTMLResponse:
    """A message to the Fund, with documents if there are any: both are kept, or neither."""
    sent = await uploads.sent(request, intake)
    sent.tickets = [*uploads.read(sent.fields.get(UPLOADS, "")), *sent.tickets]

    def do(intake: Intake, appeal_id: UUID, said: MessageIn, key: str, _address: str) -> Awaitable[ActionResult[Any]]:
        async def claim(session: AsyncSession, message_id: UUID) -> int:
            return len(await attachments_of(request).claim(session, appeal_id, message_id, sent.tickets))

        return add_message(intake.parts, appeal_id, said, key=key, claim_files=claim if sent.tickets else None)

    return await _deed(request, intake, Form("messages", ("text",), MessageIn, N_("Your message is added."), do), sent)


def _posted(form: Form[Any]) -> None:
    @router.post(f"/{form.name}")
    async def deed(request: Request, intake: IntakeDep) -> HTMLResponse:
        return await _deed(request, intake, form, Sent(await read_fields(request)))


for _form in (OUTCOME, RATING, CODE, CONTACT, WITHDRAWAL, REOPENING):
    _posted(_form)


async def _deed(request: Request, intake: Intake, form: Form[M], sent: Sent) -> HTMLResponse:
    fields = sent.fields

    async def deed(seen: VisibleAppeal) -> Said:
        typed = {one: fields.get(f"{form.name}.{one}") or fields.get(one) for one in form.fields}
        given = {one: value for one, value in typed.items() if value}
        try:
            key = f"{form.name}-{key_of(fields)}"
            told = (await form.do(intake, seen.appeal.id, form.model.model_validate(given), key, intake.address(request))).response
        except (ValidationError, DomainError) as refusal:
            return _refused(request, form, sent, refusal)
        waits = getattr(told, "withdrawal", None) == "PENDING"
        said = Flash(CALLED_FIRST if waits else form.thanks)
        if sent.refused:
            said = Flash(" ".join(sent.refused), "warn")
        # A code that is sent leaves its own form open, with what was typed there.
        return Said(said, getattr(told, "followed_by", None), typed=fields if form is CODE else {})

    return await done(request, intake, fields, deed)


def _refused(request: Request, form: Form[Any], sent: Sent, refusal: ValidationError | DomainError) -> Said:
    """Why not, with what was typed and the documents that came with it: they are sent once more by the same form."""
    kept = sent.fields | {"form": form.name, UPLOADS: uploads.written(sent.tickets)}
    if isinstance(refusal, ValidationError):
        return Said(Flash(INCOMPLETE, "bad"), status=422, typed=kept)
    if isinstance(refusal, AttachmentRefused):
        return Said(Flash(refusal.label.in_(language_of(request)), "bad"), status=refusal.status, typed=kept | {UPLOADS: ""})
    if isinstance(refusal, NotFound):  # whoever comes here has opened the appeal
        return Said(Flash(uploads.KEPT_TOO_LONG, "bad"), status=422, typed=kept | {UPLOADS: ""})
    return Said(Flash(REFUSALS.get(refusal.code, NOT_NOW), "bad"), status=refusal.status, typed=kept)
