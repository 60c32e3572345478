"""The inbox of a consumer in its database: positions, ids of applied events, and dead letters."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
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


class ParkedKey(NamedTuple):
    """The first parked event of a key, which the others of the key wait for; `behind`: how many wait."""

    id: int
    key: str
    topic: str
    event_type: str | None
    event_id: str
    reason: str
    parked_at: datetime
    behind: int


async def parked_page(session: AsyncSession, after: int, limit: int) -> tuple[Sequence[ParkedKey], int]:
    """Return the keys with a dead letter whose first one has an id above `after`, longest parked first, and the number of all keys."""
    keys = select(func.min(dead_letter.c.id).label("first"), func.count().label("events")).group_by(dead_letter.c.key).subquery()
    total = (await session.execute(select(func.count()).select_from(keys))).scalar_one()
    query = select(dead_letter, keys.c.events).join(keys, keys.c.first == dead_letter.c.id).where(dead_letter.c.id > after)
    return [_parked_key(row) for row in await session.execute(query.order_by(dead_letter.c.id).limit(limit))], total


def _parked_key(row: Row[Any]) -> ParkedKey:
    headers = dict(_headers(row.headers))
    event_type, event_id = (headers.get(name, b"").decode("utf-8", "replace") for name in ("ce_type", "ce_id"))
    return ParkedKey(row.id, row.key, row.topic, event_type or None, event_id, row.reason, row.parked_at, row.events - 1)


async def dismiss(session: AsyncSession, row_id: int) -> ParkedKey | None:
    """Delete the first parked event of a key: it is never applied here. Return it; None if it is not parked, or not the first, any more."""
    table = dead_letter.c
    position = (await session.execute(select(table.topic, table.partition).where(table.id == row_id))).one_or_none()
    if position is None:
        return None
    await locked_offsets(session, [(position.topic, position.partition)], {})  # the row exists; a replay waits until it is done
    page, _ = await parked_page(session, row_id - 1, 1)
    if not page or page[0].id != row_id:
        return None
    await unpark(session, row_id)
    return page[0]


async def unpark(session: AsyncSession, row_id: int) -> None:
    await session.execute(delete(dead_letter).where(dead_letter.c.id == row_id))


async def dead_letters(session: AsyncSession) -> int:
    return (await session.execute(select(func.count()).select_from(dead_letter))).scalar_one()


async def parked_positions(session: AsyncSession) -> frozenset[tuple[str, int, int]]:
    """Return topic, partition and offset of all parked events."""
    columns = (dead_letter.c.topic, dead_letter.c.partition, dead_letter.c.offset)
    return frozenset((row[0], row[1], row[2]) for row in await session.execute(select(*columns)))


async def purge(session: AsyncSession, before: datetime) -> None:
    """Delete the ids of events that were applied before a time."""
    await session.execute(delete(inbox).where(inbox.c.applied_at < before))


def _headers(stored: bytes) -> Headers:
    return tuple((name, value.encode("latin-1")) for name, value in json.loads(stored))
