"""Filing an appeal in steps: the form, a look at it before it is sent, and the talon. Each step is a post of the same form."""

import asyncio
from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, JSONResponse

from intake.attachments.service import form_uploads as uploads
from intake.channels.web.service.talon import kinds, talon_page
from intake.forms.service import definitions as forms
from intake.forms.service import draft as form
from intake.forms.service import questions
from intake.forms.service.consents import consents
from intake.pages_kit import PAGES, wait_of
from intake.register.dependencies import Intake, IntakeDep
from intake.register.service import providers
from intake.register.service.admission import admit_anonymous
from intake.register.service.filing import Filing
from shared.domain import registration
from shared.domain.calendar import CalendarGap, planning_calendar
from shared.domain.deadlines import due_on, policies, policy_for_form
from shared.domain.labels import Language
from shared.domain.regions import CENTRAL_OFFICE, regions
from shared.errors import DomainError, InvalidInput, MalformedText, NotFound, TooMany
from shared.idempotency import IdempotencyKeyReused, new_key
from shared.language.danger import speaks_of_danger
from shared.offload import run_on_text
from shared.web.i18n import N_
from shared.web.languages import language_of
from shared.web.security import require_same_origin

router = APIRouter()

PROVIDERS_KEPT: Final = {"Cache-Control": "public, max-age=300"}  # the directory is public and changes seldom


@router.get("/")
async def blank_form(request: Request, intake: IntakeDep) -> HTMLResponse:
    return _form(request, intake, form.blank(request.query_params, language_of(request)), key=new_key())


@router.post("/", dependencies=[Depends(require_same_origin)])
async def next_step(request: Request, intake: IntakeDep) -> HTMLResponse:
    sent = await uploads.sent(request, intake)
    draft, key = form.typed(sent.fields), form.key_of(sent.fields)
    kept = [] if sent.fields.get("uploads.drop") else uploads.read(draft[form.UPLOADS])
    draft[form.UPLOADS] = uploads.written([*kept, *sent.tickets])
    step = sent.fields.get("step")
    if step != "send":
        intake.spend_preview(request)
    if step == "edit":
        return _form(request, intake, draft, key=key, refused=sent.refused)
    try:
        appeal, filing = form.filing_of(draft, intake.parts.clock)
        if step != "send":
            return await _preview(request, intake, draft, filing, key=key, refused=sent.refused)
        intake.anonymous.spend(intake.address(request))
        receipt = await intake.file(appeal, admit_anonymous(None), key=key)
    except (InvalidInput, MalformedText) as refusal:
        return _form(request, intake, draft, key=key, refusal=refusal, refused=sent.refused)
    except TooMany as refusal:
        response = await _preview(request, intake, draft, filing, key=key, wait=wait_of(refusal), status=refusal.status)
        response.headers.update(refusal.headers)
        return response
    except IdempotencyKeyReused as refusal:  # sent before, changed after: whether it is a second appeal is for the visitor to say
        return await _preview(request, intake, draft, filing, key=new_key(), sent_before=True, status=refusal.status)
    tickets = uploads.read(draft[form.UPLOADS])
    refused = await uploads.enclose_all(request, intake, receipt.registered.appeal_id, tickets, as_filed=True)
    return await talon_page(request, receipt, filing, refused)


@router.get("/providers")
async def providers_of(region: str, intake: IntakeDep) -> JSONResponse:
    """Names for the form's suggestions: all of a region at once, so that nothing a visitor types goes into an address."""
    if region not in regions():
        raise NotFound
    found = await _providers(intake, region)
    return JSONResponse({"items": [{"kk": one.name_kk, "ru": one.name_ru} for one in found]}, headers=PROVIDERS_KEPT)


def _form(
    request: Request, intake: Intake, draft: form.Draft, *, key: str, refusal: DomainError | None = None, refused: Sequence[str] = ()
) -> HTMLResponse:
    """`refused`: what is said of documents that were not taken; they hold nothing up."""
    language = language_of(request)
    errors = [(name, PAGES.text(request, message)) for name, message in form.errors_of(refusal)] if refusal else []
    if refusal and not errors:
        errors = [("", PAGES.text(request, N_("This cannot be registered today. Please call 1414.")))]
    sentences = {one: PAGES.text(request, one) for one in (*questions.NOT_CHOSEN.values(), questions.ELSEWHERE, questions.REST)}
    context: dict[str, Any] = {
        "draft": draft,
        "draft_mode": "restore" if request.method == "GET" else "keep",
        "key": key,
        "errors": [(name or None, text) for name, text in errors],
        "error": dict(errors),
        "kinds": kinds(request, language),
        "sections": questions.sections(draft, dict(errors), language, sentences),
        "documents": _documents(language),
        "enclosed": len(uploads.read(draft[form.UPLOADS])),
        "refused": refused,
        "consents": {f"consents.{one.code}": one for one in consents(language)},
        "due_on": _due_if_filed_now(intake, draft["region"]),
        "provider_days": policies()["PROVIDER_REPLY"].amount,
    }
    return PAGES.render(request, "file.html", refusal.status if refusal else 200, **context)


async def _preview(
    request: Request,
    intake: Intake,
    draft: form.Draft,
    filing: Filing,
    *,
    key: str,
    refused: Sequence[str] = (),
    wait: int | None = None,
    sent_before: bool = False,
    status: int = 200,
) -> HTMLResponse:
    language = language_of(request)
    name = draft["provider.name"]
    found = await asyncio.to_thread(providers.nearest, name, await _providers(intake, filing.region)) if name else []
    meant = draft["provider.provider_id"] or str(getattr(providers.only_match(found), "id", ""))
    return PAGES.render(
        request,
        "preview.html",
        status,
        draft=draft,
        hidden={name: value for name, value in draft.items() if name != "provider.provider_id"},
        key=key,
        kind=form.label_of(draft, language),
        matter=questions.given(draft, "matter", language),
        applicant=[*questions.given(draft, "applicant", language), *questions.given(draft, "patient", language)],
        answer=questions.given(draft, "answer", language),
        danger=await run_on_text(draft["text"], speaks_of_danger, draft["text"]),
        enclosed=len(uploads.read(draft[form.UPLOADS])),
        refused=refused,
        options=[(str(one.id), providers.name_in(one, language)) for one, _ in found],
        meant=meant,
        consents=[one for one in consents(language) if one.code in filing.consents],
        anonymous=form.is_anonymous(draft),
        missing=[one.label.in_(language) for one in form.missing_by_law(draft)],
        due_on=filing.deadline.due_on,
        wait=wait,
        sent_before=sent_before,
    )


async def _providers(intake: Intake, region: str) -> Sequence[providers.ListedProvider]:
    async with intake.parts.database.read() as session:
        return await providers.active_providers(session, region)


def _documents(language: Language) -> dict[str, Any]:
    """The input for documents: every form of the web has it."""
    asked = next(one.field(forms.FILES) for one in forms.services(form.CHANNEL))
    assert asked is not None  # noqa: S101 - see above
    return {"label": asked.label.in_(language), "hint": asked.hint.in_(language) if asked.hint else None, "accept": uploads.accepted()}


def _due_if_filed_now(intake: Intake, region: str) -> date | None:
    """The last day for the answer to an appeal of no declared form; None where the calendar does not reach."""
    place = region if region in regions() else CENTRAL_OFFICE
    try:
        start = registration.registered_at(intake.parts.clock.now(), place).astimezone(regions()[place].timezone).date()
        return due_on(start, policies()[policy_for_form(None)], planning_calendar()).due_on
    except CalendarGap:
        return None
