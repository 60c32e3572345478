"""The counter's pages: written and oral appeals are registered here, and the talon is printed (АППК art. 63, 64(2))."""

from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from intake.attachments.dependencies import form_uploads as uploads
from intake.channels.counter.errors import OrganisationNotKnown
from intake.channels.counter.pages import view as counter_view
from intake.channels.counter.pages.view import PATH, Draft
from intake.channels.counter.policy import IntakeMethod
from intake.channels.counter.service.reception import (
    Counter,
    about_organisation,
    admit,
    counter_of,
    received_at,
    receiver_name,
    record_reception,
    store_receiver_name,
)
from intake.channels.phone.service import call_policy, oral_records
from intake.forms.service import definitions as forms
from intake.forms.service import draft as form
from intake.forms.service import operator_form as call_form
from intake.pages_kit import PAGES, to_sign_in
from intake.register.dependencies import Intake, IntakeDep
from intake.register.schemas import AppealIn
from intake.register.service.admission import Admission
from intake.register.service.filing import EARLIEST, check
from intake.register.service.registration import all_conditions
from shared.auth import PagePrincipalDep, Principal
from shared.dependencies import UnitsOfWorkDep
from shared.domain.regions import CENTRAL_OFFICE, regions
from shared.errors import DomainError, FieldError, InvalidInput, MalformedText, Unauthorized
from shared.field_errors import DETAILS
from shared.idempotency import IdempotencyKeyReused, new_key
from shared.unit_of_work import UnitsOfWork
from shared.web.i18n import N_
from shared.web.languages import language_of
from shared.web.security import require_same_origin

OWN_FIELDS: Final = ("way", "received_on", "receiver", form.UPLOADS)
NAME_LIMIT: Final = 100
MESSAGES: Final = {
    "way": N_("Choose how the appeal came."),
    "received_on": N_("Give the day on the envelope or the stamp, not a day to come. What is said now is received now."),
    "receiver": N_("Write your surname and initials: the law wants them on the talon."),
    "service": N_("Choose what the appeal is."),
    "answered": N_("Only a visitor's question, opinion or thanks is closed at the counter."),
    "confirmed": N_("Read the appeal back and tick that the visitor confirmed it."),
    "used": N_("This form was sent before with other words. Look whether the appeal is registered already."),
}


@dataclass(frozen=True, slots=True)
class Clerk:
    """A request of a clerk at a counter. `name` None: the token has no name, and none is stored."""

    request: Request
    intake: Intake
    units: UnitsOfWork
    principal: Principal
    counter: Counter
    name: str | None

    def message(self, code: str) -> str:
        """Return a message of MESSAGES in the language of the page."""
        return PAGES.text(self.request, MESSAGES[code])


@dataclass(frozen=True, slots=True)
class Stranger:
    """An officer of a provider that the directory does not know. `is_named`: the account names an organisation."""

    is_named: bool


async def _clerk(request: Request, intake: IntakeDep, units: UnitsOfWorkDep, principal: PagePrincipalDep) -> Clerk | None:
    """Return the clerk; None if nobody is signed in. Raises Forbidden and OrganisationNotKnown for a principal without a counter."""
    if principal.is_anonymous:
        return None
    async with units.read() as work:
        return Clerk(request, intake, units, principal, await counter_of(work, principal), await receiver_name(work, principal))


async def _clerk_or_stranger(
    request: Request, intake: IntakeDep, units: UnitsOfWorkDep, principal: PagePrincipalDep
) -> Clerk | Stranger | None:
    """Return as `_clerk`, and a Stranger for an officer whose organisation is not known: the page says what to do."""
    if principal.has("provider") and principal.provider_id is None and not principal.is_staff:
        return Stranger(is_named=False)
    try:
        return await _clerk(request, intake, units, principal)
    except OrganisationNotKnown:
        return Stranger(is_named=True)


