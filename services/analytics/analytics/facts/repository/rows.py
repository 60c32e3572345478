"""Writing rows, and reading the state of appeals that an event changes."""

from collections.abc import Sequence
from typing import cast
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from analytics.facts.models import (
    CallRow,
    FactRow,
    FactState,
    ProviderRow,
    SelfServedRow,
    TransitionRow,
    call_fact,
    fact,
    provider,
    self_served,
    transition,
)
from shared.fast.bulk import insert_later, insert_new_rows, select_rows, update_rows
from shared.rows import upsert

_STATE_NAMES = tuple(FactState.__annotations__)
_STATE_COLUMNS = tuple(fact.c[name] for name in _STATE_NAMES)


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
    await update_rows(session, fact, rows, key=("appeal_id",))


async def upsert_providers(session: AsyncSession, rows: Sequence[ProviderRow]) -> None:
    """Insert providers, or update the names and the region of stored ones."""
    statement = upsert(session, provider)
    changed = {name: statement.excluded[name] for name in ("name_kk", "name_ru", "region", "district")}
    await session.execute(statement.on_conflict_do_update(index_elements=["provider_id"], set_=changed), list(rows))
