"""The claim check: contents by appeal id for entitled services; every read is recorded in the audit log."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, cast
from uuid import UUID

import structlog

from intake.register import repository
from intake.register.models import Message
from intake.register.repository.appeals import SealedContent
from intake.register.repository.applicant import applicants_messages, whole_appeal
from intake.register.schemas import AppealRead
from intake.register.schemas.contents import AppealContent, FileContent, MessageContent
from intake.register.schemas.rows import Particulars
from intake.register.service.consents import disclosing
from intake.register.service.ports import AttachedFile, ListFiles, ListShown
from intake.register.service.progress import message_text
from intake.register.service.reads import reads_for_applicant
from intake.register.service.sealed_fields import SealedField, open_field
from shared.auth import Principal
from shared.contents import ContentItem, ContentsRequest, ContentsResponse, Purpose
from shared.sealing import Sealer, SealError
from shared.unit_of_work import UnitOfWork

log = structlog.get_logger()


ContentField = SealedField | Literal["contested_act"]


@dataclass(frozen=True, slots=True)
class ContentPurpose(Purpose):
    """A purpose with the sealed fields that it opens, and whether the applicant has to consent."""

    fields: tuple[ContentField, ...]
    needs_consent: bool = False
    """The applicant has to consent to disclosure to a provider."""
    with_additions: bool = False
    """Messages and files that came after filing, and the articles that were shown before, belong to the content."""
    with_files: bool = False
    """The list of all files belongs to the content, without messages."""
    with_reads: bool = False
    """Who read the appeal belongs to the content, as its applicant may know it."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of an appeal that are read for the purpose. Consumers read some hundred appeals at a time."""
        sealed = dict.fromkeys("particulars" if field == "contested_act" else field for field in self.fields)
        return (*sealed, "consents") if self.needs_consent else tuple(sealed)

    def applies(self, row: SealedContent, consented: Collection[UUID]) -> bool:
        """Return whether the appeal may be read. `consented`: the appeals whose applicants give the consent now."""
        return not self.needs_consent or row.id in consented


ROUTING, PROVIDER_CONTACT = frozenset({"routing"}), frozenset({"provider-contact"})
PURPOSES: Final[Mapping[str, ContentPurpose]] = {
    "classification": ContentPurpose(ROUTING, for_a_person=False, fields=("text",)),
    # without the applicant, who is a purpose of its own
    "desk-text": ContentPurpose(ROUTING, for_a_person=True, fields=("text", "provider_name", "contested_act"), with_additions=True),
    "desk": ContentPurpose(ROUTING, for_a_person=True, fields=("text", "provider_name", "applicant", "particulars"), with_additions=True),
    "case-file": ContentPurpose(
        ROUTING, for_a_person=True, fields=("text", "provider_name", "applicant", "particulars"), with_additions=True, with_reads=True
    ),
    "letter": ContentPurpose(ROUTING, for_a_person=True, fields=("applicant",)),  # the addressee of an answer in PDF
    # compared by the desk with each other, and shown to nobody
    "similar-texts": ContentPurpose(ROUTING, for_a_person=True, fields=("text",)),
    "outcome-check": ContentPurpose(PROVIDER_CONTACT, for_a_person=True, fields=("applicant",)),  # the number to call
    "provider-matching": ContentPurpose(PROVIDER_CONTACT, for_a_person=False, fields=("provider_name", "provider_bin")),
    "provider-disclosure": ContentPurpose(
        PROVIDER_CONTACT, for_a_person=True, fields=("text", "applicant"), needs_consent=True, with_files=True
    ),
    # a member of staff chooses what a provider may read
    "inquiry-documents": ContentPurpose(PROVIDER_CONTACT, for_a_person=True, fields=(), needs_consent=True, with_files=True),
}


@dataclass(frozen=True, slots=True)
class SealedContents:
    """What is stored of the appeals of a request, by appeal id; still sealed."""

    rows: Mapping[UUID, SealedContent]
    files: Mapping[UUID, Sequence[AttachedFile]]
    messages: Mapping[UUID, Sequence[Message]]
    reads: Mapping[UUID, Sequence[AppealRead]]
    shown: Mapping[UUID, Sequence[str]]
    """The ids of the articles that were shown before filing."""
    consented: Collection[UUID]
    """The appeals whose applicants give the consent of the purpose now."""


