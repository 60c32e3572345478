"""The operator's page of the centre 1414: the current call, consultations closed by a key, appeals written down, call-backs."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse
from starlette.responses import RedirectResponse

from intake.channels.phone import repository
from intake.channels.phone.codes import CallCodeGroup
from intake.channels.phone.dependencies import insurance_of
from intake.channels.phone.errors import CallerNotVerified, InsuranceNotConnected
from intake.channels.phone.pages.record import read_back, registered
from intake.channels.phone.pages.view import (
    CurrentCall,
    appeals_of,
    are_enough,
    call_back_lines,
    caller_number,
    current_call,
    held_lines,
    incident_banners,
    live_figures,
    ongoing_call_backs,
    page_content,
    region_of,
)
from intake.channels.phone.policy import call_policy, codes
from intake.channels.phone.service import call_backs, consultations, incidents, oral_records
from intake.channels.phone.service.insurance import InsuredStatus, look_up, record_look_up
from intake.forms.service import definitions as forms
from intake.forms.service import draft as form
from intake.forms.service import operator_form as call_form
from intake.pages_kit import PAGES
from intake.register.codes import Verdict
from intake.register.dependencies import Intake, IntakeDep
from intake.register.errors import NotAnswered, OutcomeGiven
from intake.register.schemas import ConfirmationIn, FeedbackIn
from intake.register.service.admission import Admission, admit_principal
from intake.register.service.filing import check
from shared.auth import PagePrincipalDep, Principal, check_role, require_page
from shared.dependencies import ReadDep, SealerDep, UnitsOfWorkDep
from shared.domain.identifiers import is_valid_iin, normalise_twelve
from shared.errors import DomainError, InvalidInput, MalformedText, NotFound
from shared.forms import read_fields
from shared.idempotency import IdempotencyKeyReused, new_key
from shared.sealing import Sealer
from shared.unit_of_work import UnitOfWork, UnitsOfWork
from shared.web.i18n import N_
from shared.web.languages import language_of
from shared.web.security import require_same_origin

PATH: Final = "/intake/call"
CHANNEL: Final = "CALL_1414"
OUTCOME_PURPOSE: Final = "outcome-by-telephone"
FORMS: Final = frozenset({"close", "outcome", "verify", "insurance", "register"})
SCORES: Final = {str(score): score for score in range(1, 6)}
MESSAGES: Final = {
    "not-enough": N_("Tick the name and at least one more check before the caller counts as verified."),
    "service": N_("Choose what the appeal is."),
    "region": N_("Choose the region that the caller asks from."),
    "answered": N_("Only a question, an opinion or thanks is closed in the call."),
    "iin": N_("This IIN is not right. Check its 12 digits, or leave the field empty."),
    "used": N_("This form was sent before with other words. Look whether the appeal is registered already."),
    "confirm": N_("Read the appeal back and tick that the caller confirmed it."),
}


async def _operator(principal: PagePrincipalDep) -> Principal | None:
    """Return the operator; None for an anonymous visitor, who is sent to sign in. Raises Forbidden for any other role."""
    return None if principal.is_anonymous else check_role(principal, "operator")


OperatorDep = Annotated[Principal | None, Depends(_operator)]
SignedInOperatorDep = Annotated[Principal, Depends(require_page("operator"))]


@dataclass(frozen=True, slots=True)
class CallRequest:
    """A request for the page, and what answers it. Forms are received, and registers are asked, between transactions."""

    request: Request
    intake: Intake
    units: UnitsOfWork
    sealer: Sealer

    async def current_call(self, operator: Principal) -> CurrentCall | None:
        """Return the call that the operator works on."""
        async with self.units.read() as work:
            return await current_call(work, operator.subject)


async def _call_request(request: Request, intake: IntakeDep, units: UnitsOfWorkDep, sealer: SealerDep) -> CallRequest:
    return CallRequest(request, intake, units, sealer)


CallRequestDep = Annotated[CallRequest, Depends(_call_request)]
router = APIRouter()
OWN_SITE: Final = [Depends(require_same_origin)]


@router.get("/call")
async def call_page(asked: CallRequestDep, operator: OperatorDep) -> Response:
    """The operator's page."""
    if operator is None:
        return _to_sign_in(asked.request)
    current = await asked.current_call(operator)
    return await _show(asked, operator, current, await _blank_form(asked, current))


