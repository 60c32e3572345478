"""The queries of the cases; those of what is written in a case are in `conversation`.

New rows are inserted in bulk as dictionaries; rows to be changed are read under a lock.
"""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from functools import lru_cache
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, exists, insert, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from routing.cases.models import Answer, AnswerDraft, AppealCase, Colleague, Correction, History, Letter, Note
from routing.cases.repository.listing import cases, count_cases, count_open, oldest_open, serial_of, visible_rows, workloads
from routing.cases.schemas.colleagues import ColleagueRow, UserView
from routing.cases.schemas.conversation import MeanwhileRecord
from routing.cases.schemas.corrections import CorrectionRow
from routing.cases.schemas.drafts import DraftRecord
from routing.cases.schemas.rows import (
    AnswerRecord,
    CaseChange,
    CaseRecord,
    CaseRow,
    CaseState,
    HistoryRecord,
    HistoryRow,
    LetterRecord,
)
from routing.cases.schemas.views import ColleagueView
from shared.database import among
from shared.fast.bulk import insert_later, insert_new_rows, select_rows, update_rows
from shared.fast.queries import Query, given
from shared.rows import columns_of, table_of, upsert
from shared.visibility import Scope

__all__ = [
    "add_answer",
    "add_cases",
    "add_correction",
    "add_history",
    "add_history_later",
    "add_letter",
    "answer",
    "answers",
    "case",
    "cases",
    "cases_sending_for",
    "change_cases",
    "colleague",
    "colleagues",
    "count_cases",
    "count_open",
    "delete_draft",
    "draft",
    "has_answers_to_send",
    "history",
    "history_after",
    "letters",
    "letters_of",
    "lock_case",
    "lock_cases",
    "lock_free_cases",
    "lock_next_to_send",
    "oldest_open",
    "record_colleague",
    "serial_of",
    "store_draft",
    "users",
    "worked_on",
    "workloads",
]

MEANWHILE: Final = 10  # entries: what colleagues do while a person writes an answer
_CASE: Final = table_of(AppealCase).c


async def add_cases(session: AsyncSession, rows: Sequence[CaseRow]) -> set[UUID]:
    """Insert new cases when the transaction ends. Return the ids of those that did not exist.

    Only the consumer of the appeal's partition opens its case, and it holds the lock on its offset: no other transaction can insert
    between the query and the insertion. Two cases with one number raise IntegrityError at the end of the transaction.
    """
    known = {key for (key,) in await select_rows(session, [_CASE.appeal_id], _CASE.appeal_id, [row["appeal_id"] for row in rows])}
    fresh = {row["appeal_id"]: row for row in rows if row["appeal_id"] not in known}
    insert_later(session, AppealCase, list(fresh.values()))
    return set(fresh)


def add_history_later(session: AsyncSession, rows: Sequence[HistoryRow]) -> None:
    """Insert the beginning of new histories when the transaction ends, together with its other waiting rows."""
    insert_later(session, History, rows)


async def add_history(session: AsyncSession, rows: Sequence[HistoryRow]) -> set[UUID]:
    """Insert history entries whose source is new. Return the sources that were inserted."""
    return await insert_new_rows(session, History, rows, unique=("source",), returning="source")


async def add_correction(session: AsyncSession, row: CorrectionRow) -> None:
    """Insert a correction of the classification."""
    await session.execute(insert(Correction), [row])


async def change_cases(session: AsyncSession, rows: Sequence[CaseChange], at: datetime) -> None:
    """Update locked cases by `appeal_id`, as changed at this time. Every row has the same columns."""
    await update_rows(session, AppealCase, [{**row, "updated_at": at} for row in rows], key=("appeal_id",))


_STATE_COLUMNS: Final = columns_of(AppealCase, CaseState)
_RECORD_COLUMNS: Final = columns_of(AppealCase, CaseRecord)
_HISTORY: Final = Query(
    HistoryRecord,
    select(*columns_of(History, HistoryRecord)).where(col(History.appeal_id) == given("appeal_id")).order_by(col(History.id)),
)
_LETTERS: Final = Query(
    LetterRecord,
    select(*columns_of(Letter, LetterRecord))
    .where(col(Letter.appeal_id) == given("appeal_id"))
    .order_by(col(Letter.at), col(Letter.letter_id)),
)


