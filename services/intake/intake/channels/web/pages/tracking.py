"""The tracking pages: an appeal opened by number and PIN, and its documents.

Number and PIN travel in the body of every post. After an action the page is therefore rendered again, without a redirect: its address
would have to contain the PIN.
"""

import math
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Final
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse

from intake.attachments.dependencies import attachments_of
from intake.attachments.dependencies import form_uploads as uploads
from intake.attachments.dependencies.downloads import download_file
from intake.channels.web.pages.appeal import case_content, shown_messages
from intake.forms.service.draft import UPLOADS
from intake.pages_kit import PAGES, wait_of
from intake.register.dependencies import Intake, IntakeDep
from intake.register.dependencies.letters import open_letter
from intake.register.schemas import Registered
from intake.register.service import withdrawal_reasons
from intake.register.service.tracking import VisibleAppeal
from shared.auth import Principal
from shared.dependencies import UnitsOfWorkDep
from shared.domain.text import clean
from shared.errors import NotFound, TooMany, Unavailable
from shared.files.errors import AttachmentRefused
from shared.forms import read_fields
from shared.idempotency import new_key
from shared.offload import run_on_text
from shared.unit_of_work import UnitsOfWork
from shared.web.formats import Formats
from shared.web.i18n import N_
from shared.web.languages import language_of
from shared.web.pages import Flash
from shared.web.security import require_same_origin

router = APIRouter(prefix="/track")
same_origin: Final = [Depends(require_same_origin)]

NOT_FOUND: Final = N_("No appeal is found with this number and PIN. Check both: the number has 14 digits, the PIN has 8.")
TOO_MANY: Final = N_(
    "Too many wrong attempts. Try again in %(time)s, use the device with which you opened the appeal before, or call 1414 (free of charge)."
)
NO_LETTER: Final = N_("The letter cannot be made just now. Please try again in a minute.")
ANYBODY: Final = Principal.anonymous()  # only the PIN opens an appeal here, whoever is signed in

Fields = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class PageResult:
    """The result of an action: a message, the talon of a new appeal, and after a refusal the fields that were typed."""

    flash: Flash
    talon: Registered | None = None
    status: int = 200
    typed: Fields = field(default_factory=dict)


ApplicantAction = Callable[[VisibleAppeal], Awaitable[PageResult]]


@router.get("")
async def track_form(request: Request, number: str = "") -> HTMLResponse:
    """The form for number and PIN. The address may contain the number, as in the talon's QR code, but never the PIN."""
    return PAGES.render(request, "track.html", number=clean(number[:100])[:40], error=None)


@router.post("", dependencies=same_origin)
async def follow(request: Request, intake: IntakeDep, units: UnitsOfWorkDep) -> HTMLResponse:
    """The page of an appeal."""
    return await _case_page(request, intake, units, await read_fields(request))


@router.post("/documents", dependencies=same_origin)
async def add_documents(request: Request, intake: IntakeDep, units: UnitsOfWorkDep) -> HTMLResponse:
    """Attach documents to the appeal."""
    sent = await uploads.receive_form(request, intake)

    async def attach(seen: VisibleAppeal) -> PageResult:
        refused = [*sent.refused, *await uploads.attach_all(request, intake, seen.appeal.id, sent.tickets)]
        if refused:
            return PageResult(Flash(" ".join(refused), "warn"))
        return PageResult(Flash(N_("The documents are added.")) if sent.tickets else Flash(N_("No document was chosen."), "warn"))

    return await perform(request, intake, units, sent.fields, attach)


@router.post("/document", dependencies=same_origin)
async def read_document(request: Request, intake: IntakeDep, units: UnitsOfWorkDep) -> Response:
    """Download a document."""
    fields = await read_fields(request)
    number, pin = _credentials(fields)
    try:
        await _open_appeal(request, intake, fields)
    except (NotFound, TooMany) as refusal:
        return _refusal_page(request, number, refusal)
    try:
        attachment_id = UUID(fields.get("document", ""))
        return await download_file(
            intake, attachments_of(request), request, number=number, pin=pin, attachment_id=attachment_id, reader=ANYBODY
        )
    except AttachmentRefused as refusal:
        result = PageResult(Flash(refusal.label.in_(language_of(request)), "warn"), status=refusal.status)
        return await _case_page(request, intake, units, fields, result)
    except (ValueError, NotFound):
        return await _case_page(request, intake, units, fields)


