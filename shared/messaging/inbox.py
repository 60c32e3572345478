"""The inbox of a consumer in its database: positions, ids of applied events, and dead letters."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from shared.fast import sqlite_rows
from shared.fast.bulk import fetch, insert_new_rows, update_rows
from shared.messaging.envelope import Headers
from shared.messaging.log import Position, Record
from shared.messaging.tables import consumer_offset, dead_letter, inbox
from shared.rows import is_sqlite, upsert

# These statements run with every batch of every consumer. Below SQLAlchemy each takes a quarter of the time.
_LOCKED = """
    SELECT topic, partition, next_offset FROM consumer_offset WHERE (topic, partition) IN (SELECT * FROM unnest($1::text[], $2::int[]))
    ORDER BY topic, partition FOR UPDATE
"""
_ALL_OFFSETS = "SELECT topic, partition, next_offset FROM consumer_offset"  # some three dozen rows
_APPLIED = """
    INSERT INTO inbox (event_id, applied_at) SELECT event_id, $2 FROM unnest($1::uuid[]) AS given (event_id)
    ON CONFLICT DO NOTHING RETURNING event_id
"""
_PARKED = "SELECT DISTINCT key FROM dead_letter"


async def locked_offsets(session: AsyncSession, positions: Iterable[Position], topic_ids: Mapping[str, str]) -> dict[Position, int]:
    """Return the stored `next_offset` of these partitions and lock their rows until the transaction ends.

    A missing row is inserted with 0. No other rows are locked: they belong to other members of the group.
    """
    wanted = sorted(set(positions))
    found = {(topic, partition): next_offset for topic, partition, next_offset in await _locked(session, wanted)}
    if missing := [position for position in wanted if position not in found]:
        made = [{"topic": t, "partition": p, "topic_id": topic_ids[t], "next_offset": 0} for t, p in missing]
        await session.execute(upsert(session, consumer_offset).on_conflict_do_nothing(), made)
        return await locked_offsets(session, wanted, topic_ids)
    return found


async def _locked(session: AsyncSession, wanted: Sequence[Position]) -> Sequence[Any]:
    if not is_sqlite(session):
        return await fetch(session, _LOCKED, *map(list, zip(*wanted, strict=True)))
    return [row for row in await sqlite_rows.fetch(session, _ALL_OFFSETS) if row[:2] in wanted]


async def stored_offsets(session: AsyncSession) -> Sequence[Row[Any]]:
    return (await session.execute(select(consumer_offset))).all()


async def move_offsets(session: AsyncSession, next_offsets: Mapping[Position, int], topic_ids: Mapping[str, str]) -> None:
    """Store the next offsets. The rows exist: `locked_offsets` has locked them in this transaction."""
    rows = [{"topic": t, "partition": p, "topic_id": topic_ids[t], "next_offset": n} for (t, p), n in next_offsets.items()]
    await update_rows(session, consumer_offset, rows, key=("topic", "partition"))


async def unseen(session: AsyncSession, event_ids: Sequence[UUID], now: datetime) -> set[UUID]:
    """Return which of these distinct events were not applied before, and mark them as applied."""
    if event_ids and not is_sqlite(session):
        return {event_id for (event_id,) in await fetch(session, _APPLIED, event_ids, now)}
    rows = [{"event_id": event_id, "applied_at": now} for event_id in event_ids]
    return await insert_new_rows(session, inbox, rows, returning="event_id")


async def parked_keys(session: AsyncSession) -> set[str]:
    """Return the keys with a dead letter. Later events under such a key wait behind it."""
    found = sqlite_rows.fetch(session, _PARKED) if is_sqlite(session) else fetch(session, _PARKED)
    return {key for (key,) in await found}


async def park(session: AsyncSession, record: Record, *, reason: str, poison: bool, now: datetime) -> None:
    row = {
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "key": record.key,
        "headers": json.dumps([(name, value.decode("latin-1")) for name, value in record.headers]).encode(),
        "value": record.value,
        "reason": reason,
        "poison": int(poison),
        "parked_at": now,
    }
    await session.execute(upsert(session, dead_letter).on_conflict_do_nothing(), [row])


async def poisons_since(session: AsyncSession, moment: datetime) -> int:
    query = select(func.count()).select_from(dead_letter).where(dead_letter.c.poison == 1, dead_letter.c.parked_at >= moment)
    return (await session.execute(query)).scalar_one()


async def parked_records(session: AsyncSession, key: str) -> list[tuple[int, Record]]:
    """Return the parked records of a key in the order of the log, each with its row id."""
    order = (dead_letter.c.topic, dead_letter.c.partition, dead_letter.c.offset)
    columns = (dead_letter.c.id, *order, dead_letter.c.key, dead_letter.c.headers, dead_letter.c.value)
    rows = await session.execute(select(*columns).where(dead_letter.c.key == key).order_by(*order))
    return [
        (row_id, Record(topic, number, offset, key, _headers(headers), value))
        for row_id, topic, number, offset, key, headers, value in rows
    ]


async def unpark(session: AsyncSession, row_id: int) -> None:
    await session.execute(delete(dead_letter).where(dead_letter.c.id == row_id))


async def dead_letters(session: AsyncSession) -> int:
    return (await session.execute(select(func.count()).select_from(dead_letter))).scalar_one()


async def purge(session: AsyncSession, before: datetime) -> None:
    """Delete the ids of events that were applied before a time."""
    await session.execute(delete(inbox).where(inbox.c.applied_at < before))


def _headers(stored: bytes) -> Headers:
    return tuple((name, value.encode("latin-1")) for name, value in json.loads(stored))