async def lock_cases(session: AsyncSession, appeal_ids: Sequence[UUID]) -> dict[UUID, CaseState]:
    """Lock these cases in the order of their ids, so that transactions do not deadlock, and return their states.

    States, not models: bulk updates bypass the objects of the session, and one transaction may apply several batches to one case.
    """
    found = await select_rows(session, _STATE_COLUMNS, _CASE.appeal_id, appeal_ids, lock=True)
    return {state.appeal_id: state for state in (CaseState(*row) for row in found)}


async def worked_on(session: AsyncSession, appeal_ids: Sequence[UUID]) -> set[UUID]:
    """Return those of the cases on which a person has done something: an entry in the history, a note, or a draft of the answer."""
    by_person = and_(among(session, History.appeal_id, appeal_ids), col(History.actor_role) != "service")
    queries = (
        select(col(History.appeal_id)).where(by_person),
        select(col(Note.appeal_id)).where(among(session, Note.appeal_id, appeal_ids)),
        select(col(AnswerDraft.appeal_id)).where(among(session, AnswerDraft.appeal_id, appeal_ids)),
    )
    return {appeal_id for query in queries for appeal_id in (await session.execute(query)).scalars()}


async def lock_free_cases(session: AsyncSession, appeal_ids: Sequence[UUID]) -> Sequence[UUID]:
    """Lock those of the cases that no other transaction has locked, and return their ids."""
    query = select(col(AppealCase.appeal_id)).where(among(session, AppealCase.appeal_id, appeal_ids))
    return (await session.execute(query.with_for_update(skip_locked=True))).scalars().all()


@lru_cache(maxsize=256)  # the regions and tiers that tokens name
def _visible_case(visible: Scope, *, lock: bool) -> Query[CaseRecord]:
    query = select(*_RECORD_COLUMNS).where(col(AppealCase.appeal_id) == given("appeal_id"), visible_rows(visible))
    return Query(CaseRecord, query.with_for_update() if lock else query)


async def lock_case(session: AsyncSession, appeal_id: UUID, visible: Scope) -> CaseRecord | None:
    """Lock and return the case, None if it does not exist or is not visible."""
    return await _visible_case(visible, lock=True).first(session, appeal_id=appeal_id)


async def case(session: AsyncSession, appeal_id: UUID, visible: Scope) -> CaseRecord | None:
    """Return the case, None if it does not exist or is not visible."""
    return await _visible_case(visible, lock=False).first(session, appeal_id=appeal_id)


async def lock_next_to_send(session: AsyncSession, now: datetime) -> CaseRecord | None:
    """Lock and return the case whose answer has waited the longest beyond its time; None if no answer is to be sent by now.

    A case that another transaction has locked is skipped.
    """
    query = select(*_RECORD_COLUMNS).where(col(AppealCase.sends_at) <= now)
    first = query.order_by(col(AppealCase.sends_at), col(AppealCase.appeal_id)).limit(1).with_for_update(skip_locked=True)
    row = (await session.execute(first)).one_or_none()
    return CaseRecord(*row) if row is not None else None


async def has_answers_to_send(session: AsyncSession, now: datetime) -> bool:
    """Return whether an answer that waited is to be sent by now."""
    return (await session.execute(select(exists().where(col(AppealCase.sends_at) <= now)))).scalar_one()


async def cases_sending_for(session: AsyncSession, visible: Scope, actor: str, limit: int) -> Sequence[CaseRecord]:
    """Return the visible cases in which an answer of the clerk waits to be sent, the next one first."""
    waits = and_(visible_rows(visible), col(AppealCase.sends_at).is_not(None), col(AppealCase.sending_by) == actor)
    query = select(*_RECORD_COLUMNS).where(waits).order_by(col(AppealCase.sends_at), col(AppealCase.appeal_id)).limit(limit)
    return [CaseRecord(*row) for row in await session.execute(query)]


async def history(session: AsyncSession, appeal_id: UUID) -> list[HistoryRecord]:
    """Return the history of a case in the order of its entries."""
    return await _HISTORY.all(session, appeal_id=appeal_id)


async def history_after(session: AsyncSession, appeal_id: UUID, known: int | None) -> Sequence[MeanwhileRecord]:
    """Return the entries after the first `known` of a history, at most MEANWHILE; without a number the latest entry alone."""
    query = select(*columns_of(History, MeanwhileRecord)).where(col(History.appeal_id) == appeal_id)
    if known is None:
        query = query.order_by(col(History.id).desc()).limit(1)
    else:
        query = query.order_by(col(History.id)).offset(known).limit(MEANWHILE)
    return [MeanwhileRecord(*row) for row in await session.execute(query)]


