"""The counter: what comes on paper or is said at the desk is registered here, and its talon handed over (АППК art. 63, 64(2))."""

from dataclasses import dataclass, replace
from datetime import date
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from intake.attachments.service import form_uploads as uploads
from intake.channels.counter.pages import view as counter_view
from intake.channels.counter.pages.view import PATH, Draft
from intake.channels.counter.service.policy import Way
from intake.channels.counter.service.reception import Counter, about, admit, counter_of, keep_name, name_of, noted, received_at
from intake.channels.phone.service import oral_records
from intake.channels.phone.service.policy import call_policy
from intake.forms.service import definitions as forms
from intake.forms.service import draft as form
from intake.forms.service import operator_form as call_form
from intake.pages_kit import PAGES, to_sign_in
from intake.register.dependencies import CurrentIntake, Intake
from intake.register.schemas import AppealIn
from intake.register.service.admission import Admission
from intake.register.service.filing import EARLIEST, check
from intake.register.service.registration import both
from shared.auth import PagePrincipal, Principal
from shared.domain.regions import CENTRAL_OFFICE, regions
from shared.errors import DomainError, FieldError, InvalidInput, MalformedText, Unauthorized
from shared.field_errors import DETAILS
from shared.idempotency import IdempotencyKeyReused, new_key
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
class AtWork:
    """Somebody at their counter; `name` None: neither the token nor its holder has said one yet."""

    request: Request
    intake: Intake
    principal: Principal
    counter: Counter
    name: str | None

    def say(self, message: str) -> str:
        return PAGES.text(self.request, MESSAGES[message])


async def _at_work(request: Request, intake: CurrentIntake, principal: PagePrincipal) -> AtWork | None:
    """None: nobody is signed in. Raises Forbidden and OrganisationNotKnown for whoever has no counter."""
    if principal.is_anonymous:
        return None
    counter = await counter_of(intake.parts, principal)
    return AtWork(request, intake, principal, counter, await name_of(intake.parts, principal))


Working = Annotated[AtWork | None, Depends(_at_work)]
router: Final = APIRouter()


@router.get("/counter")
async def counter_page(request: Request, work: Working, cursor: str | None = None) -> Response:
    if work is None:
        return to_sign_in(request)
    return await _show(work, _blank(work), cursor=cursor)


@router.get("/counter/record/{appeal_id}")
async def record(request: Request, appeal_id: UUID, work: Working) -> Response:
    """The record of what a visitor said, for whoever wrote it down; each look is recorded."""
    if work is None:
        return to_sign_in(request)
    record = await oral_records.read_record(work.intake.parts, work.principal, appeal_id)
    return PAGES.render(request, "call_record.html", record=record, back=PATH)


@router.post("/counter", dependencies=[Depends(require_same_origin)])
async def register_appeal(request: Request, work: Working) -> Response:
    """An appeal written down: looked at, if it was said read back, registered; then its talon."""
    if work is None:
        raise Unauthorized
    sent = await uploads.sent(request, work.intake)
    draft, key, step = _typed(work, sent), form.key_of(sent.fields), sent.fields.get("step")
    if step != "send":
        work.intake.spend_preview(request, work.principal)
    if step == "edit":
        return await _show(work, draft, key=key, refused=sent.refused)
    try:
        way, appeal, admission = await _filing_of(work, draft)
        is_confirmed = bool(sent.fields.get("confirmed")) or not way.oral or admission.resolved_in_contact
        if step != "send" or not is_confirmed:
            error = work.say("confirmed") if step == "send" else None
            to_confirm = way.oral and not admission.resolved_in_contact
            return counter_view.preview(request, draft, way, key=key, to_confirm=to_confirm, error=error, refused=sent.refused)
        is_recorded = way.oral and not admission.resolved_in_contact
        record = oral_records.with_record(work.intake.parts, operator=work.principal.subject, call_id=None) if is_recorded else None
        condition = both(noted(work.intake.parts, admission), record)
        receipt = await work.intake.file(appeal, admission, key=key, condition=condition)
    except (InvalidInput, MalformedText) as refusal:
        return await _show(work, draft, key=key, errors=_errors(work, refusal), refused=sent.refused, status=refusal.status)
    except IdempotencyKeyReused as refusal:
        return await _show(work, draft, errors=[("", work.say("used"))], refused=sent.refused, status=refusal.status)
    appeal_id = receipt.registered.appeal_id
    refused = await uploads.enclose_all(request, work.intake, appeal_id, uploads.read(draft[form.UPLOADS]), as_filed=True)
    if admission.resolved_in_contact:
        return PAGES.redirect(PATH, flash="consultation-closed")
    return counter_view.talon(request, receipt, appeal, way, work.counter, refused)


