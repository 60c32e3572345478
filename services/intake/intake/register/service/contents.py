"""The claim check: words by appeal id for the services entitled to them, each read audited."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import structlog
from sqlalchemy import Row

from intake.register import repository
from intake.register.models import Message
from intake.register.repository.applicant import applicants_messages
from intake.register.schemas import Content
from intake.register.service.audit import record_read
from intake.register.service.ports import AttachedFile, ListFiles
from intake.register.service.progress import words_of
from intake.register.service.sealed_fields import open_field
from shared.auth import Principal
from shared.contents import ContentItem, ContentsRequest, ContentsResponse, Purpose, entitled
from shared.sealing import Sealer, SealError
from shared.service import Parts

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class WordsPurpose(Purpose):
    """A purpose with the sealed fields that it opens, and for which appeals."""

    fields: tuple[str, ...]
    applies: Callable[[Row[Any]], bool] = lambda _row: True
    beside: bool = False
    """Whether what came after filing belongs to it: messages and files."""


def _discloses(row: Row[Any]) -> bool:
    return "DISCLOSE_TO_PROVIDER" in row.consents


ROUTING, PROVIDER_CONTACT = frozenset({"routing"}), frozenset({"provider-contact"})
PURPOSES: Final[Mapping[str, WordsPurpose]] = {
    "classification": WordsPurpose(ROUTING, for_a_person=False, fields=("text",)),
    # who filed it is asked for apart
    "desk-text": WordsPurpose(ROUTING, for_a_person=True, fields=("text", "provider_name", "contested_act"), beside=True),
    "desk": WordsPurpose(ROUTING, for_a_person=True, fields=("text", "provider_name", "applicant", "particulars"), beside=True),
    "provider-matching": WordsPurpose(PROVIDER_CONTACT, for_a_person=False, fields=("provider_name", "provider_bin")),
    "provider-disclosure": WordsPurpose(PROVIDER_CONTACT, for_a_person=True, fields=("text", "applicant"), applies=_discloses),
}


async def read_contents(parts: Parts, list_files: ListFiles, request: ContentsRequest, reader: Principal) -> ContentsResponse:
    """The contents of each id asked for, in that order; unknown and withheld ones are `found: false`.

    Raises what `entitled` raises.
    """
    purpose = entitled(request, reader, PURPOSES)
    async with parts.database.write() as session:  # one transaction: readers that wait for events ask some ten times a second
        rows = await repository.sealed_contents(session, request.ids)
        files = await list_files(session, request.ids) if purpose.beside else {}
        messages = await applicants_messages(session, request.ids) if purpose.beside else {}
        named = request.on_behalf_of
        await record_read(session, parts, reader=reader.subject, purpose=request.purpose, ids=request.ids, on_behalf_of=named)
    items = []
    for appeal_id in request.ids:
        row = rows.get(appeal_id)
        content = _readable(parts.sealer, row, purpose.fields) if row is not None and purpose.applies(row) else None
        if content is not None and purpose.beside:
            content["messages"] = _messages(parts.sealer, messages.get(appeal_id, []))
            content["attachments"] = [_file(each) for each in files.get(appeal_id, ())]
        items.append(ContentItem(id=appeal_id, found=content is not None, content=content))
    return ContentsResponse(items=items)


def _readable(sealer: Sealer, row: Row[Any], fields: tuple[str, ...]) -> Content | None:
    """The fields opened; None for a row whose seal is broken: one damaged row must not keep the readers of all others waiting."""
    try:
        return _content(sealer, row, fields)
    except SealError:
        log.exception("sealed words cannot be opened", appeal_id=str(row.id))
        return None


def _content(sealer: Sealer, row: Row[Any], fields: tuple[str, ...]) -> Content:
    return {field: _opened(sealer, row, field) for field in fields}


def _opened(sealer: Sealer, row: Row[Any], field: str) -> Any:
    if field == "contested_act":  # of the particulars all but the person spoken for
        found = _opened(sealer, row, "particulars") or {}
        return found.get("contested_act")
    return open_field(sealer, row.id, field, getattr(row, field))


def _messages(sealer: Sealer, found: Sequence[Message]) -> list[Content]:
    """What the applicant wrote after filing; `text` None for words whose seal is broken."""
    told = []
    for one in found:
        try:
            text = words_of(sealer, one.id, one.text) if one.text is not None else None
        except SealError:
            log.exception("sealed words cannot be opened", message_id=str(one.id))
            text = None
        told.append({"id": str(one.id), "at": one.at.isoformat(), "by": one.by, "kind": one.kind, "text": text})
    return told


def _file(file: AttachedFile) -> Content:
    """A file without its name: the desk reads the file itself by another call."""
    return {
        "attachment_id": str(file.id),
        "kind": file.kind,
        "size": file.size,
        "state": file.state,
        "added_at": file.added_at.isoformat(),
    }
