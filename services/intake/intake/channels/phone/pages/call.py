"""The operator's page of the centre 1414: the call in hand, consultations closed by a key, appeals written down, call-backs."""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Annotated, Any, Final
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import RedirectResponse

from intake.channels.phone import repository
from intake.channels.phone.dependencies import insurance_of
from intake.channels.phone.errors import CallBackTaken, InsuranceNotConnected, NotVerified
from intake.channels.phone.pages.record import read_back, registered
from intake.channels.phone.pages.view import Matter, appeals_of, enough, in_hand, live, page
from intake.channels.phone.service import call_backs, oral_records
from intake.channels.phone.service.insurance import InsuredStatus, look_up
from intake.channels.phone.service.policy import codes, policy
from intake.forms.service import definitions as forms
from intake.forms.service import draft as form
from intake.forms.service import operator_form as call_form
from intake.pages_kit import PAGES
from intake.register.dependencies import CurrentIntake, Intake
from intake.register.errors import NotAnswered, OutcomeGiven
from intake.register.schemas import ConfirmationIn, FeedbackIn
from intake.register.service.admission import Admission, admit_principal
from intake.register.service.audit import record_read
from intake.register.service.filing import check
from intake.register.service.outcome import NOT_RESOLVED, RESOLVED, confirm, rate
from shared.auth import PagePrincipal, Principal, check_role, require_page
from shared.domain.identifiers import is_valid_iin, normalise_twelve
from shared.domain.labels import Language
from shared.errors import DomainError, InvalidInput, MalformedText, NotFound
from shared.forms import read_fields
from shared.idempotency import IdempotencyKeyReused, new_key
from shared.service import Parts
from shared.web.i18n import N_
from shared.web.languages import language_of
from shared.web.security import require_same_origin

PATH: Final = "/intake/call"
CHANNEL: Final = "CALL_1414"
SPOKEN_FOR: Final = "outcome-by-telephone"
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
Move = Callable[[AsyncSession, Parts, UUID, str], Awaitable[None]]
MOVES: Final[Mapping[str, Move]] = {"take": call_backs.take, "not-reached": call_backs.not_reached, "done": call_backs.done}


async def _operator(principal: PagePrincipal) -> Principal | None:
    """Who works here; None for nobody, who is shown the way to sign in. Raises Forbidden for any other role."""
    return None if principal.is_anonymous else check_role(principal, "operator")


Operator = Annotated[Principal | None, Depends(_operator)]
Working = Annotated[Principal, Depends(require_page("operator"))]
router = APIRouter()
OWN_SITE: Final = [Depends(require_same_origin)]


@router.get("/call")
async def call_page(request: Request, intake: CurrentIntake, operator: Operator) -> Response:
    if operator is None:
        return _to_sign_in(request)
    matter = await in_hand(intake.parts, operator.subject)
    return await _show(request, intake, operator, matter, _blank(intake.parts, matter, operator, language_of(request)))


@router.get("/call/live")
async def call_live(intake: CurrentIntake, operator: Operator) -> JSONResponse:
    """The figures, and which call is in hand: what the page asks for from time to time."""
    if operator is None:
        raise NotFound
    matter = await in_hand(intake.parts, operator.subject)
    now = {"call": str(matter.call.id) if matter else "", "state": matter.call.state if matter else ""}
    return JSONResponse({**await live(intake.parts), **now})


@router.get("/call/record/{appeal_id}")
async def record(request: Request, appeal_id: UUID, intake: CurrentIntake, operator: Operator) -> Response:
    """The record of an oral appeal, for whoever wrote it down; each look is recorded."""
    if operator is None:
        return _to_sign_in(request)
    record = await oral_records.read_record(intake.parts, operator, appeal_id)
    return PAGES.render(request, "call_record.html", back=PATH, **oral_records.shown(record, language_of(request)))


@router.get("/call/{action}")
async def call_forms(request: Request, action: str) -> Response:
    """Where forms are sent to is no page: a reload, or another language chosen there, leads back."""
    if action not in FORMS:
        raise NotFound
    return PAGES.redirect(PATH + ("?" + urlencode({"lang": language_of(request)}) if "lang" in request.query_params else ""))


@router.post("/call/close", dependencies=OWN_SITE)
async def close(request: Request, intake: CurrentIntake, operator: Working) -> Response:
    """A consultation answered in the call, by its topic alone."""
    sent, matter = await read_fields(request), await in_hand(intake.parts, operator.subject)
    if not sent.get("quick.region"):
        draft = _blank(intake.parts, matter, operator, language_of(request))
        return await _show(request, intake, operator, matter, draft, errors=[("quick.region", _say(request, "region"))], status=422)
    appeal = call_form.consultation(sent, received_at=_first_ring(intake.parts, matter, sent), topics=policy().topics)
    try:
        await intake.file(appeal, replace(_admission(operator), resolved_in_contact=True), key=form.key_of(sent))
    except IdempotencyKeyReused:  # two keys pressed at once: the first counts
        return PAGES.redirect(PATH, flash="closed-before")
    return PAGES.redirect(PATH, flash="consultation-closed")


