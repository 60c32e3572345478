"""One database a service: a transaction to write in, a snapshot to read from, on SQLite and on PostgreSQL alike.

SQLite takes one writer at a time: writers queue at a fair lock here instead of fighting for the file (16 connections with a busy time-out
gave a p99 of 104 ms, one writer behind a lock 19 ms). Only the boundary commits: leaving `write()` without an error.
"""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from pathlib import Path
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, Row, Select, any_, event, literal, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlmodel import col

from shared import postgres
from shared.clock import Clock
from shared.database_errors import CommitUnknown, is_refusal, name_statement_fault
from shared.fast import sqlite
from shared.fast.polling import PollingConnection
from shared.ids import Ids
from shared.messaging import outbox
from shared.rows import is_sqlite

READERS = 4  # snapshots open at once on one SQLite file; more only add threads on two cores


def service_url(database_url: str | None, data: Path, service: str, prefix: str = "") -> str:
    """Where a service keeps its state: its own database on the PostgreSQL server, or its own SQLite file in the data folder."""
    name = service.replace("-", "_")
    if database_url is None:
        return f"sqlite+aiosqlite:///{data / f'{name}.db'}"
    database = f"{prefix}_aryz_{name}" if prefix else f"aryz_{name}"
    return make_url(database_url).set(drivername="postgresql+asyncpg", database=database).render_as_string(hide_password=False)


class Database:
    """A service's store. `write()` is one transaction that also stores the events appended in it; `read()` never writes."""

    def __init__(self, url: str, *, service: str, clock: Clock, ids: Ids, session_settings: Mapping[str, str] | None = None) -> None:
        """Args: `session_settings` are settings of PostgreSQL's sessions."""
        self.service = service
        self.outbox_written = asyncio.Event()
        self._clock = clock
        self._ids = ids
        self.is_sqlite = url.startswith("sqlite")
        self.polling: PollingConnection | None = None
        """For the statements that loops repeat; None on SQLite."""
        if self.is_sqlite:
            self._writer = _sqlite_engine(url, connections=1, read_only=False)
            self._reader = _sqlite_engine(url, connections=READERS, read_only=True)
            self._glance = self._reader
            self._turn: AbstractAsyncContextManager[object] = asyncio.Lock()
        else:
            self._writer = postgres.engine(url, service, session_settings)
            self.polling = PollingConnection(self._writer)
            self._reader = self._writer.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            self._glance = self._writer.execution_options(isolation_level="AUTOCOMMIT")
            self._turn = nullcontext()

    @property
    def engine(self) -> AsyncEngine:
        """The writing engine, for migrations."""
        return self._writer

    @asynccontextmanager
    async def write(self, *, durable: bool = True) -> AsyncIterator[AsyncSession]:
        """One transaction: committed when the block ends well, together with the events appended to the outbox in it.

        Changed objects are written at the end, or by `flush()` where a query in between has to see them: one UPDATE, not one a query.
        Not `durable`: PostgreSQL does not wait for its disk, and a power cut may undo it; for what is then done again without harm.
        Raises CommitUnknown if the answer to COMMIT was lost; after any other error nothing is kept.
        """
        async with self._turn, AsyncSession(self._writer, expire_on_commit=False, autoflush=False) as session:
            session.info.update(outbox.context(self.service, self._clock, self._ids))
            if not (durable or self.is_sqlite):
                await session.execute(text("SET LOCAL synchronous_commit = off"))
            yield session
            emitted = await outbox.flush(session)
            await session.flush()
            await _commit(session)
        if emitted:
            self.outbox_written.set()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        """A snapshot. What is read stays as it was; nothing can be written."""
        async with AsyncSession(self._reader, expire_on_commit=False) as session:
            yield session

    async def fetch_all(self, query: Select[Any]) -> Sequence[Row[Any]]:
        """What one query finds, which is a snapshot by itself: on PostgreSQL one round trip where `read()` takes three."""
        async with self._glance.connect() as connection:
            found: Sequence[Row[Any]] = (await connection.execute(query)).all()
        return found

    async def poll(self, query: Select[Any]) -> Sequence[Any]:
        """What `fetch_all` finds, for a query without parameters that a loop repeats: an object of the module, which is compiled once."""
        return await (self.fetch_all(query) if self.polling is None else self.polling.select(query))

    async def ping(self) -> None:
        """Raises what the driver raises when the database does not answer."""
        async with self.read() as session:
            await session.execute(text("SELECT 1"))

    async def close(self) -> None:
        if self.polling is not None:
            await self.polling.close()
        await self._writer.dispose()
        await self._reader.dispose()


async def _commit(session: AsyncSession) -> None:
    try:
        await session.commit()
    except (DBAPIError, OSError) as error:
        if not is_refusal(error):
            raise CommitUnknown("COMMIT", None, error, hide_parameters=True) from error
        raise


def among(session: AsyncSession, column: Any, values: Collection[Any]) -> ColumnElement[bool]:
    """Whether the column has one of these values, which on PostgreSQL are one parameter: the statement is prepared once for any number."""
    if is_sqlite(session):
        return col(column).in_(values)
    return col(column) == any_(literal(list(values), ARRAY(column.type)))


def _sqlite_engine(url: str, *, connections: int, read_only: bool) -> AsyncEngine:
    path = make_url(url).database or ""

    async def connect() -> Any:
        return await sqlite.connect(path, writer=not read_only)

    engine = create_async_engine(url, async_creator=connect, pool_size=connections, max_overflow=0, pool_timeout=30)
    event.listen(engine.sync_engine, "handle_error", name_statement_fault)

    @event.listens_for(engine.sync_engine, "connect")
    def configure(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")  # a lost tail in one file would break the promises of all
        cursor.execute("PRAGMA busy_timeout=5000")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute("PRAGMA cache_size=-4000")
        if read_only:
            cursor.execute("PRAGMA query_only=ON")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")

    return engine
