"""Actions of the applicant on the page of the appeal: message, outcome, rating, one-time code, contact, withdrawal, reopening.

The rules are those of `intake.register.service`. An action that is sent twice is performed once, by the key of its form.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, ValidationError

from intake.attachments.dependencies import attachments_of
from intake.attachments.dependencies import form_uploads as uploads
from intake.attachments.dependencies.form_uploads import FormWithDocuments
from intake.channels.web.pages.tracking import PageResult, perform, same_origin
from intake.forms.service.draft import UPLOADS, key_of
from intake.register.codes import AnswerMethod, WithdrawalState
from intake.register.dependencies import Intake, IntakeDep
from intake.register.dependencies.actions import ActionResult
from intake.register.schemas import ConfirmationIn, ContactIn, FeedbackIn, MessageIn, ReopeningIn, VerificationIn, WithdrawalIn
from intake.register.schemas.offers import ConsentWithdrawalIn
from intake.register.service.tracking import VisibleAppeal
from shared.dependencies import UnitsOfWorkDep
from shared.errors import DomainError, NotFound
from shared.files.errors import AttachmentRefused
from shared.forms import read_fields
from shared.unit_of_work import UnitOfWork, UnitsOfWork
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
class ActionForm(Generic[M]):
    """A form of the page, posted under its name: its fields, the command that it makes, the message of thanks, and the use case.

    An input is called `field` or `name.field`.
    """

    name: str
    fields: tuple[str, ...]
    model: type[M]
    thanks: str
    do: Callable[[Intake, UUID, M, str, str], Awaitable[ActionResult[Any]]]


OUTCOME: Final = ActionForm(
    "outcome",
    ("outcome", "reason"),
    ConfirmationIn,
    N_("Thank you, it is written down."),
    lambda intake, appeal, command, key, _: intake.actions.confirm(appeal, command, key=key),
)
RATING: Final = ActionForm(
    "rating",
    ("score",),
    FeedbackIn,
    N_("Thank you for your rating."),
    lambda intake, appeal, command, key, _: intake.actions.rate(appeal, command, key=key),
)
CODE: Final = ActionForm(
    "code",
    ("purpose",),
    VerificationIn,
    N_("The code is sent. Type it below."),
    lambda intake, appeal, command, key, address: intake.actions.ask_code(appeal, command, asker=address, key=key),
)
CONTACT: Final = ActionForm(
    "contact",
    ("code",),
    ContactIn,
    N_("Your contact is confirmed."),
    lambda intake, appeal, command, key, _: intake.actions.confirm_contact(appeal, command, key=key),
)
WITHDRAWAL: Final = ActionForm(
    "withdrawal",
    ("statement", "reason", "code"),
    WithdrawalIn,
    N_("The appeal is taken back."),
    lambda intake, appeal, command, key, _: intake.actions.withdraw(appeal, command, key=key),
)
CONSENT: Final = ActionForm(
    "consent",
    (),
    ConsentWithdrawalIn,
    N_("The consent is withdrawn: medical organisations no longer see your data. The review of your appeal goes on."),
    lambda intake, appeal, command, key, _: intake.actions.withdraw_consent(appeal, command, AnswerMethod.TRACK, key=key),
)
REOPENING: Final = ActionForm(
    "reopening",
    ("reason",),
    ReopeningIn,
    N_("The matter goes on."),
    lambda intake, appeal, command, key, _: intake.actions.reopen(appeal, command, key=key),
)


@router.post("/messages")
async def send_message(request: Request, intake: IntakeDep, units: UnitsOfWorkDep) -> HTMLResponse:
    """Send a message to the Fund with its documents: both are stored, or neither."""
    sent = await uploads.receive_form(request, intake)
    sent.tickets = [*uploads.parse_tickets(sent.fields.get(UPLOADS, "")), *sent.tickets]

    def do(intake: Intake, appeal_id: UUID, command: MessageIn, key: str, _address: str) -> Awaitable[ActionResult[Any]]:
        async def claim(work: UnitOfWork, message_id: UUID) -> int:
            return len(await attachments_of(request).claim(work, appeal_id, message_id, sent.tickets))

        return intake.actions.add_message(appeal_id, command, key=key, claim_files=claim if sent.tickets else None)

    form = ActionForm("messages", ("text",), MessageIn, N_("Your message is added."), do)
    return await _perform(request, intake, units, form, sent)


def _add_route(form: ActionForm[Any]) -> None:
    @router.post(f"/{form.name}")
    async def action(request: Request, intake: IntakeDep, units: UnitsOfWorkDep) -> HTMLResponse:
        return await _perform(request, intake, units, form, FormWithDocuments(await read_fields(request)))


for _form in (OUTCOME, RATING, CODE, CONTACT, WITHDRAWAL, CONSENT, REOPENING):
    _add_route(_form)


async def _perform(request: Request, intake: Intake, units: UnitsOfWork, form: ActionForm[M], sent: FormWithDocuments) -> HTMLResponse:
    fields = sent.fields

    async def action(seen: VisibleAppeal) -> PageResult:
        typed = {name: fields.get(f"{form.name}.{name}") or fields.get(name) for name in form.fields}
        given = {name: value for name, value in typed.items() if value}
        try:
            key = f"{form.name}-{key_of(fields)}"
            answer = (await form.do(intake, seen.appeal.id, form.model.model_validate(given), key, intake.address(request))).response
        except (ValidationError, DomainError) as refusal:
            return _refused(request, form, sent, refusal)
        is_pending = getattr(answer, "withdrawal", None) == WithdrawalState.PENDING
        flash = Flash(CALLED_FIRST if is_pending else form.thanks)
        if sent.refused:
            flash = Flash(" ".join(sent.refused), "warn")
        # The form that asked for a code stays open, with what was typed there.
        return PageResult(flash, getattr(answer, "followed_by", None), typed=fields if form is CODE else {})

    return await perform(request, intake, units, fields, action)


def _refused(request: Request, form: ActionForm[Any], sent: FormWithDocuments, refusal: ValidationError | DomainError) -> PageResult:
    """Return the reason, and what was typed with its documents, so that the same form sends them again."""
    typed = sent.fields | {"form": form.name, UPLOADS: uploads.format_tickets(sent.tickets)}
    if isinstance(refusal, ValidationError):
        return PageResult(Flash(INCOMPLETE, "bad"), status=422, typed=typed)
    if isinstance(refusal, AttachmentRefused):
        return PageResult(Flash(refusal.label.in_(language_of(request)), "bad"), status=refusal.status, typed=typed | {UPLOADS: ""})
    if isinstance(refusal, NotFound):  # the appeal is open already: a document is missing
        return PageResult(Flash(uploads.UPLOAD_EXPIRED, "bad"), status=422, typed=typed | {UPLOADS: ""})
    return PageResult(Flash(REFUSALS.get(refusal.code, NOT_NOW), "bad"), status=refusal.status, typed=typed)
