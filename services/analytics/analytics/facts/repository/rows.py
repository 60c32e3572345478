"""Writing rows, and reading the state of appeals that an event changes."""

from collections.abc import Sequence
from datetime import date
from typing import cast
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from analytics.facts.models import (
    CallRow,
    CommitmentRow,
    FactRow,
    FactState,
    InquiryRow,
    ProviderRow,
    RatingRow,
    ReopeningRow,
    SelfServedRow,
    TransitionRow,
    call_fact,
    commitment_fact,
    fact,
    inquiry_fact,
    pending_recount,
    provider,
    rating_fact,
    reopening,
    self_served,
    transition,
)
from shared.fast.bulk import insert_later, insert_new_rows, select_rows, update_rows
from shared.rows import upsert

_STATE_NAMES = tuple(FactState.__annotations__)
_STATE_COLUMNS = tuple(fact.c[name] for name in _STATE_NAMES)
_FIXED = frozenset({"region", "received_on"})
"""Columns of the state that no event changes."""


def insert_facts(session: AsyncSession, rows: Sequence[FactRow]) -> None:
    """Insert facts when the transaction ends, or before the next events are applied.

    Only the consumer of the appeal's partition opens its fact, and it holds the lock on its offset: a fact that `fact_states` did not
    find in this transaction is new.
    """
    insert_later(session, fact, rows)


async def insert_transitions(session: AsyncSession, rows: Sequence[TransitionRow]) -> None:
    """Insert transitions when the transaction ends; an event that is stored already changes nothing.

    Asking first and inserting by COPY takes less time than an insertion that skips conflicts. As with facts, nobody else can insert the
    same event meanwhile.
    """
    event_id = transition.c.event_id
    known = {key for (key,) in await select_rows(session, [event_id], event_id, [row["event_id"] for row in rows])}
    insert_later(session, transition, [row for row in rows if row["event_id"] not in known])


async def insert_calls(session: AsyncSession, rows: Sequence[CallRow]) -> None:
    """Insert calls; one that is stored already stays as it is."""
    await insert_new_rows(session, call_fact, rows, returning="call_id")


async def insert_self_served(session: AsyncSession, rows: Sequence[SelfServedRow]) -> None:
    """Insert answered questions; one that is stored already stays as it is."""
    await insert_new_rows(session, self_served, rows, returning="question_id")


async def fact_states(session: AsyncSession, appeal_ids: Sequence[UUID]) -> dict[UUID, FactState]:
    """Return the stored facts of these appeals, by appeal."""
    rows = await select_rows(session, _STATE_COLUMNS, fact.c.appeal_id, appeal_ids)
    return {row[0]: cast("FactState", dict(zip(_STATE_NAMES, row, strict=True))) for row in rows}


async def update_facts(session: AsyncSession, rows: Sequence[FactState]) -> None:
    """Set the changeable columns of facts, which are identified by `appeal_id`."""
    changed = [{name: value for name, value in row.items() if name not in _FIXED} for row in rows]
    await update_rows(session, fact, changed, key=("appeal_id",))


def request_recounts(session: AsyncSession, days: Sequence[tuple[date, str]], followed: Sequence[UUID]) -> None:
    """Declare the rollups of these days of regions out of date, and those of the days of appeals that others continue."""
    rows = [{"received_on": day, "region": region, "appeal_id": None} for day, region in days]
    insert_later(session, pending_recount, [*rows, *({"received_on": None, "region": None, "appeal_id": each} for each in followed)])


async def store_reopenings(session: AsyncSession, added: Sequence[ReopeningRow], ended: Sequence[ReopeningRow]) -> None:
    """Insert reopenings, and set the end of stored ones; one that is stored already stays as it is."""
    await insert_new_rows(session, reopening, added, returning="event_id")
    await update_rows(session, reopening, ended, key=("event_id",))


async def inquiries(session: AsyncSession, inquiry_ids: Sequence[UUID]) -> dict[UUID, InquiryRow]:
    """Return the stored inquiries with these ids."""
    rows = await select_rows(session, tuple(inquiry_fact.c), inquiry_fact.c.inquiry_id, inquiry_ids)
    return {row[0]: cast("InquiryRow", dict(zip(inquiry_fact.c.keys(), row, strict=True))) for row in rows}


async def upsert_inquiries(session: AsyncSession, rows: Sequence[InquiryRow]) -> None:
    """Insert inquiries, or update stored ones."""
    new = await insert_new_rows(session, inquiry_fact, rows, returning="inquiry_id")
    await update_rows(session, inquiry_fact, [row for row in rows if row["inquiry_id"] not in new], key=("inquiry_id",))


async def commitments(session: AsyncSession, commitment_ids: Sequence[UUID]) -> dict[UUID, CommitmentRow]:
    """Return the stored promises with these ids."""
    rows = await select_rows(session, tuple(commitment_fact.c), commitment_fact.c.commitment_id, commitment_ids)
    return {row[0]: cast("CommitmentRow", dict(zip(commitment_fact.c.keys(), row, strict=True))) for row in rows}


async def upsert_commitments(session: AsyncSession, rows: Sequence[CommitmentRow]) -> None:
    """Insert promises, or update stored ones."""
    new = await insert_new_rows(session, commitment_fact, rows, returning="commitment_id")
    await update_rows(session, commitment_fact, [row for row in rows if row["commitment_id"] not in new], key=("commitment_id",))


async def upsert_providers(session: AsyncSession, rows: Sequence[ProviderRow]) -> None:
    """Insert providers, or update stored ones."""
    statement = upsert(session, provider)
    changed = {name: statement.excluded[name] for name in ("name_kk", "name_ru", "region", "district", "kind", "active")}
    await session.execute(statement.on_conflict_do_update(index_elements=["provider_id"], set_=changed), list(rows))


async def store_ratings(session: AsyncSession, rows: Sequence[RatingRow]) -> None:
    """Insert ratings, or update the scores of stored ones."""
    statement = upsert(session, rating_fact)
    score = {"score": statement.excluded["score"]}
    await session.execute(statement.on_conflict_do_update(index_elements=["rating_id"], set_=score), list(rows))