async def answers(session: AsyncSession, answer_ids: Sequence[UUID]) -> list[AnswerRecord]:
    """Return the answers with these ids; unknown ids are ignored."""
    rows = await select_rows(session, columns_of(Answer, AnswerRecord), table_of(Answer).c.answer_id, answer_ids)
    return [AnswerRecord(*row) for row in rows]


async def answer(session: AsyncSession, answer_id: UUID) -> AnswerRecord | None:
    """Return the answer with this id, None if it is unknown."""
    return next(iter(await answers(session, [answer_id])), None)


def add_answer(session: AsyncSession, answer: AnswerRecord) -> None:
    """Insert the answer when the transaction ends."""
    insert_later(session, Answer, [asdict(answer)])


async def draft(session: AsyncSession, appeal_id: UUID, actor: str) -> DraftRecord | None:
    """Return the clerk's unsent answer to the case, None without one. Whoever has locked the case may change the draft."""
    query = select(*columns_of(AnswerDraft, DraftRecord)).where(_is_draft_of(appeal_id, actor))
    row = (await session.execute(query)).one_or_none()
    return DraftRecord(*row) if row is not None else None


async def store_draft(session: AsyncSession, draft: DraftRecord) -> None:
    """Insert the clerk's draft, or replace the one of the same case."""
    row = asdict(draft)
    changed = {name: value for name, value in row.items() if name not in {"draft_id", "appeal_id", "actor"}}
    statement = upsert(session, AnswerDraft).values(**row)
    await session.execute(statement.on_conflict_do_update(index_elements=["appeal_id", "actor"], set_=changed))


async def delete_draft(session: AsyncSession, appeal_id: UUID, actor: str) -> None:
    """Delete the clerk's draft of the case, if there is one."""
    await session.execute(delete(AnswerDraft).where(_is_draft_of(appeal_id, actor)))


def _is_draft_of(appeal_id: UUID, actor: str) -> ColumnElement[bool]:
    return and_(col(AnswerDraft.appeal_id) == appeal_id, col(AnswerDraft.actor) == actor)


async def letters(session: AsyncSession, letter_ids: Sequence[UUID]) -> list[LetterRecord]:
    """Return the letters with these ids; unknown ids are ignored."""
    rows = await select_rows(session, columns_of(Letter, LetterRecord), table_of(Letter).c.letter_id, letter_ids)
    return [LetterRecord(*row) for row in rows]


async def letters_of(session: AsyncSession, appeal_id: UUID) -> list[LetterRecord]:
    """Return the letters to the applicant of a case, oldest first."""
    return await _LETTERS.all(session, appeal_id=appeal_id)


def add_letter(session: AsyncSession, letter: LetterRecord) -> None:
    """Insert the letter when the transaction ends."""
    insert_later(session, Letter, [asdict(letter)])


async def colleagues(session: AsyncSession) -> Sequence[ColleagueView]:
    """Return the known members of staff by name."""
    query = select(*columns_of(Colleague, ColleagueView))
    rows = await session.execute(query.order_by(col(Colleague.name), col(Colleague.subject)))
    return [ColleagueView(*row) for row in rows]


async def users(session: AsyncSession) -> Sequence[UserView]:
    """Return the known members of staff by name, with the day of their latest visit."""
    query = select(*columns_of(Colleague, UserView)).order_by(col(Colleague.name), col(Colleague.subject))
    return [UserView(*row) for row in await session.execute(query)]


async def colleague(session: AsyncSession, subject: str) -> ColleagueView | None:
    """Return a known member of staff by the subject of the token."""
    query = select(*columns_of(Colleague, ColleagueView))
    row = (await session.execute(query.where(col(Colleague.subject) == subject))).one_or_none()
    return ColleagueView(*row) if row is not None else None


async def record_colleague(session: AsyncSession, row: ColleagueRow) -> None:
    """Insert the colleague, or replace the claims of the earlier visit."""
    claims = {name: value for name, value in row.items() if name != "subject"}
    statement = upsert(session, Colleague).values(**row)
    await session.execute(statement.on_conflict_do_update(index_elements=["subject"], set_=claims))