ClerkDep = Annotated[Clerk | None, Depends(_clerk)]
ClerkOrStrangerDep = Annotated[Clerk | Stranger | None, Depends(_clerk_or_stranger)]
router: Final = APIRouter()


@router.get("/counter")
async def counter_page(request: Request, clerk: ClerkOrStrangerDep, cursor: str | None = None) -> Response:
    if clerk is None:
        return to_sign_in(request)
    if isinstance(clerk, Stranger):
        return PAGES.render(request, "counter_stranger.html", is_named=clerk.is_named)
    return await _show(clerk, _blank(clerk), cursor=cursor)


@router.get("/counter/record/{appeal_id}")
async def record(request: Request, appeal_id: UUID, clerk: ClerkDep) -> Response:
    """The record of an oral appeal, for the clerk who wrote it. Every read is recorded in the audit log."""
    if clerk is None:
        return to_sign_in(request)
    async with clerk.units.write() as work:
        record = await oral_records.read_record(work, clerk.principal, appeal_id)
    return PAGES.render(request, "call_record.html", record=record, back=PATH)


@router.post("/counter", dependencies=[Depends(require_same_origin)])
async def register_appeal(request: Request, clerk: ClerkDep) -> Response:
    """Preview, registration and talon of an appeal. An oral appeal is read back before it is registered."""
    if clerk is None:
        raise Unauthorized
    sent = await uploads.receive_form(request, clerk.intake)
    draft, key, step = _typed(clerk, sent), form.key_of(sent.fields), sent.fields.get("step")
    if step != "send":
        clerk.intake.spend_preview(request, clerk.principal)
    if step == "edit":
        return await _show(clerk, draft, key=key, refused=sent.refused)
    try:
        method, appeal, admission = await _filing_of(clerk, draft)
        is_confirmed = bool(sent.fields.get("confirmed")) or not method.oral or admission.resolved_in_contact
        if step != "send" or not is_confirmed:
            error = clerk.message("confirmed") if step == "send" else None
            to_confirm = method.oral and not admission.resolved_in_contact
            return counter_view.preview(request, draft, method, key=key, to_confirm=to_confirm, error=error, refused=sent.refused)
        is_recorded = method.oral and not admission.resolved_in_contact
        confirmed_at = clerk.units.clock.now()
        record = (
            oral_records.with_record(operator=clerk.principal.subject, call_id=None, confirmed_at=confirmed_at) if is_recorded else None
        )
        condition = all_conditions(record_reception(admission), record)
        receipt = await clerk.intake.file(appeal, admission, key=key, condition=condition)
    except (InvalidInput, MalformedText) as refusal:
        return await _show(clerk, draft, key=key, errors=_errors(clerk, refusal), refused=sent.refused, status=refusal.status)
    except IdempotencyKeyReused as refusal:
        return await _show(clerk, draft, errors=[("", clerk.message("used"))], refused=sent.refused, status=refusal.status)
    appeal_id = receipt.registered.appeal_id
    refused = await uploads.attach_all(request, clerk.intake, appeal_id, uploads.parse_tickets(draft[form.UPLOADS]), as_filed=True)
    if admission.resolved_in_contact:
        return PAGES.redirect(PATH, flash="consultation-closed")
    return counter_view.talon(request, receipt, appeal, method, clerk.counter, refused)