@router.get("/call/live")
async def call_live(operator: OperatorDep, work: ReadDep) -> JSONResponse:
    """The figures of the centre and the operator's current call, which the page polls."""
    if operator is None:
        raise NotFound
    current = await current_call(work, operator.subject)
    now = {"call": str(current.call.id) if current else "", "state": current.call.state if current else ""}
    announced = " ".join(str(incident.id) for incident in await incidents.current(work, operator))
    return JSONResponse({**await live_figures(work), **now, "incidents": announced})


@router.get("/call/record/{appeal_id}")
async def record(request: Request, appeal_id: UUID, operator: OperatorDep, units: UnitsOfWorkDep) -> Response:
    """The record of an oral appeal, for the operator who wrote it down; every access is recorded in the audit log."""
    if operator is None:
        return _to_sign_in(request)
    async with units.write() as work:
        found = await oral_records.read_record(work, operator, appeal_id)
    return PAGES.render(request, "call_record.html", record=found, back=PATH)


@router.get("/call/{action}")
async def call_forms(request: Request, action: str) -> Response:
    """Redirect to the page: the addresses that forms post to have no page, and a reload or a change of language leads there."""
    if action not in FORMS:
        raise NotFound
    return PAGES.redirect(PATH + ("?" + urlencode({"lang": language_of(request)}) if "lang" in request.query_params else ""))


@router.post("/call/close", dependencies=OWN_SITE)
async def close(asked: CallRequestDep, operator: SignedInOperatorDep) -> Response:
    """Register and close a consultation that was answered in the call, by its topic alone."""
    sent, current = await read_fields(asked.request), await asked.current_call(operator)
    if not sent.get("quick.region"):
        errors = [("quick.region", _message(asked.request, "region"))]
        return await _show(asked, operator, current, await _blank_form(asked, current), errors=errors, status=422)
    return await _close(asked, operator, current, sent, topics=call_policy().topics)


@router.post("/call/same/{incident_id}", dependencies=OWN_SITE)
async def close_as_same(asked: CallRequestDep, incident_id: UUID, operator: SignedInOperatorDep) -> Response:
    """Register and close the call of somebody who asks about an announced incident and was read its answer."""
    sent, current = await read_fields(asked.request), await asked.current_call(operator)
    async with asked.units.read() as work:
        announced = {incident.id: incident for incident in await incidents.current(work, operator)}
    if incident_id not in announced:
        return PAGES.redirect(PATH, flash="incident-over")
    incident = announced[incident_id]
    given = {**sent, "topic": incident.topic, "quick.region": incident.region or sent.get("quick.region", "")}
    if not given["quick.region"]:
        errors = [("quick.region", _message(asked.request, "region"))]
        return await _show(asked, operator, current, await _blank_form(asked, current), errors=errors, status=422)
    return await _close(asked, operator, current, given, topics=[incident.topic], incident=incident_id)


async def _close(
    asked: CallRequest,
    operator: Principal,
    current: CurrentCall | None,
    sent: Mapping[str, str],
    *,
    topics: Collection[str],
    incident: UUID | None = None,
) -> Response:
    """Hold a consultation until it cannot be taken back any more. `incident`: the one that the caller spoke of."""
    now = asked.units.clock.now()
    received_at = _first_ring(asked, current, sent) or as_text(now)  # it is registered later, but received now
    appeal = call_form.consultation(sent, received_at=received_at, topics=topics)
    admission = _admission(operator)._replace(resolved_in_contact=True)
    check(appeal, admission, now)
    async with asked.units.write() as work:
        is_first = await consultations.hold(work, form.key_of(sent), appeal, admission, operator, incident=incident)
    return PAGES.redirect(PATH, flash=None if is_first else "closed-before")


@router.post("/call/undo/{held_id}", dependencies=OWN_SITE)
async def undo_closing(held_id: UUID, operator: SignedInOperatorDep, units: UnitsOfWorkDep) -> Response:
    """Take back a consultation that was closed by one key, while it waits."""
    async with units.write() as work:
        is_undone = await consultations.undo(work, held_id, operator)
    return PAGES.redirect(PATH, flash="closing-undone" if is_undone else "closing-done")


