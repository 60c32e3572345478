"""Filing an appeal in steps: the form, a look at it before it is sent, and the talon. Each step is a post of the same form."""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, JSONResponse

from intake import repository
from intake.channels import web
from intake.models import Provider
from intake.pages import form, providers
from intake.pages.consents import consents
from intake.pages.kit import PAGES, posted, wait_of
from intake.service.filing import Filing
from intake.service.register import Receipt
from intake.state import CurrentIntake, Intake
from shared.domain import registration
from shared.domain.calendar import CalendarGap, working_calendar
from shared.domain.deadlines import due_on, policies, policy_for_form
from shared.domain.labels import Language
from shared.domain.regions import CENTRAL_OFFICE, branch_label, regions
from shared.domain.taxonomy import taxonomy
from shared.errors import DomainError, InvalidInput, MalformedText, NotFound, TooMany
from shared.idempotency import IdempotencyKeyReused
from shared.web.i18n import N_
from shared.web.languages import language_of
from shared.web.security import require_same_origin

router = APIRouter()

# What people mostly come for; what fits none of them is sorted by its words.
KINDS: Final = {
    "CONSULTATION": N_("contributions, insured status, referral, medicines"),
    "COMPLAINT": N_("refused, treated badly, made to pay or to wait"),
    "REQUEST": N_("help to get care or a document"),
    "REPORT": N_("services recorded that nobody received, extortion"),
    "SUGGESTION": N_("something could be done better"),
    "GRATITUDE": N_("if you want to say thank you"),
}
PROVIDERS_KEPT: Final = {"Cache-Control": "public, max-age=300"}  # the directory is public and changes seldom


@router.get("/")
async def blank_form(request: Request, intake: CurrentIntake) -> HTMLResponse:
    return _form(request, intake, form.blank(request.query_params, language_of(request)), key=str(intake.parts.ids.new()))


@router.post("/", dependencies=[Depends(require_same_origin)])
async def next_step(request: Request, intake: CurrentIntake) -> HTMLResponse:
    fields = await posted(request)
    draft, key = form.typed(fields), form.key_of(fields, intake.parts.ids)
    step = fields.get("step")
    if step == "edit":
        return _form(request, intake, draft, key=key)
    try:
        appeal, filing = form.filing_of(draft, intake.parts.clock)
        if step != "send":
            return await _preview(request, intake, draft, filing, key=key)
        intake.anonymous.spend(intake.address(request))
        receipt = await intake.file(appeal, web.admit(None), key=key)
    except (InvalidInput, MalformedText) as refusal:
        return _form(request, intake, draft, key=key, refusal=refusal)
    except TooMany as refusal:
        response = await _preview(request, intake, draft, filing, key=key, wait=wait_of(refusal), status=refusal.status)
        response.headers.update(refusal.headers)
        return response
    except IdempotencyKeyReused as refusal:  # sent before, changed after: whether it is a second appeal is for the visitor to say
        return await _preview(request, intake, draft, filing, key=str(intake.parts.ids.new()), sent_before=True, status=refusal.status)
    return _receipt(request, receipt, filing)


@router.get("/providers")
async def providers_of(region: str, intake: CurrentIntake) -> JSONResponse:
    """Names for the form's suggestions: all of a region at once, so that nothing a visitor types goes into an address."""
    if region not in regions():
        raise NotFound
    found = await _providers(intake, region)
    return JSONResponse({"items": [{"kk": one.name_kk, "ru": one.name_ru} for one in found]}, headers=PROVIDERS_KEPT)


