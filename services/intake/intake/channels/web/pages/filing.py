"""Filing an appeal in steps: the form, its preview, and the talon. Each step is a post of the same form."""

import asyncio
import contextlib
from collections.abc import Sequence
from datetime import date
from typing import Any, Final, NamedTuple
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, JSONResponse
from pydantic import ValidationError
from starlette.responses import RedirectResponse

from intake.attachments.dependencies import form_uploads as uploads
from intake.channels.web.service.talon import kinds, talon_page
from intake.forms.service import definitions as forms
from intake.forms.service import draft as form
from intake.forms.service import questions
from intake.forms.service.consents import consents
from intake.pages_kit import PAGES, wait_of
from intake.register.dependencies import IntakeDep
from intake.register.schemas.filing import Filing
from intake.register.service import providers
from intake.register.service.admission import admit_anonymous
from intake.suggestions.dependencies import Suggester, SuggesterDep
from intake.suggestions.schemas import SelfServiceIn
from intake.suggestions.service import shown_ids
from shared.budget import client_network
from shared.clock import Clock
from shared.dependencies import ClockDep, ReadDep, UnitsOfWorkDep
from shared.domain import registration
from shared.domain.calendar import CalendarGap, planning_calendar
from shared.domain.deadlines import due_on, policies, policy_for_form
from shared.domain.labels import Language
from shared.domain.provider_names import Hit
from shared.domain.regions import CENTRAL_OFFICE, regions
from shared.errors import DomainError, InvalidInput, MalformedText, NotFound, TooMany
from shared.forms import read_fields
from shared.idempotency import IdempotencyKeyReused, new_key
from shared.language.danger import speaks_of_danger
from shared.offload import run_on_text
from shared.unit_of_work import UnitsOfWork
from shared.web.i18n import N_
from shared.web.languages import language_of
from shared.web.security import require_same_origin

router = APIRouter()

WEB: Final = "WEB"

PROVIDERS_CACHED: Final = {"Cache-Control": "public, max-age=300"}  # the directory is public and changes seldom


@router.get("/")
async def blank_form(request: Request, clock: ClockDep) -> HTMLResponse:
    return _form(request, clock, form.blank(request.query_params, language_of(request)), key=new_key())


@router.post("/", dependencies=[Depends(require_same_origin)])
async def next_step(request: Request, intake: IntakeDep, suggester: SuggesterDep, units: UnitsOfWorkDep) -> HTMLResponse:
    sent = await uploads.receive_form(request, intake)
    draft, key = form.typed(sent.fields), form.key_of(sent.fields)
    earlier = [] if sent.fields.get("uploads.drop") else uploads.parse_tickets(draft[form.UPLOADS])
    draft[form.UPLOADS] = uploads.format_tickets([*earlier, *sent.tickets])
    step, shown = sent.fields.get("step"), shown_ids(sent.fields.get("shown", ""))
    if step != "send":
        intake.spend_preview(request)
    if step == "edit":
        return _form(request, units.clock, draft, key=key, refused=sent.refused)
    try:
        appeal, filing = form.filing_of(draft, units.clock)
        if step != "send":
            return await _preview(request, units, draft, filing, key=key, refused=sent.refused, offer=suggester, shown=shown)
        intake.anonymous.spend(intake.address(request))
        receipt = await intake.file(appeal, admit_anonymous(None), key=key, condition=suggester.noting(shown))
    except (InvalidInput, MalformedText) as refusal:
        return _form(request, units.clock, draft, key=key, refusal=refusal, refused=sent.refused)
    except TooMany as refusal:
        response = await _preview(request, units, draft, filing, key=key, wait=wait_of(refusal), status=refusal.status)
        response.headers.update(refusal.headers)
        return response
    except IdempotencyKeyReused as refusal:  # sent before and changed since: the visitor decides whether it is a second appeal
        return await _preview(request, units, draft, filing, key=new_key(), sent_before=True, status=refusal.status)
    tickets = uploads.parse_tickets(draft[form.UPLOADS])
    refused = await uploads.attach_all(request, intake, receipt.registered.appeal_id, tickets, as_filed=True)
    return await talon_page(request, receipt, filing, refused)


@router.post("/answered", dependencies=[Depends(require_same_origin)])
async def answered(request: Request, intake: IntakeDep, suggester: SuggesterDep, units: UnitsOfWorkDep) -> HTMLResponse:
    """Count a question that an article answered: nothing is filed, and no text comes here. A list that was shown counts once."""
    sent, address = await read_fields(request), intake.address(request)
    intake.spend_preview(request)
    region, language, ticket = sent.get("region", ""), language_of(request), sent.get("ticket") or None
    given = {"article_id": sent.get("article_id"), "channel": WEB, "region": region if region in regions() else None, "language": language}
    try:
        counted = SelfServiceIn.model_validate(given | {"ticket": ticket})
        with contextlib.suppress(TooMany):  # the visitor has their answer; more from one address are not counted
            intake.self_service.spend(address)
            async with units.write() as work:
                await suggester.record(work, counted, f"address/{client_network(address)}")
    except (ValidationError, InvalidInput):
        raise NotFound from None
    return PAGES.render(request, "answered.html")


@router.get("/answered")
async def no_answer() -> RedirectResponse:
    """Redirect to the form: a change of language or a reload leads here."""
    return PAGES.redirect("/intake/")


