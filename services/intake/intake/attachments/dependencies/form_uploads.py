"""Documents sent with a page's form: received at once, even if the form is refused, and claimed when there is an appeal."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final, TypedDict
from uuid import UUID

from fastapi import Request

from intake.attachments.dependencies import uploads_of
from intake.attachments.dependencies.attaching import attach
from intake.attachments.service.quota import owner_of
from intake.attachments.service.storing import NamedFile, UploadTicket
from intake.pages_kit import PAGES
from intake.register.dependencies import Intake
from shared.auth import Principal
from shared.domain.labels import Language
from shared.errors import DomainError, NotFound, TooMany
from shared.files import forms
from shared.files.connection import while_connected
from shared.files.errors import AttachmentRefused
from shared.files.forms import FileLimits, accepted_extensions, file_limits
from shared.files.policy import policy
from shared.forms import Part
from shared.web.i18n import N_
from shared.web.languages import language_of

__all__ = [
    "DocumentLine",
    "FileLimits",
    "FormWithDocuments",
    "accepted_extensions",
    "attach_all",
    "document_lines",
    "file_limits",
    "format_tickets",
    "parse_tickets",
    "receive_form",
]

TOO_MANY: Final = N_("Too many documents come from your network just now. Add the rest later on the appeal's page.")
NOT_NOW: Final = N_("Documents cannot be taken just now. Add them later on the appeal's page.")
UPLOAD_EXPIRED: Final = N_("A document was kept too long without being sent. Please add it again.")


@dataclass(slots=True)
class FormWithDocuments:
    """A posted form: its fields, the tickets of its documents, and the messages about refused documents."""

    fields: dict[str, str]
    tickets: list[UploadTicket] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _FormDocuments:
    """The documents of a form, uploaded by whoever sends it."""

    request: Request
    intake: Intake

    async def receive(self, part: Part) -> UploadTicket:
        address = self.intake.address(self.request)
        self.intake.uploads.spend(address)
        owner = owner_of(self.intake.parts.pepper, Principal.anonymous(), address)
        return await uploads_of(self.request).receive(part.chunks, owner, name=part.filename, media_type=part.media_type)

    async def accept(self, file: UploadTicket) -> None:
        await uploads_of(self.request).accept(file, run=partial(while_connected, self.request))

    def sentence(self, refusal: DomainError) -> str:
        if isinstance(refusal, AttachmentRefused):
            return refusal.label.in_(language_of(self.request))
        return PAGES.text(self.request, TOO_MANY if isinstance(refusal, TooMany) else NOT_NOW)


async def receive_form(request: Request, intake: Intake) -> FormWithDocuments:
    """Receive a form and its documents. Raises what `shared.files.forms.receive_form` raises."""
    form = await forms.receive_form(request, _FormDocuments(request, intake))
    return FormWithDocuments(form.fields, form.files, form.refused)


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