async def _filing_of(work: AtWork, draft: Draft) -> tuple[Way, AppealIn, Admission]:
    """The appeal behind the form, and its terms. Keeps the receiver's name once all else is right.

    Raises InvalidInput, which names the counter's own fields together with those of the appeal.
    """
    way, name = work.counter.ways.get(draft["way"]), work.name or draft["receiver"]
    wrong = [] if way else [FieldError("way", "required", DETAILS["required"])]
    if not name or len(name) > NAME_LIMIT or not name.isprintable():
        wrong.append(FieldError("receiver", "required", DETAILS["required"]))
    if draft[call_form.ANSWERED] and way and not way.oral:
        wrong.append(FieldError("answered", "not-for-this-kind", "Only a consultation is closed at the counter."))
    try:
        at = _received_at(work, way, draft) if way else None
        appeal = call_form.appeal_of(draft, received_at=at, answered_kinds=call_policy().answered_in_call)
    except InvalidInput as refusal:
        raise InvalidInput([*wrong, *refusal.errors]) from None
    if way is None or wrong:
        raise InvalidInput(wrong)
    if work.counter.organisation is not None:
        appeal = about(work.counter.organisation, appeal)
    admission = replace(admit(work.principal, way, name), resolved_in_contact=bool(draft[call_form.ANSWERED]))
    check(appeal, admission, work.intake.parts.clock.now())
    if work.name is None:
        await keep_name(work.intake.parts, work.principal, name)
    return way, appeal, admission


def _received_at(work: AtWork, way: Way, draft: Draft) -> str | None:
    """When what came on an earlier day was received; None: now. Raises InvalidInput for a day on which it cannot have come."""
    if not draft["received_on"]:
        return None
    region = draft["region"] if draft["region"] in regions() else CENTRAL_OFFICE
    today = work.intake.parts.clock.now().astimezone(regions()[region].timezone).date()
    try:
        day = date.fromisoformat(draft["received_on"])
    except ValueError:
        day = date.max
    if day == today:
        return None
    if not way.dated or not EARLIEST.date() <= day < today:
        raise InvalidInput.field("received_on", "bad-time", "The day is not one on which this can have been received.")
    return received_at(day, region).isoformat().replace("+00:00", "Z")


def _blank(work: AtWork) -> Draft:
    draft = call_form.typed({}) | dict.fromkeys(OWN_FIELDS, "")
    language = language_of(work.request)
    draft["language"] = language if language in forms.REPLY_LANGUAGES else ""
    draft["region"] = work.counter.region or ""
    draft["way"] = next(iter(work.counter.ways)) if len(work.counter.ways) == 1 else ""
    return draft


def _typed(work: AtWork, sent: uploads.Sent) -> Draft:
    """What was typed; where the counter's own region and organisation stand, nothing else counts."""
    draft = call_form.typed(sent.fields) | {name: sent.fields.get(name, "") for name in OWN_FIELDS}
    kept = [] if sent.fields.get("uploads.drop") else uploads.read(draft[form.UPLOADS])
    draft[form.UPLOADS] = uploads.written([*kept, *sent.tickets])
    draft["region"] = work.counter.region or draft["region"]
    if work.counter.organisation is not None:
        draft["provider.name"] = ""
    return draft


async def _show(
    work: AtWork,
    draft: Draft,
    *,
    key: str | None = None,
    cursor: str | None = None,
    errors: list[tuple[str, str]] | None = None,
    refused: list[str] | None = None,
    status: int = 200,
) -> Response:
    found = errors or []
    context: dict[str, Any] = {
        **await counter_view.page(work.request, work.intake.parts, work.principal, work.counter, draft, cursor),
        "draft": draft,
        "key": key or new_key(),
        "receiver": work.name,
        "refused": refused or [],
        "errors": [(name or None, text) for name, text in found],
        "error": dict(found),
    }
    return PAGES.render(work.request, "counter.html", status, **context)


def _errors(work: AtWork, refusal: DomainError) -> list[tuple[str, str]]:
    found = [("received_on" if name == "received_at" else name, message) for name, message in form.errors_of(refusal)]
    return [(name, work.say(name) if name in MESSAGES else PAGES.text(work.request, message)) for name, message in found]