@router.post("/call/verify", dependencies=OWN_SITE)
async def verify(request: Request, intake: CurrentIntake, operator: Working) -> Response:
    """The caller is who they say, by the checks that the operator ticks."""
    sent, matter = await read_fields(request), await in_hand(intake.parts, operator.subject)
    if matter is None or sent.get("call") != str(matter.call.id):
        raise NotFound
    checks = [code for code in codes("CHECK") if sent.get(f"check.{code}")]
    if not enough(checks):
        draft = _blank(intake.parts, matter, operator, language_of(request))
        return await _show(request, intake, operator, matter, draft, errors=[("check.NAME", _say(request, "not-enough"))], status=422)
    async with intake.parts.database.write() as session:
        await repository.verify_caller(session, matter.call.id, checks)
    return PAGES.redirect(PATH, flash="verified")


@router.post("/call/outcome", dependencies=OWN_SITE)
async def outcome(request: Request, intake: CurrentIntake, operator: Working) -> Response:
    """What a verified caller says of the answer to an appeal of theirs, and their mark. Raises NotFound for an appeal not on the page."""
    sent, matter = await read_fields(request), await in_hand(intake.parts, operator.subject)
    if matter is None or sent.get("call") != str(matter.call.id) or not matter.is_verified:
        raise NotVerified
    theirs, _ = await appeals_of(intake.parts, operator, matter)
    appeal = next((one for one, _ in theirs if str(one.id) == sent.get("appeal")), None)
    if appeal is None or sent.get("outcome") not in {RESOLVED, NOT_RESOLVED}:
        raise NotFound
    said = ConfirmationIn.model_validate({"outcome": sent["outcome"], "reason": sent.get("reason") or None})
    score = SCORES.get(sent.get("score", ""))
    await _note_spoken_for(intake.parts, operator, appeal.id, matter.call.id)
    try:
        if score is not None:
            await rate(intake.parts, appeal.id, FeedbackIn(score=score))
        done = await confirm(intake.parts, intake.register, appeal.id, said, key=form.key_of(sent))
    except (NotAnswered, OutcomeGiven, IdempotencyKeyReused):
        return PAGES.redirect(PATH, flash="outcome-known")
    if done.told.followed_by is not None:  # who hears of the new appeal but here?
        return registered(request, done.told.followed_by, appeal.region, has_record=False)
    return PAGES.redirect(PATH, flash="outcome-noted")


async def _note_spoken_for(parts: Parts, operator: Principal, appeal_id: UUID, call_id: UUID) -> None:
    """Who said it for the applicant, and in which call: kept beside the audit of reads, before it takes effect."""
    async with parts.database.write() as session:
        await record_read(session, parts, reader=operator.subject, purpose=SPOKEN_FOR, ids=[appeal_id, call_id])


@router.post("/call/insurance", dependencies=OWN_SITE)
async def insurance(request: Request, intake: CurrentIntake, operator: Working) -> Response:
    """Insured status and last payments of a verified caller: shown once, kept nowhere."""
    sent, matter = await read_fields(request), await in_hand(intake.parts, operator.subject)
    register = insurance_of(request)
    if register is None:
        raise InsuranceNotConnected
    if matter is None or sent.get("call") != str(matter.call.id) or not matter.is_verified:
        raise NotVerified
    draft, iin = _blank(intake.parts, matter, operator, language_of(request)), normalise_twelve(sent.get("iin", ""))
    if not is_valid_iin(iin):
        return await _show(request, intake, operator, matter, draft, errors=[("iin", _say(request, "iin"))], status=422)
    found = await look_up(intake.parts, register, iin=iin, call_id=matter.call.id, operator=operator.subject)
    return await _show(request, intake, operator, matter, draft, insured=(found,))


