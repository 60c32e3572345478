"""Pages of people's control: the form of an entry, and the public list of entries with their status."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse

from intake.channels.peoples_control.policy import FORMS, policy
from intake.channels.peoples_control.service import admit, entries
from intake.channels.web.service.talon import kinds, talon_page
from intake.forms.service import draft as form
from intake.forms.service import questions
from intake.forms.service.consents import consents
from intake.forms.service.definitions import services
from intake.pages_kit import PAGES
from intake.register.dependencies import IntakeDep
from intake.register.schemas import AppealIn
from intake.register.schemas.filing import Filing
from shared.clock import Clock
from shared.dependencies import UnitsOfWorkDep
from shared.errors import DomainError, FieldError, InvalidInput, MalformedText, TooMany
from shared.field_errors import DETAILS
from shared.forms import read_fields
from shared.idempotency import IdempotencyKeyReused, new_key
from shared.unit_of_work import UnitsOfWork
from shared.web.i18n import N_
from shared.web.languages import language_of
from shared.web.security import require_same_origin

PATH: Final = "/intake/peoples-control"
LAST_PAGE: Final = 10_000  # a larger number in the address is refused
BUSY: Final = N_("Many appeals come from your network just now. Nothing is lost: send it again in a minute.")
USED: Final = N_("You have sent this form before and changed it since. Send it again if it is to be a second entry.")

router: Final = APIRouter()
PageNumber = Annotated[int, Query(ge=1, le=LAST_PAGE)]


@router.get("/peoples-control")
async def section(request: Request, units: UnitsOfWorkDep, page: PageNumber = 1) -> HTMLResponse:
    return await _show(request, units, form.blank(request.query_params, language_of(request)), page=page)


@router.post("/peoples-control", dependencies=[Depends(require_same_origin)])
async def leave_entry(request: Request, intake: IntakeDep, units: UnitsOfWorkDep) -> HTMLResponse:
    sent = await read_fields(request)
    draft, key = form.typed(sent), form.key_of(sent)
    if sent.get("step") == "edit":
        return await _show(request, units, draft, key=key)
    try:
        appeal, filed = _filing_of(draft, units.clock)
        intake.anonymous.spend(intake.address(request))
        receipt = await intake.file(appeal, admit(), key=key)
    except (InvalidInput, MalformedText) as refusal:
        return await _show(request, units, draft, key=key, refusal=refusal)
    except TooMany as refusal:
        response = await _show(request, units, draft, key=key, refusal=refusal, sentence=BUSY)
        response.headers.update(refusal.headers)
        return response
    except IdempotencyKeyReused as refusal:
        return await _show(request, units, draft, refusal=refusal, sentence=USED)
    return await talon_page(request, receipt, filed, ())


def _filing_of(draft: form.WebDraft, clock: Clock) -> tuple[AppealIn, Filing]:
    """Return the appeal and the filing of a draft. Raises InvalidInput, also for a kind that the section does not accept."""
    wrong = [] if draft["kind"] in policy().kinds else [FieldError("kind", "required", DETAILS["required"])]
    try:
        filing = form.filing_of(draft, clock)
    except InvalidInput as refusal:
        raise InvalidInput([*wrong, *refusal.errors]) from None
    if wrong:
        raise InvalidInput(wrong)
    return filing


async def _show(
    request: Request,
    units: UnitsOfWork,
    draft: form.WebDraft,
    *,
    key: str | None = None,
    page: int = 1,
    refusal: DomainError | None = None,
    sentence: str | None = None,
) -> HTMLResponse:
    """Render the section. `sentence`: the message for a refusal that concerns no field."""
    language = language_of(request)
    errors = [(name, PAGES.text(request, message)) for name, message in form.errors_of(refusal)] if refusal else []
    if sentence:
        errors = [("", PAGES.text(request, sentence))]
    sentences = {text: PAGES.text(request, text) for text in (*questions.NOT_CHOSEN.values(), questions.ELSEWHERE, questions.REST)}
    async with units.read() as work:
        found, total = await entries(work, page)
    asked = frozenset(field.name for service in services(FORMS) if service.code in policy().kinds for field in service.fields)
    parts = questions.sections(draft, dict(errors), language, sentences)
    context: dict[str, Any] = {
        "draft": draft,
        "key": key or new_key(),
        "errors": [(name or None, text) for name, text in errors],
        "error": dict(errors),
        "kinds": [kind for kind in kinds(request, language) if kind["code"] in policy().kinds],
        "sections": [(code, heading, [field for field in fields if field.name in asked]) for code, heading, fields in parts],
        "consents": {f"consents.{consent.code}": consent for consent in consents(language)},
        "entries": found,
        "named": lambda label: label.in_(language) if label else "",
        "total": total,
        "next": f"{PATH}?page={page + 1}" if page * policy().listed < total else None,
        "is_first": page == 1,
    }
    return PAGES.render(request, "peoples_control.html", refusal.status if refusal else 200, **context)
