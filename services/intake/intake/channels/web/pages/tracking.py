"""Following an appeal: number and PIN by a form, never in an address, the case as its holder may read it, and what they add to it.

Every post carries number and PIN, so a page after a deed is drawn anew and not redirected to: an address would have to hold the PIN.
"""

import math
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse

from intake.attachments.dependencies import attachments_of
from intake.attachments.service import form_uploads as uploads
from intake.attachments.service.download import give_out
from intake.attachments.service.policy import AttachmentRefused
from intake.channels.web.pages.appeal import messages, view
from intake.forms.service.draft import UPLOADS
from intake.pages_kit import PAGES, wait_of
from intake.register.dependencies import Intake, IntakeDep
from intake.register.schemas import Registered
from intake.register.service.rights import withdrawal_reasons
from intake.register.service.tracking import VisibleAppeal, open_own, tracked
from shared.auth import Principal
from shared.domain.text import clean
from shared.errors import NotFound, TooMany
from shared.forms import read_fields
from shared.idempotency import new_key
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
ANYBODY: Final = Principal.anonymous()  # the PIN alone opens an appeal here, whoever is signed in

Fields = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Said:
    """What became of a deed: a sentence, the talon of a new appeal that it made, and after a refusal what was typed."""

    flash: Flash
    talon: Registered | None = None
    status: int = 200
    typed: Fields = field(default_factory=dict)


Deed = Callable[[VisibleAppeal], Awaitable[Said]]


@router.get("")
async def track_form(request: Request, number: str = "") -> HTMLResponse:
    """The number may stand in the address, as the talon's square code has it; the PIN never."""
    return PAGES.render(request, "track.html", number=clean(number[:100])[:40], error=None)


@router.post("", dependencies=same_origin)
async def follow(request: Request, intake: IntakeDep) -> HTMLResponse:
    """The case."""
    return await _opened(request, intake, await read_fields(request))


@router.post("/documents", dependencies=same_origin)
async def add_documents(request: Request, intake: IntakeDep) -> HTMLResponse:
    """More documents to the appeal."""
    sent = await uploads.sent(request, intake)

    async def enclose(seen: VisibleAppeal) -> Said:
        refused = [*sent.refused, *await uploads.enclose_all(request, intake, seen.appeal.id, sent.tickets)]
        if refused:
            return Said(Flash(" ".join(refused), "warn"))
        return Said(Flash(N_("The documents are added.")) if sent.tickets else Flash(N_("No document was chosen."), "warn"))

    return await done(request, intake, sent.fields, enclose)


@router.post("/document", dependencies=same_origin)
async def read_document(request: Request, intake: IntakeDep) -> Response:
    """One of the documents, to be saved."""
    fields = await read_fields(request)
    number, pin = _given(fields)
    try:
        await _open(request, intake, fields)
    except (NotFound, TooMany) as refusal:
        return _closed(request, number, refusal)
    try:
        attachment_id = UUID(fields.get("document", ""))
        return await give_out(intake, request, number=number, pin=pin, attachment_id=attachment_id, reader=ANYBODY)
    except AttachmentRefused as refusal:
        said = Said(Flash(refusal.label.in_(language_of(request)), "warn"), status=refusal.status)
        return await _opened(request, intake, fields, said)
    except (ValueError, NotFound):
        return await _opened(request, intake, fields)


async def done(request: Request, intake: Intake, fields: Fields, deed: Deed) -> HTMLResponse:
    """The case again after a deed of the applicant's, with what became of it."""
    try:
        seen = await _open(request, intake, fields)
    except (NotFound, TooMany) as refusal:
        return _closed(request, _given(fields)[0], refusal)
    return await _opened(request, intake, fields, await deed(seen))


async def _opened(request: Request, intake: Intake, fields: Fields, said: Said | None = None) -> HTMLResponse:
    """The case to which number and PIN open, or the form that asks for them again."""
    number, pin = _given(fields)
    try:
        seen = await _open(request, intake, fields)
    except (NotFound, TooMany) as refusal:
        return _closed(request, number, refusal)
    case = await tracked(intake.parts, intake.list_files, seen, ANYBODY)
    async with intake.parts.database.read() as session:
        enclosed = await attachments_of(request).listing(session, seen.appeal.id)
    language = language_of(request)
    shown = view(case, language, intake.parts.clock.now())
    documents = uploads.shown(enclosed, language)
    more = {
        "documents": documents,
        "said": messages(case, documents),
        "accepted": uploads.accepted(),
        "reasons": [(one.code, one.label.in_(language)) for one in withdrawal_reasons().values()],
        "key": new_key(),
        "talon": said.talon if said else None,
        "typed": {"form": "", "purpose": "", UPLOADS: "", **(said.typed if said else {})},
    }
    status, flash = (said.status, said.flash) if said else (200, None)
    return PAGES.render(request, "case.html", status, pin=pin, flash=flash, **shown, **more)


async def _open(request: Request, intake: Intake, fields: Fields) -> VisibleAppeal:
    """The appeal, for whoever has its PIN. Raises NotFound and TooMany."""
    number, pin = _given(fields)
    address = intake.address(request)
    return await open_own(intake.parts, intake.guesses, number=number, pin=pin, principal=ANYBODY, address=address)


def _given(fields: Fields) -> tuple[str, str]:
    return fields.get("number", ""), fields.get("pin", "")


def _closed(request: Request, number: str, refusal: NotFound | TooMany) -> HTMLResponse:
    """The form for number and PIN again: there is no such appeal, or not for this PIN, or it is too early to try again."""
    if isinstance(refusal, NotFound):
        error = PAGES.text(request, NOT_FOUND)
    else:
        minutes = math.ceil(wait_of(refusal) / 60)
        error = PAGES.text(request, TOO_MANY, time=Formats(language_of(request)).duration(timedelta(minutes=minutes)))
    response = PAGES.render(request, "track.html", refusal.status, number=number, error=error)
    response.headers.update(refusal.headers)
    return response