@router.post("/call/register", dependencies=OWN_SITE)
async def register_appeal(request: Request, intake: CurrentIntake, operator: Working) -> Response:
    """An appeal written down: looked at, read back, registered. A consultation answered in the call needs no reading back."""
    sent, matter = await read_fields(request), await in_hand(intake.parts, operator.subject)
    draft, key = call_form.typed(sent), form.key_of(sent)
    if sent.get("step") != "send":
        intake.spend_preview(request, operator)
    if sent.get("step") == "edit":
        return await _show(request, intake, operator, matter, draft, key=key)
    answered, confirmed = bool(draft[call_form.ANSWERED]), bool(sent.get("confirmed"))
    admission = replace(_admission(operator), resolved_in_contact=answered)
    try:
        first_ring = _first_ring(intake.parts, matter, sent)
        appeal = call_form.appeal_of(draft, received_at=first_ring, answered_kinds=policy().answered_in_call)
        check(appeal, admission, intake.parts.clock.now())
        if not answered and not confirmed:
            return read_back(
                request, draft, key=key, call=sent.get("call", ""), tried=sent.get("step") == "send", error=MESSAGES["confirm"]
            )
        call_id = matter.call.id if matter is not None and sent.get("call") == str(matter.call.id) else None
        record = None if answered else oral_records.with_record(intake.parts, operator=operator.subject, call_id=call_id)
        receipt = await intake.file(appeal, admission, key=key, condition=record)
    except (InvalidInput, MalformedText) as refusal:
        errors = _errors(request, refusal)
        return await _show(request, intake, operator, matter, draft, key=key, errors=errors, status=refusal.status)
    except IdempotencyKeyReused as refusal:
        errors = [("", _say(request, "used"))]
        return await _show(request, intake, operator, matter, draft, errors=errors, status=refusal.status)
    if answered:
        return PAGES.redirect(PATH, flash="consultation-closed")
    return registered(request, receipt.registered, appeal.region, has_record=True)


@router.post("/call/back/{call_back_id}/{move}", dependencies=OWN_SITE)
async def call_back(call_back_id: UUID, move: str, intake: CurrentIntake, operator: Working) -> Response:
    """Take an entry of the list, say that nobody answered, or that it is done."""
    if move not in MOVES:
        raise NotFound
    try:
        async with intake.parts.database.write() as session:
            await MOVES[move](session, intake.parts, call_back_id, operator.subject)
    except CallBackTaken:
        return PAGES.redirect(PATH, flash="call-back-taken")
    return PAGES.redirect(PATH)


def _to_sign_in(request: Request) -> Response:
    query = request.scope["query_string"].decode()
    here = f"{PATH}?{query}" if request.method == "GET" and request.scope["path"] == PATH and query else PATH
    return RedirectResponse("/sign-in?" + urlencode({"next": here}), 303)


def _say(request: Request, message: str) -> str:
    return PAGES.text(request, MESSAGES[message])


def _admission(operator: Principal) -> Admission:
    return admit_principal(operator, CHANNEL)


def _first_ring(parts: Parts, matter: Matter | None, sent: Mapping[str, str]) -> str | None:
    """When what is told in a call was received: at its first ring (АППК art. 64(3) then says when it is registered)."""
    if matter is None or sent.get("call") != str(matter.call.id):
        return None
    rang_at = min(matter.call.offered_at, parts.clock.now())  # the exchange's clock may run ahead of ours
    return rang_at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _blank(parts: Parts, matter: Matter | None, operator: Principal, language: Language) -> call_form.Draft:
    """An empty form with the number of whoever is on the line, and the operator's region."""
    draft = call_form.typed({})
    draft["region"] = (matter.call.region if matter else None) or operator.region or ""
    draft["language"] = language if language in forms.REPLY_LANGUAGES else ""
    if matter is not None and matter.back is not None and matter.back.number is not None:
        draft["applicant.phone"] = parts.sealer.open("call_back", matter.back.id, "number", matter.back.number).decode()
    elif matter is not None and matter.call.number is not None:
        draft["applicant.phone"] = parts.sealer.open("call", matter.call.id, "number", matter.call.number).decode()
    return draft


async def _show(
    request: Request,
    intake: Intake,
    operator: Principal,
    matter: Matter | None,
    draft: call_form.Draft,
    *,
    key: str | None = None,
    errors: list[tuple[str, str]] | None = None,
    insured: tuple[InsuredStatus | None] | None = None,
    status: int = 200,
) -> Response:
    language, found = language_of(request), errors or []
    context: dict[str, Any] = {
        **await page(request, intake, operator, matter, insured),
        "draft": draft,
        "key_value": key or new_key(),
        "quick_key": new_key(),
        "parts": call_form.shown(draft, language),
        "services": call_form.services(language),
        "subjects": json.dumps(dict(call_form.subjects())),
        "errors": [(name or None, text) for name, text in found],
        "error": dict(found),
    }
    return PAGES.render(request, "call.html", status, **context)


def _errors(request: Request, refusal: DomainError) -> list[tuple[str, str]]:
    own = {"service", "answered"}
    return [(name, _say(request, name) if name in own else PAGES.text(request, message)) for name, message in form.errors_of(refusal)]