@router.post("/call/verify", dependencies=OWN_SITE)
async def verify(asked: CallRequestDep, operator: SignedInOperatorDep) -> Response:
    """Mark the caller as verified by the checks that the operator ticked."""
    sent, current = await read_fields(asked.request), await asked.current_call(operator)
    if current is None or sent.get("call") != str(current.call.id):
        raise NotFound
    checks = [code for code in codes(CallCodeGroup.CHECK) if sent.get(f"check.{code}")]
    if not are_enough(checks):
        errors = [("check.NAME", _message(asked.request, "not-enough"))]
        return await _show(asked, operator, current, await _blank_form(asked, current), errors=errors, status=422)
    async with asked.units.write() as work:
        await repository.verify_caller(work.session, current.call.id, checks)
    return PAGES.redirect(PATH, flash="verified")


@router.post("/call/outcome", dependencies=OWN_SITE)
async def outcome(asked: CallRequestDep, operator: SignedInOperatorDep) -> Response:
    """Record a verified caller's outcome of an answered appeal, and their score. Raises NotFound for an appeal not on the page."""
    sent, intake = await read_fields(asked.request), asked.intake
    async with asked.units.read() as work:
        current = await current_call(work, operator.subject)
        if current is None or sent.get("call") != str(current.call.id) or not current.is_verified:
            raise CallerNotVerified
        found, _ = await appeals_of(work, operator, current)
    appeal = next((pair.appeal for pair in found if str(pair.appeal.id) == sent.get("appeal")), None)
    if appeal is None or sent.get("outcome") not in set(Verdict):
        raise NotFound
    confirmation = ConfirmationIn.model_validate({"outcome": sent["outcome"], "reason": sent.get("reason") or None})
    score = SCORES.get(sent.get("score", ""))
    async with asked.units.write() as work:
        await _record_access(work, operator, appeal.id, current.call.id)
    try:
        if score is not None:
            await intake.actions.rate(appeal.id, FeedbackIn(score=score))
        done = await intake.actions.confirm(appeal.id, confirmation, key=form.key_of(sent))
    except (NotAnswered, OutcomeGiven, IdempotencyKeyReused):
        return PAGES.redirect(PATH, flash="outcome-known")
    if done.response.followed_by is not None:  # the caller learns of the new appeal nowhere else
        return registered(asked.request, done.response.followed_by, appeal.region, has_record=False)
    return PAGES.redirect(PATH, flash="outcome-noted")


async def _record_access(work: UnitOfWork, operator: Principal, appeal_id: UUID, call_id: UUID) -> None:
    """Record in the audit log who gave the outcome for the applicant, and in which call, before it takes effect."""
    await work.audit.record(reader=operator.subject, purpose=OUTCOME_PURPOSE, ids=[appeal_id, call_id])


@router.post("/call/insurance", dependencies=OWN_SITE)
async def insurance(asked: CallRequestDep, operator: SignedInOperatorDep) -> Response:
    """Show the insured status and the latest payments of a verified caller once; they are not stored."""
    sent, current = await read_fields(asked.request), await asked.current_call(operator)
    register = insurance_of(asked.request)
    if register is None:
        raise InsuranceNotConnected
    if current is None or sent.get("call") != str(current.call.id) or not current.is_verified:
        raise CallerNotVerified
    draft, iin = await _blank_form(asked, current), normalise_twelve(sent.get("iin", ""))
    if not is_valid_iin(iin):
        return await _show(asked, operator, current, draft, errors=[("iin", _message(asked.request, "iin"))], status=422)
    async with asked.units.write() as work:
        await record_look_up(work, iin=iin, call_id=current.call.id, operator=operator.subject)
    found = await look_up(register, iin)
    return await _show(asked, operator, current, draft, insured=(found,))


