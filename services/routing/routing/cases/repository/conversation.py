"""The queries of what is written in a case."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from typing import Final
from uuid import UUID

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from routing.cases.models import Answer, AppealCase, Colleague, IssueFinding, Note, NoteMention, ProviderQuestion
from routing.cases.schemas.conversation import MentionRow
from routing.cases.schemas.given_answers import AnswerFacts
from routing.cases.schemas.issues import FindingRecord
from routing.cases.schemas.notes import NoteRecord, ProviderQuestionRecord
from routing.cases.schemas.rows import AnswerRecord
from shared.database import among
from shared.fast.bulk import insert_later
from shared.fast.queries import Query, given
from shared.rows import columns_of, upsert

_ANSWERS: Final = Query(
    AnswerRecord,
    select(*columns_of(Answer, AnswerRecord))
    .where(col(Answer.appeal_id) == given("appeal_id"))
    .order_by(col(Answer.at), col(Answer.answer_id)),
)
_NOTES: Final = Query(
    NoteRecord,
    select(*columns_of(Note, NoteRecord)).where(col(Note.appeal_id) == given("appeal_id")).order_by(col(Note.at), col(Note.note_id)),
)

_QUESTIONS: Final = Query(
    ProviderQuestionRecord,
    select(*columns_of(ProviderQuestion, ProviderQuestionRecord))
    .where(col(ProviderQuestion.appeal_id) == given("appeal_id"))
    .order_by(col(ProviderQuestion.at), col(ProviderQuestion.request_id)),
)


async def answers_of(session: AsyncSession, appeal_id: UUID) -> list[AnswerRecord]:
    """Return the answers of a case, oldest first."""
    return await _ANSWERS.all(session, appeal_id=appeal_id)


async def answer_facts(session: AsyncSession, answer_id: UUID) -> AnswerFacts | None:
    """Return what the check of a letter needs of an answer, None if it is unknown."""
    of_case, of_answer = (col(AppealCase.number), col(AppealCase.region)), (col(Answer.at), col(Answer.language))
    query = select(*of_case, *of_answer, col(AppealCase.answer_id)).join(Answer, col(Answer.appeal_id) == col(AppealCase.appeal_id))
    row = (await session.execute(query.where(col(Answer.answer_id) == answer_id))).one_or_none()
    return AnswerFacts(*row) if row is not None else None


async def notes_of(session: AsyncSession, appeal_id: UUID) -> list[NoteRecord]:
    """Return the notes and logged calls of a case, oldest first."""
    return await _NOTES.all(session, appeal_id=appeal_id)


async def questions_of(session: AsyncSession, appeal_id: UUID) -> list[ProviderQuestionRecord]:
    """Return the questions of clerks to providers in a case, oldest first."""
    return await _QUESTIONS.all(session, appeal_id=appeal_id)


async def questions(session: AsyncSession, request_ids: Collection[UUID]) -> list[ProviderQuestionRecord]:
    """Return the questions to providers with these ids; unknown ids are ignored."""
    query = select(*columns_of(ProviderQuestion, ProviderQuestionRecord)).where(among(session, ProviderQuestion.request_id, request_ids))
    return [ProviderQuestionRecord(*row) for row in await session.execute(query)]


async def findings_of(session: AsyncSession, appeal_id: UUID) -> list[FindingRecord]:
    """Return the texts of the findings on the issues of a case."""
    query = select(*columns_of(IssueFinding, FindingRecord)).where(col(IssueFinding.appeal_id) == appeal_id)
    return [FindingRecord(*row) for row in await session.execute(query)]


async def store_finding(session: AsyncSession, finding: FindingRecord) -> None:
    """Insert the texts of the finding on an issue, or replace the earlier ones."""
    row = asdict(finding)
    statement = upsert(session, IssueFinding).values(**row)
    await session.execute(statement.on_conflict_do_update(index_elements=["issue_id"], set_=row))


def add_question(session: AsyncSession, question: ProviderQuestionRecord) -> None:
    """Insert the question when the transaction ends."""
    insert_later(session, ProviderQuestion, [asdict(question)])


def add_note(session: AsyncSession, note: NoteRecord) -> None:
    """Insert the note when the transaction ends."""
    insert_later(session, Note, [asdict(note)])


async def count_note(session: AsyncSession, appeal_id: UUID) -> None:
    """Add one to the number of notes of a case. Its version stays."""
    await session.execute(
        update(AppealCase)
        .where(col(AppealCase.appeal_id) == appeal_id)
        .values(notes_count=col(AppealCase.notes_count) + 1)
        .execution_options(synchronize_session=False)
    )


async def add_mentions(session: AsyncSession, rows: Sequence[MentionRow]) -> None:
    """Insert the mentions of a new note."""
    if rows:
        await session.execute(insert(NoteMention), rows)


async def mentions_of(session: AsyncSession, note_ids: Collection[UUID]) -> Mapping[UUID, list[str]]:
    """Return the subjects of mentioned colleagues by note id, in their order."""
    if not note_ids:
        return {}
    query = select(col(NoteMention.note_id), col(NoteMention.subject)).where(among(session, NoteMention.note_id, note_ids))
    found: dict[UUID, list[str]] = {}
    for note_id, subject in await session.execute(query.order_by(col(NoteMention.subject))):
        found.setdefault(note_id, []).append(subject)
    return found


async def unseen_mentions(session: AsyncSession, subject: str, appeal_ids: Collection[UUID]) -> set[UUID]:
    """Return those of the cases in which a note mentions the colleague, who has not opened the case since."""
    if not appeal_ids:
        return set()
    unseen = (col(NoteMention.subject) == subject, col(NoteMention.seen).is_(False))
    query = select(col(NoteMention.appeal_id)).where(*unseen, among(session, NoteMention.appeal_id, appeal_ids))
    return set((await session.execute(query)).scalars())


async def see_mentions(session: AsyncSession, subject: str, appeal_id: UUID) -> None:
    """Mark the mentions of the colleague in this case as seen."""
    unseen = (col(NoteMention.subject) == subject, col(NoteMention.appeal_id) == appeal_id, col(NoteMention.seen).is_(False))
    await session.execute(update(NoteMention).where(*unseen).values(seen=True).execution_options(synchronize_session=False))


async def colleague_names(session: AsyncSession, subjects: Collection[str]) -> Mapping[str, str | None]:
    """Return the names of known colleagues by subject, None for a colleague whose token has no name."""
    if not subjects:
        return {}
    query = select(col(Colleague.subject), col(Colleague.name)).where(among(session, Colleague.subject, subjects))
    return {row[0]: row[1] for row in await session.execute(query)}
