"""The operator's page of the centre 1414: the current call, consultations closed by a key, appeals written down, call-backs."""

from typing import Final
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from intake.channels.phone import repository
from intake.channels.phone.codes import CallCodeGroup
from intake.channels.phone.dependencies import insurance_of
from intake.channels.phone.errors import CallerNotVerified, InsuranceNotConnected
from intake.channels.phone.pages.record import read_back, registered
from intake.channels.phone.pages.screen import (
    MESSAGES,
    OWN_SITE,
    PATH,
    CallRequestDep,
    OperatorDep,
    SignedInOperatorDep,
    admission_of,
    blank_form,
    close_consultation,
    errors_of,
    first_ring,
    message_of,
    show,
    to_sign_in,
)
from intake.channels.phone.pages.suggestions import SHOWN, offered
from intake.channels.phone.pages.view import (
    appeals_of,
    are_enough,
    current_call,
    live_figures,
)
from intake.channels.phone.policy import call_policy, codes
from intake.channels.phone.service import consultations, incidents, oral_records
from intake.channels.phone.service.insurance import look_up, record_look_up
from intake.forms.service import draft as form
from intake.forms.service import operator_form as call_form
from intake.pages_kit import PAGES
from intake.register.codes import Verdict
from intake.register.errors import NotAnswered, OutcomeGiven
from intake.register.schemas import ConfirmationIn, FeedbackIn
from intake.register.service.filing import check
from intake.register.service.registration import all_conditions
from intake.suggestions.dependencies import SuggesterDep
from shared.auth import Principal
from shared.dependencies import ReadDep, UnitsOfWorkDep
from shared.domain.identifiers import is_valid_iin, normalise_twelve
from shared.errors import InvalidInput, MalformedText, NotFound
from shared.forms import read_fields
from shared.idempotency import IdempotencyKeyReused
from shared.unit_of_work import UnitOfWork
from shared.web.languages import language_of

OUTCOME_PURPOSE: Final = "outcome-by-telephone"
FORMS: Final = frozenset({"close", "outcome", "verify", "insurance", "register", "answered", "suggestions"})
SCORES: Final = {str(score): score for score in range(1, 6)}

router = APIRouter()


@router.get("/call")
async def call_page(asked: CallRequestDep, operator: OperatorDep) -> Response:
    """The operator's page."""
    if operator is None:
        return to_sign_in(asked.request)
    current = await asked.current_call(operator)
    return await show(asked, operator, current, await blank_form(asked, current))


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
        return to_sign_in(request)
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
        errors = [("quick.region", message_of(asked.request, "region"))]
        return await show(asked, operator, current, await blank_form(asked, current), errors=errors, status=422)
    return await close_consultation(asked, operator, current, sent, topics=call_policy().topics)


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
        errors = [("quick.region", message_of(asked.request, "region"))]
        return await show(asked, operator, current, await blank_form(asked, current), errors=errors, status=422)
    return await close_consultation(asked, operator, current, given, topics=[incident.topic], incident=incident_id)


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
        errors = [("check.NAME", message_of(asked.request, "not-enough"))]
        return await show(asked, operator, current, await blank_form(asked, current), errors=errors, status=422)
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
    draft, iin = await blank_form(asked, current), normalise_twelve(sent.get("iin", ""))
    if not is_valid_iin(iin):
        return await show(asked, operator, current, draft, errors=[("iin", message_of(asked.request, "iin"))], status=422)
    async with asked.units.write() as work:
        await record_look_up(work, iin=iin, call_id=current.call.id, operator=operator.subject)
    found = await look_up(register, iin)
    return await show(asked, operator, current, draft, insured=(found,))


@router.post("/call/register", dependencies=OWN_SITE)
async def register_appeal(asked: CallRequestDep, operator: SignedInOperatorDep, suggester: SuggesterDep) -> Response:
    """Check, read back and register an appeal that was written down. A consultation answered in the call is not read back.

    The step `suggest` shows the articles that may answer it; those that were shown are noted with the appeal.
    """
    request, intake = asked.request, asked.intake
    sent, current = await read_fields(request), await asked.current_call(operator)
    draft, key = call_form.typed(sent), form.key_of(sent)
    if sent.get("step") != "send":
        intake.spend_preview(request, operator)
    offer = await offered(request, suggester, sent, asked=sent.get("step") == "suggest")
    if sent.get("step") in {"edit", "suggest"}:
        return await show(asked, operator, current, draft, key=key, offered=offer)
    answered, confirmed = bool(draft[call_form.ANSWERED]), bool(sent.get("confirmed"))
    admission = admission_of(operator)._replace(resolved_in_contact=answered)
    try:
        received_at, now = first_ring(asked, current, sent), asked.units.clock.now()
        appeal = call_form.appeal_of(draft, received_at=received_at, answered_kinds=call_policy().answered_in_call)
        check(appeal, admission, now)
        if not answered and not confirmed:
            hidden = {"key": key, "call": sent.get("call", ""), SHOWN: offer.noted}
            return read_back(request, draft, hidden, tried=sent.get("step") == "send", error=MESSAGES["confirm"])
        call_id = current.call.id if current is not None and sent.get("call") == str(current.call.id) else None
        condition = None if answered else oral_records.with_record(operator=operator.subject, call_id=call_id, confirmed_at=now)
        receipt = await intake.file(appeal, admission, key=key, condition=all_conditions(condition, suggester.noting(offer.shown)))
    except (InvalidInput, MalformedText) as refusal:
        return await show(
            asked, operator, current, draft, key=key, errors=errors_of(request, refusal), offered=offer, status=refusal.status
        )
    except IdempotencyKeyReused as refusal:
        return await show(asked, operator, current, draft, errors=[("", message_of(request, "used"))], status=refusal.status)
    if answered:
        return PAGES.redirect(PATH, flash="consultation-closed")
    return registered(request, receipt.registered, appeal.region, has_record=True)