@router.post("/call/register", dependencies=OWN_SITE)
async def register_appeal(asked: CallRequestDep, operator: SignedInOperatorDep) -> Response:
    """Check, read back and register an appeal that was written down. A consultation answered in the call is not read back."""
    request, intake = asked.request, asked.intake
    sent, current = await read_fields(request), await asked.current_call(operator)
    draft, key = call_form.typed(sent), form.key_of(sent)
    if sent.get("step") != "send":
        intake.spend_preview(request, operator)
    if sent.get("step") == "edit":
        return await _show(asked, operator, current, draft, key=key)
    answered, confirmed = bool(draft[call_form.ANSWERED]), bool(sent.get("confirmed"))
    admission = _admission(operator)._replace(resolved_in_contact=answered)
    try:
        first_ring, now = _first_ring(asked, current, sent), asked.units.clock.now()
        appeal = call_form.appeal_of(draft, received_at=first_ring, answered_kinds=call_policy().answered_in_call)
        check(appeal, admission, now)
        if not answered and not confirmed:
            return read_back(
                request, draft, key=key, call=sent.get("call", ""), tried=sent.get("step") == "send", error=MESSAGES["confirm"]
            )
        call_id = current.call.id if current is not None and sent.get("call") == str(current.call.id) else None
        condition = None if answered else oral_records.with_record(operator=operator.subject, call_id=call_id, confirmed_at=now)
        receipt = await intake.file(appeal, admission, key=key, condition=condition)
    except (InvalidInput, MalformedText) as refusal:
        return await _show(asked, operator, current, draft, key=key, errors=_errors(request, refusal), status=refusal.status)
    except IdempotencyKeyReused as refusal:
        return await _show(asked, operator, current, draft, errors=[("", _message(request, "used"))], status=refusal.status)
    if answered:
        return PAGES.redirect(PATH, flash="consultation-closed")
    return registered(request, receipt.registered, appeal.region, has_record=True)


def as_text(moment: datetime) -> str:
    """Return a time as a request names it."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _to_sign_in(request: Request) -> Response:
    query = request.scope["query_string"].decode()
    here = f"{PATH}?{query}" if request.method == "GET" and request.scope["path"] == PATH and query else PATH
    return RedirectResponse("/sign-in?" + urlencode({"next": here}), 303)


def _message(request: Request, message: str) -> str:
    return PAGES.text(request, MESSAGES[message])


def _admission(operator: Principal) -> Admission:
    return admit_principal(operator, CHANNEL)


def _first_ring(asked: CallRequest, current: CurrentCall | None, sent: Mapping[str, str]) -> str | None:
    """Return when an appeal made in the call was received: at the first ring. АППК art. 64(3) then says when it is registered."""
    if current is None or sent.get("call") != str(current.call.id):
        return None
    return as_text(min(current.call.offered_at, asked.units.clock.now()))  # the exchange's clock may run ahead of ours


async def _blank_form(asked: CallRequest, current: CurrentCall | None) -> call_form.OperatorDraft:
    """Return an empty form with the number of the caller and the region that is known of them."""
    draft, language = call_form.typed({}), language_of(asked.request)
    async with asked.units.read() as work:
        draft["region"] = (await region_of(work, current)).code
    draft["language"] = language if language in forms.REPLY_LANGUAGES else ""
    number = caller_number(asked.sealer, current) if current is not None else None
    if number is not None:
        draft["applicant.phone"] = number
    return draft


async def _show(
    asked: CallRequest,
    operator: Principal,
    current: CurrentCall | None,
    draft: call_form.OperatorDraft,
    *,
    key: str | None = None,
    errors: list[tuple[str, str]] | None = None,
    insured: tuple[InsuredStatus | None] | None = None,
    status: int = 200,
) -> Response:
    """Render the page with the form of an appeal. `insured` as in `page_content`."""
    language, found = language_of(asked.request), errors or []
    async with asked.units.read() as work:
        content = await page_content(work, asked.request, operator, current, insured)
        entries, total = await ongoing_call_backs(work)
        held = await consultations.waiting(work, operator)
        announced = await incidents.current(work, operator)
    numbers: Mapping[UUID, str] = {}
    if claimed := call_backs.claimed_by(entries, operator.subject):
        async with asked.units.write() as work:
            numbers = await call_backs.numbers_of(work, claimed, operator.subject)
    return PAGES.render(
        asked.request,
        "call.html",
        status,
        **content,
        backs=call_back_lines(entries, numbers, operator, language, asked.units.clock.now()),
        backs_total=total,
        incidents=incident_banners(announced, language),
        held=held_lines(held, language, asked.units.clock.now()),
        draft=draft,
        key_value=key or new_key(),
        quick_key=new_key(),
        parts=call_form.shown(draft, language),
        services=call_form.services(language),
        subjects=json.dumps(dict(call_form.subjects())),
        errors=[(name or None, text) for name, text in found],
        error=dict(found),
    )


def _errors(request: Request, refusal: DomainError) -> list[tuple[str, str]]:
    own = {"service", "answered"}
    return [
        (name, _message(request, name) if name in own else PAGES.text(request, message))
        for name, message in form.errors_of(refusal, to_staff=True)
    ]
