"""Documents sent with a page's form: received at once, even if the form is refused, and claimed when there is an appeal."""

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final, TypedDict
from uuid import UUID

from fastapi import Request

from intake.attachments.dependencies import uploads_of
from intake.attachments.dependencies.attaching import FORM_MARGIN, attach
from intake.attachments.service.quota import owner_of
from intake.attachments.service.storing import NamedFile, UploadTicket
from intake.pages_kit import PAGES
from intake.register.dependencies import Intake
from shared.auth import Principal
from shared.domain.labels import Language
from shared.domain.text import clean
from shared.errors import NotFound, TooMany, Unavailable
from shared.files.connection import while_connected
from shared.files.errors import AttachmentRefused, TooLarge
from shared.files.policy import kinds, policy
from shared.forms import FIELD_LIMIT, MULTIPART, Part, parts_of, read_fields
from shared.header_fields import media_type_of
from shared.web.i18n import N_
from shared.web.languages import language_of

TOO_MANY: Final = N_("Too many documents come from your network just now. Add the rest later on the appeal's page.")
NOT_NOW: Final = N_("Documents cannot be taken just now. Add them later on the appeal's page.")
NAME_CHARACTERS: Final = 60  # of its end, with the extension
UPLOAD_EXPIRED: Final = N_("A document was kept too long without being sent. Please add it again.")


@dataclass(slots=True)
class FormWithDocuments:
    """A posted form: its fields, the tickets of its documents, and the messages about refused documents."""

    fields: dict[str, str]
    tickets: list[UploadTicket] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


async def receive_form(request: Request, intake: Intake) -> FormWithDocuments:
    """Receive a form and its documents.

    Raises what `read_fields` raises, MalformedForm, and TooLarge for a form longer than the limit of all its documents.
    """
    if media_type_of(request) != MULTIPART:
        return FormWithDocuments(await read_fields(request))
    received: list[tuple[str, UploadTicket]] = []
    found, room = FormWithDocuments({}), FIELD_LIMIT  # of all fields together, as in a form without documents
    async for part in parts_of(request, limit=policy().limits.total_bytes + FORM_MARGIN, too_large=TooLarge):
        if part.filename is None:
            text = await part.text(room)
            room -= len(text.encode())
            found.fields[part.name] = clean(text)
        elif part.filename:  # a browser sends an empty one where nothing was chosen
            ticket = await _attempt(request, part.filename, found, _receive(request, intake, part))
            if ticket is not None:
                received.append((part.filename, ticket))
    for name, ticket in received:  # after the whole form is read: only then a disconnected client is noticed
        if await _attempt(request, name, found, _accept(request, ticket)):
            found.tickets.append(ticket)
    return found


async def _receive(request: Request, intake: Intake, part: Part) -> UploadTicket:
    intake.uploads.spend(intake.address(request))
    owner = owner_of(intake.parts.pepper, Principal.anonymous(), intake.address(request))
    return await uploads_of(request).receive(part.chunks, owner, name=part.filename, media_type=part.media_type)


async def _accept(request: Request, ticket: UploadTicket) -> UploadTicket:
    await uploads_of(request).accept(ticket, run=partial(while_connected, request))
    return ticket


async def _attempt(request: Request, name: str | None, found: FormWithDocuments, work: Awaitable[UploadTicket]) -> UploadTicket | None:
    """Await the work on one document. A refusal is added to the messages, and the other documents are processed."""
    try:
        return await work
    except AttachmentRefused as refusal:
        found.refused.append(f"{_short_name(name)}: {refusal.label.in_(language_of(request))}")
    except TooMany:
        found.refused.append(PAGES.text(request, TOO_MANY))
    except Unavailable:
        found.refused.append(PAGES.text(request, NOT_NOW))
    return None


def _short_name(name: str | None) -> str:
    """Return the given name in one line of bounded length. It is shown to the sender alone and not stored."""
    return " ".join((name or "").split())[-NAME_CHARACTERS:]


def accepted_extensions() -> str:
    """Return the accepted file extensions, for an input's `accept`."""
    return ",".join(f".{extension}" for kind in kinds().values() for extension in kind.extensions)


def format_tickets(tickets: Sequence[UploadTicket]) -> str:
    """Return the tickets as the value of a hidden field between the steps of a form."""
    return " ".join(f"{ticket.upload_id}:{ticket.token}" for ticket in tickets)


def parse_tickets(value: str) -> list[UploadTicket]:
    """Return the tickets that `format_tickets` wrote; anything else is ignored."""
    found = []
    for entry in value.split()[: policy().limits.files]:
        upload_id, _, token = entry.partition(":")
        try:
            found.append(UploadTicket(UUID(upload_id), token))
        except ValueError:
            continue
    return found


async def attach_all(
    request: Request, intake: Intake, appeal_id: UUID, tickets: Sequence[UploadTicket], *, as_filed: bool = False
) -> list[str]:
    """Add uploads to an appeal. Return the messages about those that were refused; they do not stop the others."""
    refused = []
    for ticket in tickets:
        try:
            await attach(intake, uploads_of(request), appeal_id, ticket, as_filed=as_filed)
        except AttachmentRefused as refusal:
            refused.append(refusal.label.in_(language_of(request)))
        except NotFound:
            refused.append(PAGES.text(request, UPLOAD_EXPIRED))
    return refused


class DocumentLine(TypedDict):
    """A document as the page of its appeal lists it."""

    id: UUID
    message_id: UUID | None
    name: str
    kind: str
    kilobytes: int
    state: str


def document_lines(files: Sequence[NamedFile], language: Language) -> list[DocumentLine]:
    """Return the documents of an appeal as its page lists them."""
    return [
        {
            "id": file.attachment_id,
            "message_id": file.message_id,
            "name": file.name,
            "kind": file.kind.label.in_(language),
            "kilobytes": -(-file.size // 1024),
            "state": file.state_label.in_(language),
        }
        for file in files
    ]