def _form(request: Request, intake: Intake, draft: form.Draft, *, key: str, refusal: DomainError | None = None) -> HTMLResponse:
    language = language_of(request)
    errors = [(name, PAGES.text(request, message)) for name, message in form.errors_of(refusal)] if refusal else []
    if refusal and not errors:
        errors = [("", PAGES.text(request, N_("This cannot be registered today. Please call 1414.")))]
    context: dict[str, Any] = {
        "draft": draft,
        "key": key,
        "errors": [(name or None, text) for name, text in errors],
        "error": dict(errors),
        "kinds": _kinds(request, draft["kind"], language),
        "categories": _categories(language),
        "topics": [(one.code, one.label.in_(language)) for one in taxonomy().topics.values()],
        "regions": _regions(request, language),
        "consents": consents(language),
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
    wait: int | None = None,
    sent_before: bool = False,
    status: int = 200,
) -> HTMLResponse:
    language = language_of(request)
    found = providers.nearest(draft["provider.name"], await _providers(intake, filing.region)) if draft["provider.name"] else []
    meant = draft["provider.provider_id"] or str(getattr(providers.sure(found), "id", ""))
    return PAGES.render(
        request,
        "preview.html",
        status,
        draft=draft,
        hidden={name: value for name, value in draft.items() if name != "provider.provider_id"},
        key=key,
        kind=taxonomy().kinds[filing.kind].label.in_(language) if filing.kind else "",
        subject=_subject(filing, language),
        region=regions()[filing.region].label.in_(language),
        options=[(str(one.id), providers.name_in(one, language)) for one, _ in found],
        meant=meant,
        consents=[one for one in consents(language) if one.code in filing.consents],
        anonymous=form.is_anonymous(draft),
        complete=bool(draft["applicant.full_name"] and draft["applicant.address"]),
        due_on=filing.deadline.due_on,
        wait=wait,
        sent_before=sent_before,
    )


def _receipt(request: Request, receipt: Receipt, filing: Filing) -> HTMLResponse:
    language, talon = language_of(request), receipt.registered
    zone = regions()[filing.region].timezone
    return PAGES.render(
        request,
        "receipt.html",
        201,
        talon=talon,
        zone=zone,
        branch=branch_label(filing.region).in_(language),
        due_on=talon.due_at.astimezone(zone).date(),
        working=[{"date": one.date, "counts": one.counts, "text": getattr(one, language)} for one in talon.due_explanation],
        provider_days=policies()["PROVIDER_REPLY"].amount,
        anonymous=filing.applicant is None,
    )


async def _providers(intake: Intake, region: str) -> Sequence[Provider]:
    async with intake.parts.database.read() as session:
        return await repository.active_providers(session, region)


def _kinds(request: Request, chosen: str, language: Language) -> list[tuple[str, str, str]]:
    shown = {**KINDS, chosen: ""} if chosen in taxonomy().kinds.keys() - KINDS.keys() else KINDS
    cards = [(code, taxonomy().kinds[code].label.in_(language), PAGES.text(request, hint) if hint else "") for code, hint in shown.items()]
    return [*cards, ("", PAGES.text(request, N_("I am not sure")), PAGES.text(request, N_("we will see it from your words")))]


def _categories(language: Language) -> list[tuple[str, str, list[tuple[str, str]]]]:
    """Top-level reasons, each with those below it."""
    known = taxonomy().categories.values()
    below = {one.code: [(each.code, each.label.in_(language)) for each in known if each.parent == one.code] for one in known}
    return [(one.code, one.label.in_(language), below[one.code]) for one in known if one.parent is None]


def _regions(request: Request, language: Language) -> list[tuple[str, str]]:
    named = [(code, one.label.in_(language)) for code, one in regions().items() if code != CENTRAL_OFFICE]
    return [*named, (CENTRAL_OFFICE, PAGES.text(request, N_("I do not know, or another country")))]


def _subject(filing: Filing, language: Language) -> str:
    codes = taxonomy()
    entry = codes.categories[filing.category] if filing.category else codes.topics[filing.topic] if filing.topic else None
    return entry.label.in_(language) if entry else ""


def _due_if_filed_now(intake: Intake, region: str) -> date | None:
    """The last day for the answer to an appeal of no declared form; None where the calendar does not reach."""
    place = region if region in regions() else CENTRAL_OFFICE
    try:
        start = registration.registered_at(intake.parts.clock.now(), place).astimezone(regions()[place].timezone).date()
        return due_on(start, policies()[policy_for_form(None)], working_calendar()).due_on
    except CalendarGap:
        return None