async def _filing_of(clerk: Clerk, draft: Draft) -> tuple[IntakeMethod, AppealIn, Admission]:
    """Return the intake method, the appeal of the form and its terms. Stores the receiver's name once all else is valid.

    Raises InvalidInput, which names the counter's own fields together with those of the appeal.
    """
    method, name = clerk.counter.methods.get(draft["way"]), clerk.name or draft["receiver"]
    wrong = [] if method else [FieldError("way", "required", DETAILS["required"])]
    if not name or len(name) > NAME_LIMIT or not name.isprintable():
        wrong.append(FieldError("receiver", "required", DETAILS["required"]))
    if draft[call_form.ANSWERED] and method and not method.oral:
        wrong.append(FieldError("answered", "not-for-this-kind", "Only a consultation is closed at the counter."))
    try:
        at = _received_at(clerk, method, draft) if method else None
        appeal = call_form.appeal_of(draft, received_at=at, answered_kinds=call_policy().answered_in_call)
    except InvalidInput as refusal:
        raise InvalidInput([*wrong, *refusal.errors]) from None
    if method is None or wrong:
        raise InvalidInput(wrong)
    if clerk.counter.organisation is not None:
        appeal = about_organisation(clerk.counter.organisation, appeal)
    admission = admit(clerk.principal, method, name)._replace(resolved_in_contact=bool(draft[call_form.ANSWERED]))
    check(appeal, admission, clerk.units.clock.now())
    if clerk.name is None:
        async with clerk.units.write() as work:
            await store_receiver_name(work, clerk.principal, name)
    return method, appeal, admission


def _received_at(clerk: Clerk, method: IntakeMethod, draft: Draft) -> str | None:
    """Return when an appeal of an earlier day was received; None: now. Raises InvalidInput for an impossible day."""
    if not draft["received_on"]:
        return None
    region = draft["region"] if draft["region"] in regions() else CENTRAL_OFFICE
    today = clerk.units.clock.now().astimezone(regions()[region].timezone).date()
    try:
        day = date.fromisoformat(draft["received_on"])
    except ValueError:
        day = date.max
    if day == today:
        return None
    if not method.dated or not EARLIEST.date() <= day < today:
        raise InvalidInput.field("received_on", "bad-time", "The day is not one on which this can have been received.")
    return received_at(day, region).isoformat().replace("+00:00", "Z")


def _blank(clerk: Clerk) -> Draft:
    draft = call_form.typed({}) | dict.fromkeys(OWN_FIELDS, "")
    language = language_of(clerk.request)
    draft["language"] = language if language in forms.REPLY_LANGUAGES else ""
    draft["region"] = clerk.counter.region or ""
    draft["way"] = next(iter(clerk.counter.methods)) if len(clerk.counter.methods) == 1 else ""
    return draft


def _typed(clerk: Clerk, sent: uploads.FormWithDocuments) -> Draft:
    """Return what was typed, with the region and organisation of the counter where these are fixed."""
    draft = call_form.typed(sent.fields) | {name: sent.fields.get(name, "") for name in OWN_FIELDS}
    earlier = [] if sent.fields.get("uploads.drop") else uploads.parse_tickets(draft[form.UPLOADS])
    draft[form.UPLOADS] = uploads.format_tickets([*earlier, *sent.tickets])
    draft["region"] = clerk.counter.region or draft["region"]
    if clerk.counter.organisation is not None:
        draft["provider.name"] = ""
    return draft


async def _show(
    clerk: Clerk,
    draft: Draft,
    *,
    key: str | None = None,
    cursor: str | None = None,
    errors: list[tuple[str, str]] | None = None,
    refused: list[str] | None = None,
    status: int = 200,
) -> Response:
    found = errors or []
    async with clerk.units.read() as work:
        content = await counter_view.page(clerk.request, work, clerk.principal, clerk.counter, draft, cursor)
    context: dict[str, Any] = {
        **content,
        "draft": draft,
        "key": key or new_key(),
        "receiver": clerk.name,
        "refused": refused or [],
        "errors": [(name or None, text) for name, text in found],
        "error": dict(found),
    }
    return PAGES.render(clerk.request, "counter.html", status, **context)


def _errors(clerk: Clerk, refusal: DomainError) -> list[tuple[str, str]]:
    found = [("received_on" if name == "received_at" else name, message) for name, message in form.errors_of(refusal, to_staff=True)]
    return [(name, clerk.message(name) if name in MESSAGES else PAGES.text(clerk.request, message)) for name, message in found]
