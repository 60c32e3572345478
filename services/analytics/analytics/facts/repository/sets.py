"""The second set of tables that a rebuild fills, and the switch from the live set to it.

On PostgreSQL the second set is a schema of the same database: the switch moves tables between schemas. On SQLite it is a second file: the
switch copies its tables into the live file, in one transaction.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Final, NamedTuple, Protocol
from uuid import UUID

from sqlalchemy import Table, select, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession

from analytics.base import NOT_FROM_EVENTS, AnalyticsModel
from analytics.facts.models import call_fact, commitment_fact, fact, inquiry_fact, provider, rating_fact, reopening, self_served, transition
from shared.fast.bulk import select_rows
from shared.messaging.log import Position
from shared.messaging.tables import consumer_offset, dead_letter

SECOND: Final = "rebuilt"
RETIRED: Final = "retired"
GRAINS: Final = (fact, transition, reopening, inquiry_fact, commitment_fact, call_fact, rating_fact, self_served, provider)
SWITCHED: Final[Sequence[Table]] = (
    *(table for table in AnalyticsModel.metadata.sorted_tables if NOT_FROM_EVENTS not in table.info),
    consumer_offset,
    dead_letter,
)
"""All tables that are filled from events, with the positions in the log. The inbox stays: it gets the newest events of the second set."""
LOADED: Final = (fact, transition)
"""Large tables, whose indexes are created after they are filled."""
_LOCK_MS: Final = 3_000
_CATCH_UP_MS: Final = 60_000
_SQLITE_SECONDS: Final = 60.0


class TableDifference(NamedTuple):
    """How a table of the second set differs from the live one, in numbers of rows."""

    table: str
    live: int
    rebuilt: int
    only_live: int
    only_rebuilt: int
    fields: Mapping[str, int]
    """By column, in how many rows that both sets have it differs; columns without a difference are left out."""


class LiveSet(Protocol):
    """The live set during the switch."""

    def locked(self) -> AbstractAsyncContextManager[Mapping[Position, int]]:
        """Keep all consumers from applying events until the block ends, and yield the live positions.

        What is changed in the block is committed when it ends without an error. Raises a transient error if the lock takes too long.
        """
        ...

    async def parked(self) -> frozenset[tuple[str, int, int]]:
        """Return topic, partition and offset of the events that are parked in the live set."""
        ...

    async def switch(self, positions: Mapping[Position, int], since: datetime) -> None:
        """Put the second set in the place of the live one.

        `positions`: the least offsets that are stored with it. Ids of events since `since` count as applied.
        """
        ...


async def unapplied(session: AsyncSession, event_ids: Sequence[UUID], _now: datetime) -> set[UUID]:
    """Return which events have no transition: a rebuild applies every event of an appeal once without an inbox of its own."""
    known = {key for (key,) in await select_rows(session, [transition.c.event_id], transition.c.event_id, event_ids)}
    return set(event_ids) - known


def compared(table: Table, live: str, rebuilt: str) -> str:
    """Return the query of `TableDifference`: rows of both sets, rows in both, and for each column the rows that differ."""
    key = [column.name for column in table.primary_key.columns]
    others = [column.name for column in table.columns if column.name not in key]
    same = " AND ".join(f"l.{name} = r.{name}" for name in key)
    changed = "".join(f", count(CASE WHEN l.{name} IS DISTINCT FROM r.{name} THEN 1 END)" for name in others)
    count = f"(SELECT count(*) FROM {live}.{table.name}), (SELECT count(*) FROM {rebuilt}.{table.name})"  # noqa: S608 - our own names
    return f"SELECT {count}, count(*){changed} FROM {live}.{table.name} l JOIN {rebuilt}.{table.name} r ON {same}"  # noqa: S608 - our own names


def difference(table: Table, row: Sequence[int]) -> TableDifference:
    """Return the difference from the row of `compared`."""
    key = {column.name for column in table.primary_key.columns}
    others = [column.name for column in table.columns if column.name not in key]
    live, rebuilt, both, *changed = row
    fields = {name: number for name, number in zip(others, changed, strict=True) if number}
    return TableDifference(table.name, live, rebuilt, live - both, rebuilt - both, fields)


async def postgres_differences(engine: AsyncEngine) -> list[TableDifference]:
    """Compare the sets on PostgreSQL, in one snapshot."""
    async with engine.connect() as connection:
        await connection.execution_options(isolation_level="REPEATABLE READ")
        await connection.execute(text("SET LOCAL work_mem = '256MB'"))
        found = [(table, (await connection.execute(text(compared(table, "public", SECOND)))).one()) for table in GRAINS]
    return [difference(table, tuple(row)) for table, row in found]


def sqlite_differences(live: Path, second: Path) -> list[TableDifference]:
    """Compare the sets on SQLite."""
    connection = _attached(live, second)
    try:
        connection.execute("BEGIN")
        return [difference(table, connection.execute(compared(table, "main", SECOND)).fetchone()) for table in GRAINS]
    finally:
        connection.close()


def _attached(live: Path, second: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(live, isolation_level=None, check_same_thread=False, timeout=_SQLITE_SECONDS)
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute(f"ATTACH DATABASE ? AS {SECOND}", (str(second),))
    return connection


class SqliteLiveSet:
    """See `LiveSet`. The transaction of this connection keeps all other writers waiting."""

    def __init__(self, live: Path, second: Path) -> None:
        self._live, self._second = live, second
        self._connection: sqlite3.Connection | None = None

    @asynccontextmanager
    async def locked(self) -> AsyncIterator[Mapping[Position, int]]:
        try:
            yield await asyncio.to_thread(self._lock)
            await asyncio.to_thread(self._opened.execute, "COMMIT")
        finally:
            if self._connection is not None:
                self._connection.close()  # rolls back what is not committed
                self._connection = None

    def _lock(self) -> Mapping[Position, int]:
        connection = self._connection = _attached(self._live, self._second)
        connection.execute("BEGIN")
        connection.execute("UPDATE main.dead_letter SET id = id WHERE id = 0")  # BEGIN IMMEDIATE would lock the second file as well
        rows = connection.execute("SELECT topic, partition, next_offset FROM main.consumer_offset")
        return {(topic, partition): offset for topic, partition, offset in rows}

    async def parked(self) -> frozenset[tuple[str, int, int]]:
        rows = self._opened.execute('SELECT topic, partition, "offset" FROM main.dead_letter').fetchall()
        return frozenset((row[0], row[1], row[2]) for row in rows)

    async def switch(self, positions: Mapping[Position, int], since: datetime) -> None:
        await asyncio.to_thread(self._switch, positions, since)

    def _switch(self, positions: Mapping[Position, int], since: datetime) -> None:
        for table in SWITCHED:
            self._opened.execute(f"DELETE FROM main.{table.name}")  # noqa: S608 - our own names
            self._opened.execute(f"INSERT INTO main.{table.name} SELECT * FROM {SECOND}.{table.name}")  # noqa: S608
        self._opened.executemany(_positions_statement("main"), _named(positions))
        self._opened.execute(_inbox_statement("main"), {"since": since.strftime("%Y-%m-%d %H:%M:%S.%f")})

    @property
    def _opened(self) -> sqlite3.Connection:
        if self._connection is None:
            raise RuntimeError("the live set is not locked")
        return self._connection


def _named(positions: Mapping[Position, int]) -> list[dict[str, str | int]]:
    return [{"topic": topic, "partition": partition, "offset": offset} for (topic, partition), offset in positions.items()]


def _positions_statement(prefix: str) -> str:
    """Return the statement that stores an offset unless a later one is stored."""
    where = "topic = :topic AND partition = :partition AND next_offset < :offset"
    return f"UPDATE {prefix}.consumer_offset SET next_offset = :offset WHERE {where}"  # noqa: S608 - our own names


def _inbox_statement(prefix: str) -> str:
    """Return the statement by which events since a time count as applied."""
    newest = f"SELECT event_id, at FROM {prefix}.transition WHERE at >= :since"  # noqa: S608 - our own names
    return f"INSERT INTO {prefix}.inbox (event_id, applied_at) {newest} ON CONFLICT DO NOTHING"


class PostgresLiveSet:
    """See `LiveSet`. A lock on the table of positions keeps all consumers waiting at the first statement of a batch."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._connection: AsyncConnection | None = None

    @asynccontextmanager
    async def locked(self) -> AsyncIterator[Mapping[Position, int]]:
        async with self._engine.begin() as self._connection:
            await self._opened.execute(text(f"SET LOCAL lock_timeout = {_LOCK_MS}"))
            await self._opened.execute(text(f"SET LOCAL idle_in_transaction_session_timeout = {_CATCH_UP_MS}"))
            await self._opened.execute(text("LOCK TABLE public.consumer_offset IN EXCLUSIVE MODE"))
            rows = (await self._opened.execute(select(consumer_offset))).all()
            yield {(row.topic, row.partition): row.next_offset for row in rows}

    async def parked(self) -> frozenset[tuple[str, int, int]]:
        columns = (dead_letter.c.topic, dead_letter.c.partition, dead_letter.c.offset)
        return frozenset((row[0], row[1], row[2]) for row in await self._opened.execute(select(*columns)))

    async def switch(self, positions: Mapping[Position, int], since: datetime) -> None:
        names = [table.name for table in SWITCHED]
        await self._opened.execute(text(f"DROP SCHEMA IF EXISTS {RETIRED} CASCADE"))
        await self._opened.execute(text(f"CREATE SCHEMA {RETIRED}"))
        await self._opened.execute(text(f"LOCK TABLE {', '.join(f'public.{name}' for name in names)} IN ACCESS EXCLUSIVE MODE"))
        for name in names:
            await self._opened.execute(text(f"ALTER TABLE public.{name} SET SCHEMA {RETIRED}"))
            await self._opened.execute(text(f"ALTER TABLE {SECOND}.{name} SET SCHEMA public"))
        for named in _named(positions):
            await self._opened.execute(text(_positions_statement("public")), named)
        await self._opened.execute(text(_inbox_statement("public")), {"since": since})

    @property
    def _opened(self) -> AsyncConnection:
        if self._connection is None:
            raise RuntimeError("the live set is not locked")
        return self._connection
