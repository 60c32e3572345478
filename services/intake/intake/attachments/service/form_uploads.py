"""Documents that come with a page's form: received at once, whatever becomes of the form, and claimed when there is an appeal."""

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final
from uuid import UUID

from fastapi import Request

from intake.attachments.dependencies import attachments_of
from intake.attachments.service.attaching import FORM_MARGIN, enclose
from intake.attachments.service.connection import while_connected
from intake.attachments.service.policy import AttachmentRefused, TooLarge, kinds, policy
from intake.attachments.service.quota import owner_of
from intake.attachments.service.storing import Enclosed, Ticket
from intake.pages_kit import PAGES
from intake.register.dependencies import Intake
from shared.auth import Principal
from shared.domain.labels import Language
from shared.domain.text import clean
from shared.errors import NotFound, TooMany, Unavailable
from shared.forms import FIELD_LIMIT, MULTIPART, Part, parts_of, read_fields
from shared.header_fields import media_type_of
from shared.web.i18n import N_
from shared.web.languages import language_of

TOO_MANY: Final = N_("Too many documents come from your network just now. Add the rest later on the appeal's page.")
NOT_NOW: Final = N_("Documents cannot be taken just now. Add them later on the appeal's page.")
NAME_SHOWN: Final = 60  # the end of it, with the extension
KEPT_TOO_LONG: Final = N_("A document was kept too long without being sent. Please add it again.")


@dataclass(slots=True)
class Sent:
    """A posted form: its fields, the documents that were received with it, and what is said of those that were not."""

    fields: dict[str, str]
    tickets: list[Ticket] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


async def sent(request: Request, intake: Intake) -> Sent:
    """Raises what `read_fields` raises, MalformedForm, and TooLarge for a form that is longer than all its documents may be."""
    if media_type_of(request) != MULTIPART:
        return Sent(await read_fields(request))
    received: list[tuple[str, Ticket]] = []
    found, room = Sent({}), FIELD_LIMIT  # of all fields together, as in a form without documents
    async for part in parts_of(request, limit=policy().limits.total_bytes + FORM_MARGIN, too_large=TooLarge):
        if part.filename is None:
            text = await part.text(room)
            room -= len(text.encode())
            found.fields[part.name] = clean(text)
        elif part.filename:  # a browser sends an empty one where nothing was chosen
            ticket = await _attempt(request, part.filename, found, _receive(request, intake, part))
            if ticket is not None:
                received.append((part.filename, ticket))
    for name, ticket in received:  # once the form is read whole: a client that hangs up is seen only then
        if await _attempt(request, name, found, _accept(request, ticket)):
            found.tickets.append(ticket)
    return found


async def _receive(request: Request, intake: Intake, part: Part) -> Ticket:
    intake.uploads.spend(intake.address(request))
    owner = owner_of(intake.parts.pepper, Principal.anonymous(), intake.address(request))
    return await attachments_of(request).receive_upload(part.chunks, owner, name=part.filename, media_type=part.media_type)


async def _accept(request: Request, ticket: Ticket) -> Ticket:
    await attachments_of(request).accept_upload(ticket, run=partial(while_connected, request))
    return ticket


async def _attempt(request: Request, name: str | None, found: Sent, work: Awaitable[Ticket]) -> Ticket | None:
    """Await one document's work; a refusal is noted in the reader's language, and the other documents go on."""
    try:
        return await work
    except AttachmentRefused as refusal:
        found.refused.append(f"{_called(name)}: {refusal.label.in_(language_of(request))}")
    except TooMany:
        found.refused.append(PAGES.text(request, TOO_MANY))
    except Unavailable:
        found.refused.append(PAGES.text(request, NOT_NOW))
    return None


def _called(name: str | None) -> str:
    """What its sender calls a document, in one line of bounded length: said back to them alone, and kept nowhere."""
    return " ".join((name or "").split())[-NAME_SHOWN:]


def accepted() -> str:
    """The endings of what is taken, for an input's `accept`."""
    return ",".join(f".{ending}" for kind in kinds().values() for ending in kind.extensions)


def written(tickets: Sequence[Ticket]) -> str:
    """As they travel between the steps of a form, in one hidden field."""
    return " ".join(f"{one.upload_id}:{one.token}" for one in tickets)


def read(value: str) -> list[Ticket]:
    """What `written` made; anything else is passed over."""
    found = []
    for one in value.split()[: policy().limits.files]:
        upload_id, _, token = one.partition(":")
        try:
            found.append(Ticket(UUID(upload_id), token))
        except ValueError:
            continue
    return found


async def enclose_all(request: Request, intake: Intake, appeal_id: UUID, tickets: Sequence[Ticket], *, as_filed: bool = False) -> list[str]:
    """Add them to an appeal; what is said of those that could not be added. An appeal waits for no document."""
    refused = []
    for one in tickets:
        try:
            await enclose(intake, attachments_of(request), appeal_id, one, as_filed=as_filed)
        except AttachmentRefused as refusal:
            refused.append(refusal.label.in_(language_of(request)))
        except NotFound:
            refused.append(PAGES.text(request, KEPT_TOO_LONG))
    return refused


def shown(enclosed: Sequence[Enclosed], language: Language) -> list[dict[str, Any]]:
    """The documents of an appeal as its page lists them."""
    return [
        {
            "id": one.attachment_id,
            "message_id": one.message_id,
            "name": one.name,
            "kind": one.kind.label.in_(language),
            "kilobytes": -(-one.size // 1024),
            "state": one.sentence.in_(language),
        }
        for one in enclosed
    ]