async def read_sealed(
    work: UnitOfWork, list_files: ListFiles, list_shown: ListShown, request: ContentsRequest, purpose: ContentPurpose, reader: Principal
) -> SealedContents:
    """Read the sealed contents of the ids and record the read in the audit log."""
    session, ids = work.session, request.ids
    rows = await repository.sealed_contents(session, ids, purpose.columns)
    files = await list_files(work, ids) if purpose.with_additions or purpose.with_files else {}
    messages = await applicants_messages(session, ids) if purpose.with_additions else {}
    shown = await list_shown(work, ids) if purpose.with_additions else {}
    reads = {each: await reads_for_applicant(session, await whole_appeal(session, each)) for each in rows} if purpose.with_reads else {}
    consented = await disclosing(session, {each: row.consents for each, row in rows.items()}) if purpose.needs_consent else ()
    read = ids[0] if purpose.for_a_person and len(ids) == 1 else None  # people read one appeal at a time
    await work.audit.record(
        reader=reader.subject, purpose=request.purpose, ids=ids, on_behalf_of=request.on_behalf_of, appeal_id=read, role=request.role
    )
    return SealedContents(rows, files, messages, reads, shown, consented)


def open_contents(sealer: Sealer, request: ContentsRequest, purpose: ContentPurpose, found: SealedContents) -> ContentsResponse:
    """Return the contents of the ids in the order of the request; unknown and withheld ones have `found: false`."""
    items = []
    for appeal_id in request.ids:
        row = found.rows.get(appeal_id)
        content = _readable(sealer, row, purpose.fields) if row is not None and purpose.applies(row, found.consented) else None
        if content is not None and purpose.with_additions:
            content["messages"] = _messages(sealer, found.messages.get(appeal_id, []))
            content["shown_articles"] = list(found.shown.get(appeal_id, ()))
        if content is not None and (purpose.with_additions or purpose.with_files):
            content["attachments"] = [_file(each) for each in found.files.get(appeal_id, ())]
        if content is not None and purpose.with_reads:
            content["reads"] = [each.model_dump(mode="json") for each in found.reads.get(appeal_id, ())]
        items.append(ContentItem(id=appeal_id, found=content is not None, content=dict(content) if content is not None else None))
    return ContentsResponse(items=items)


def _readable(sealer: Sealer, row: SealedContent, fields: tuple[ContentField, ...]) -> AppealContent | None:
    """Return the opened fields; None for a damaged row, which must not block the reading of others."""
    try:
        return _content(sealer, row, fields)
    except SealError:
        log.exception("sealed text cannot be opened", appeal_id=str(row.id))
        return None


def _content(sealer: Sealer, row: SealedContent, fields: tuple[ContentField, ...]) -> AppealContent:
    return cast("AppealContent", {field: _opened(sealer, row, field) for field in fields})


def _opened(sealer: Sealer, row: SealedContent, field: ContentField) -> str | dict[str, str] | Particulars | None:
    if field == "contested_act":  # the particulars without the person for whom the applicant speaks
        return (open_field(sealer, row.id, "particulars", row.particulars) or {}).get("contested_act")
    return open_field(sealer, row.id, field, getattr(row, field))


def _messages(sealer: Sealer, found: Sequence[Message]) -> list[MessageContent]:
    return [_message(sealer, message) for message in found]


def _message(sealer: Sealer, message: Message) -> MessageContent:
    text, damaged = None, False
    try:
        text = message_text(sealer, message.id, message.text) if message.text is not None else None
    except SealError:
        log.exception("sealed text cannot be opened", message_id=str(message.id))
        damaged = True
    return {
        "id": str(message.id),
        "at": message.at.isoformat(),
        "by": message.by,
        "kind": message.kind,
        "text": text,
        "damaged": damaged,
    }


def _file(file: AttachedFile) -> FileContent:
    """Return a file; the desk fetches its bytes by another call."""
    return {
        "attachment_id": str(file.id),
        "message_id": str(file.message_id) if file.message_id is not None else None,
        "name": file.name,
        "media_type": file.media_type,
        "kind": file.kind,
        "size": file.size,
        "state": file.state,
        "available": file.available,
        "added_at": file.added_at.isoformat(),
    }
