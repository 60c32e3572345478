"""The claim check: contents by appeal id for entitled services; every read is recorded in the audit log."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, cast

import structlog

from intake.register import repository
from intake.register.models import Message
from intake.register.repository.appeals import SealedContent
from intake.register.repository.applicant import applicants_messages
from intake.register.schemas.contents import AppealContent, FileContent, MessageContent
from intake.register.schemas.rows import Particulars
from intake.register.service.audit import record_read
from intake.register.service.ports import AttachedFile, ListFiles
from intake.register.service.progress import message_text
from intake.register.service.sealed_fields import SealedField, open_field
from shared.auth import Principal
from shared.contents import ContentItem, ContentsRequest, ContentsResponse, Purpose, entitled
from shared.sealing import Sealer, SealError
from shared.service import Parts

log = structlog.get_logger()


ContentField = SealedField | Literal["contested_act"]


@dataclass(frozen=True, slots=True)
class ContentPurpose(Purpose):
    """A purpose with the sealed fields that it opens, and the appeals it applies to."""

    fields: tuple[ContentField, ...]
    applies: Callable[[SealedContent], bool] = lambda _row: True
    with_additions: bool = False
    """Messages and files that came after filing belong to the content."""


def _discloses(row: SealedContent) -> bool:
    return "DISCLOSE_TO_PROVIDER" in row.consents


ROUTING, PROVIDER_CONTACT = frozenset({"routing"}), frozenset({"provider-contact"})
PURPOSES: Final[Mapping[str, ContentPurpose]] = {
    "classification": ContentPurpose(ROUTING, for_a_person=False, fields=("text",)),
    # without the applicant, who is a purpose of its own
    "desk-text": ContentPurpose(ROUTING, for_a_person=True, fields=("text", "provider_name", "contested_act"), with_additions=True),
    "desk": ContentPurpose(ROUTING, for_a_person=True, fields=("text", "provider_name", "applicant", "particulars"), with_additions=True),
    "provider-matching": ContentPurpose(PROVIDER_CONTACT, for_a_person=False, fields=("provider_name", "provider_bin")),
    "provider-disclosure": ContentPurpose(PROVIDER_CONTACT, for_a_person=True, fields=("text", "applicant"), applies=_discloses),
}


async def read_contents(parts: Parts, list_files: ListFiles, request: ContentsRequest, reader: Principal) -> ContentsResponse:
    """Return the contents of the ids in the order of the request; unknown and withheld ones have `found: false`.

    Raises what `entitled` raises.
    """
    purpose = entitled(request, reader, PURPOSES)
    async with parts.database.write() as session:  # one transaction: consumers call this some ten times a second
        rows = await repository.sealed_contents(session, request.ids)
        files = await list_files(session, request.ids) if purpose.with_additions else {}
        messages = await applicants_messages(session, request.ids) if purpose.with_additions else {}
        named = request.on_behalf_of
        await record_read(session, parts, reader=reader.subject, purpose=request.purpose, ids=request.ids, on_behalf_of=named)
    items = []
    for appeal_id in request.ids:
        row = rows.get(appeal_id)
        content = _readable(parts.sealer, row, purpose.fields) if row is not None and purpose.applies(row) else None
        if content is not None and purpose.with_additions:
            content["messages"] = _messages(parts.sealer, messages.get(appeal_id, []))
            content["attachments"] = [_file(each) for each in files.get(appeal_id, ())]
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
    """Return the applicant's messages; `text` is None for a damaged one."""
    contents: list[MessageContent] = []
    for message in found:
        try:
            text = message_text(sealer, message.id, message.text) if message.text is not None else None
        except SealError:
            log.exception("sealed text cannot be opened", message_id=str(message.id))
            text = None
        contents.append({"id": str(message.id), "at": message.at.isoformat(), "by": message.by, "kind": message.kind, "text": text})
    return contents


def _file(file: AttachedFile) -> FileContent:
    """Return a file without its name; the desk fetches the file itself by another call."""
    return {
        "attachment_id": str(file.id),
        "kind": file.kind,
        "size": file.size,
        "state": file.state,
        "added_at": file.added_at.isoformat(),
    }