@router.post("/letter", dependencies=same_origin)
async def read_letter(request: Request, intake: IntakeDep, units: UnitsOfWorkDep) -> Response:
    """Download the answer as an official letter; without one the page of the appeal says why."""
    fields = await read_fields(request)
    number, pin = _credentials(fields)
    try:
        return await open_letter(intake, request, number=number, pin=pin, reader=ANYBODY)
    except Unavailable as refusal:
        return await _case_page(request, intake, units, fields, PageResult(Flash(NO_LETTER, "warn"), status=refusal.status))
    except (NotFound, TooMany):
        return await _case_page(request, intake, units, fields)


async def perform(request: Request, intake: Intake, units: UnitsOfWork, fields: Fields, action: ApplicantAction) -> HTMLResponse:
    """Open the appeal, perform the action, and render the page again with the result."""
    try:
        seen = await _open_appeal(request, intake, fields)
    except (NotFound, TooMany) as refusal:
        return _refusal_page(request, _credentials(fields)[0], refusal)
    return await _case_page(request, intake, units, fields, await action(seen))


async def _case_page(
    request: Request, intake: Intake, units: UnitsOfWork, fields: Fields, result: PageResult | None = None
) -> HTMLResponse:
    """Render the appeal that number and PIN open, or the form that asks for them again."""
    number, pin = _credentials(fields)
    try:
        seen = await _open_appeal(request, intake, fields)
    except (NotFound, TooMany) as refusal:
        return _refusal_page(request, number, refusal)
    case = await intake.opener.tracked(seen, ANYBODY)
    async with units.read() as work:
        attached = await attachments_of(request).listing(work, seen.appeal.id)
    language = language_of(request)
    content = await run_on_text(case.text or "", case_content, case, language, partial(PAGES.text, request), units.clock.now())
    documents = uploads.document_lines(attached, language)
    more = {
        "documents": documents,
        "messages": shown_messages(case, attached),
        "accepted": uploads.accepted_extensions(),
        "limits": uploads.file_limits(language),
        "reasons": [(reason.code, reason.label.in_(language)) for reason in withdrawal_reasons().values()],
        "key": new_key(),
        "talon": result.talon if result else None,
        "typed": {"form": "", "purpose": "", UPLOADS: "", **(result.typed if result else {})},
    }
    status, flash = (result.status, result.flash) if result else (200, None)
    return PAGES.render(request, "case.html", status, pin=pin, flash=flash, **content, **more)


async def _open_appeal(request: Request, intake: Intake, fields: Fields) -> VisibleAppeal:
    """Return the appeal that number and PIN open. Raises NotFound and TooMany."""
    number, pin = _credentials(fields)
    address = intake.address(request)
    return await intake.opener.open_own(number=number, pin=pin, principal=ANYBODY, address=address)


def _credentials(fields: Fields) -> tuple[str, str]:
    return fields.get("number", ""), fields.get("pin", "")


def _refusal_page(request: Request, number: str, refusal: NotFound | TooMany) -> HTMLResponse:
    """Render the form for number and PIN with the reason: no appeal is found, or it is too early to try again."""
    if isinstance(refusal, NotFound):
        error = PAGES.text(request, NOT_FOUND)
    else:
        minutes = math.ceil(wait_of(refusal) / 60)
        error = PAGES.text(request, TOO_MANY, time=Formats(language_of(request)).duration(timedelta(minutes=minutes)))
    response = PAGES.render(request, "track.html", refusal.status, number=number, error=error)
    response.headers.update(refusal.headers)
    return response