@router.get("/providers")
async def providers_of(region: str, work: ReadDep) -> JSONResponse:
    """Return the providers of a region for the form's suggestions: all at once, so that no typed text gets into an address."""
    if region not in regions():
        raise NotFound
    found = await providers.active_providers(work.session, region)
    return JSONResponse({"items": [{"kk": provider.name_kk, "ru": provider.name_ru} for provider in found]}, headers=PROVIDERS_CACHED)


def _form(
    request: Request, clock: Clock, draft: form.WebDraft, *, key: str, refusal: DomainError | None = None, refused: Sequence[str] = ()
) -> HTMLResponse:
    """Render the form. `refused`: messages about documents that were not accepted; the appeal can be sent without them."""
    language = language_of(request)
    errors = [(name, PAGES.text(request, message)) for name, message in form.errors_of(refusal)] if refusal else []
    if refusal and not errors:
        errors = [("", PAGES.text(request, N_("This cannot be registered today. Please call 1414.")))]
    sentences = {text: PAGES.text(request, text) for text in (*questions.NOT_CHOSEN.values(), questions.ELSEWHERE, questions.REST)}
    context: dict[str, Any] = {
        "draft": draft,
        "draft_mode": "restore" if request.method == "GET" else "keep",
        "key": key,
        "errors": [(name or None, text) for name, text in errors],
        "error": dict(errors),
        "kinds": kinds(request, language),
        "sections": questions.sections(draft, dict(errors), language, sentences),
        "documents": _documents(language),
        "missing": {name: PAGES.text(request, text) for name, text in form.REQUIRED.items()},
        "attached": len(uploads.parse_tickets(draft[form.UPLOADS])),
        "refused": refused,
        "consents": {f"consents.{consent.code}": consent for consent in consents(language)},
        "due_on": _due_if_filed_now(clock, draft["region"]),
        "suggestion_language": language,
        "provider_days": policies()["PROVIDER_REPLY"].amount,
    }
    return PAGES.render(request, "file.html", refusal.status if refusal else 200, **context)


async def _preview(
    request: Request,
    units: UnitsOfWork,
    draft: form.WebDraft,
    filing: Filing,
    *,
    key: str,
    refused: Sequence[str] = (),
    wait: int | None = None,
    sent_before: bool = False,
    status: int = 200,
    offer: Suggester | None = None,
    shown: Sequence[UUID] = (),
) -> HTMLResponse:
    """Render the preview. `offer`: finds articles that may answer a question; `shown`: those that were shown before."""
    language = language_of(request)
    articles = await offer.suggest(draft["text"], language, draft["kind"]) if offer is not None else []
    name = draft["provider.name"]
    found = await _suggested(units, name, filing.region) if name else []
    chosen = draft["provider.provider_id"] or str(getattr(providers.only_match(found), "id", ""))
    return PAGES.render(
        request,
        "preview.html",
        status,
        draft=draft,
        hidden={name: value for name, value in draft.items() if name != "provider.provider_id"},
        key=key,
        kind=form.label_of(draft, language),
        subject=questions.given(draft, "matter", language),
        applicant=[*questions.given(draft, "applicant", language), *questions.given(draft, "patient", language)],
        answer=questions.given(draft, "answer", language),
        danger=await run_on_text(draft["text"], speaks_of_danger, draft["text"]),
        attached=len(uploads.parse_tickets(draft[form.UPLOADS])),
        refused=refused,
        options=[(str(hit.provider.id), providers.name_in(hit.provider, language)) for hit in found],
        chosen=chosen,
        consents=[consent for consent in consents(language) if consent.code in filing.consents],
        anonymous=form.is_anonymous(draft),
        missing=[field.label.in_(language) for field in form.missing_by_law(draft)],
        due_on=filing.deadline.due_on,
        wait=wait,
        sent_before=sent_before,
        suggestions=articles,
        ticket=(offer.ticket(articles) if offer is not None else None) or "",
        shown=" ".join(dict.fromkeys(str(each) for each in (*shown, *(article.article_id for article in articles)))),
    )


async def _suggested(units: UnitsOfWork, name: str, region: str) -> Sequence[Hit[providers.ListedProvider]]:
    """Return the organisations of a region that a typed name may mean, searched after the unit of work is closed."""
    async with units.read() as work:
        listed = await providers.active_providers(work.session, region)
    return await asyncio.to_thread(providers.suggest, name, listed)


class DocumentsInput(NamedTuple):
    """The form's input for documents. `accept`: the file name extensions that are accepted."""

    label: str
    hint: str | None
    accept: str
    limits: uploads.FileLimits


def _documents(language: Language) -> DocumentsInput:
    field = next(service.field(forms.FILES) for service in forms.services(form.CHANNEL))
    assert field is not None  # noqa: S101 - every form of the web has this field
    hint = field.hint.in_(language) if field.hint else None
    return DocumentsInput(field.label.in_(language), hint, uploads.accepted_extensions(), uploads.file_limits(language))


def _due_if_filed_now(clock: Clock, region: str) -> date | None:
    """Return the last day to answer an appeal filed now, without a statutory form; None if the calendar does not cover it."""
    location = region if region in regions() else CENTRAL_OFFICE
    try:
        start = registration.registered_at(clock.now(), location).astimezone(regions()[location].timezone).date()
        return due_on(start, policies()[policy_for_form(None)], planning_calendar()).due_on
    except CalendarGap:
        return None
