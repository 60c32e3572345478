"""Notes of colleagues: sealed, with mentions of those who may see the case."""

from uuid import UUID

from routing.cases.codes import NoteKind
from routing.cases.errors import UnknownMention
from routing.cases.repository import conversation as records
from routing.cases.schemas.conversation import MentionRow, NoteContent, NoteIn, NoteView
from routing.cases.schemas.notes import NoteRecord
from routing.cases.service import colleagues
from routing.cases.service.visible import visible_case
from shared.auth import Principal
from shared.http import ListResponse
from shared.sealing import Sealer
from shared.unit_of_work import UnitOfWork


def write(work: UnitOfWork, principal: Principal, appeal_id: UUID, kind: NoteKind, text: str) -> NoteRecord:
    """Store a note or a logged call of the principal, sealed, and return it."""
    note_id = work.ids.new()
    content = NoteContent(text=text).model_dump_json().encode()
    note = NoteRecord(
        note_id=note_id,
        appeal_id=appeal_id,
        at=work.clock.now(),
        kind=kind,
        content=work.sealer.seal("note", note_id, "content", content),
        actor_role=principal.role or "",
        actor=principal.subject,
    )
    records.add_note(work.session, note)
    return note


def text_of(note: NoteRecord, sealer: Sealer) -> str:
    """Return the text of a note, opened. Raises SealError."""
    return NoteContent.model_validate_json(sealer.open("note", note.note_id, "content", note.content)).text


async def add_note(work: UnitOfWork, principal: Principal, appeal_id: UUID, note: NoteIn) -> NoteView:
    """Add a note to a case that the principal sees. The mentioned colleagues find a mark in their lists until they open the case.

    Raises NotFound as `read_case` does, and UnknownMention for somebody who may not see the case.
    """
    case = await visible_case(work, principal, appeal_id)
    mentions = list(dict.fromkeys(note.mentions))
    if unknown := await colleagues.without_access(work, case, mentions):
        raise UnknownMention([note.mentions.index(subject) for subject in unknown])
    written = write(work, principal, appeal_id, NoteKind.NOTE, note.text)
    rows: list[MentionRow] = [
        {"note_id": written.note_id, "subject": subject, "appeal_id": appeal_id, "seen": subject == principal.subject}
        for subject in mentions
    ]
    await records.add_mentions(work.session, rows)
    await records.count_note(work.session, appeal_id)
    return NoteView(
        note_id=written.note_id,
        at=written.at,
        author=written.actor,
        author_name=principal.name,
        author_role=written.actor_role,
        text=note.text,
        mentions=mentions,
    )


async def notes(work: UnitOfWork, principal: Principal, appeal_id: UUID) -> ListResponse[NoteView]:
    """Return all notes of a case, oldest first. Raises NotFound as `read_case` does."""
    await visible_case(work, principal, appeal_id)
    found = [note for note in await records.notes_of(work.session, appeal_id) if note.kind is NoteKind.NOTE]
    names = await records.colleague_names(work.session, {note.actor for note in found})
    mentions = await records.mentions_of(work.session, [note.note_id for note in found])
    items = [
        NoteView(
            note_id=note.note_id,
            at=note.at,
            author=note.actor,
            author_name=names.get(note.actor),
            author_role=note.actor_role,
            text=text_of(note, work.sealer),
            mentions=mentions.get(note.note_id, []),
        )
        for note in found
    ]
    return ListResponse(items=items, total=len(items), next_cursor=None)
