"""One database a service: a transaction to write in, a snapshot to read from, on SQLite and on PostgreSQL alike.

SQLite takes one writer at a time: writers queue at a fair lock here instead of fighting for the file (16 connections with a busy time-out
gave a p99 of 104 ms, one writer behind a lock 19 ms). Only the boundary commits: leaving `write()` without an error.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from pathlib import Path
from typing import Any

from sqlalchemy import Table, event, text
from sqlalchemy.engine import ExceptionContext, make_url
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlmodel import SQLModel

from shared import sqlite
from shared.clock import Clock
from shared.ids import Ids
from shared.messaging import outbox

READERS = 4  # snapshots open at once on one SQLite file; more only add threads on two cores
POOL_SIZE = 10
# PostgreSQL's SQLSTATEs, and classes of them, of what passes: connection, rollback by the engine, resources, intervention, locks, idleness.
PASSING = frozenset({"08", "40", "53", "57", "58", "55P03", "25P03"})
SESSION_TIMEOUT_MS = 5_000  # a stopped process must not hold its rows for ever


def service_url(database_url: str | None, data: Path, service: str, prefix: str = "") -> str:
    """Where a service keeps its state: its own database on the PostgreSQL server, or its own SQLite file in the data folder."""
    name = service.replace("-", "_")
    if database_url is None:
        return f"sqlite+aiosqlite:///{data / f'{name}.db'}"
    database = f"{prefix}_aryz_{name}" if prefix else f"aryz_{name}"
    return make_url(database_url).set(drivername="postgresql+asyncpg", database=database).render_as_string(hide_password=False)


class Database:
    """A service's store. `write()` is one transaction that also stores the events appended in it; `read()` never writes."""

    def __init__(self, url: str, *, service: str, clock: Clock, ids: Ids) -> None:
        self.service = service
        self.outbox_written = asyncio.Event()
        self._clock = clock
        self._ids = ids
        self.is_sqlite = url.startswith("sqlite")
        if self.is_sqlite:
            self._writer = _sqlite_engine(url, connections=1, read_only=False)
            self._reader = _sqlite_engine(url, connections=READERS, read_only=True)
            self._turn: AbstractAsyncContextManager[object] = asyncio.Lock()
        else:
            timeouts = {"lock_timeout": str(SESSION_TIMEOUT_MS), "idle_in_transaction_session_timeout": str(SESSION_TIMEOUT_MS)}
            self._writer = create_async_engine(url, pool_size=POOL_SIZE, pool_pre_ping=True, connect_args={"server_settings": timeouts})
            self._reader = self._writer.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            event.listen(self._writer.sync_engine, "handle_error", name_passing_error)
            self._turn = nullcontext()

    @property
    def engine(self) -> AsyncEngine:
        """The writing engine, for migrations."""
        return self._writer

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncSession]:
        """One transaction: committed when the block ends well, together with the events appended to the outbox in it.

        Changed objects are written at the end, or by `flush()` where a query in between has to see them: one UPDATE, not one a query.
        """
        async with self._turn, AsyncSession(self._writer, expire_on_commit=False, autoflush=False) as session:
            session.info.update(outbox.context(self.service, self._clock, self._ids))
            async with session.begin():
                yield session
                emitted = await outbox.flush(session)
        if emitted:
            self.outbox_written.set()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        """A snapshot. What is read stays as it was; nothing can be written."""
        async with AsyncSession(self._reader, expire_on_commit=False) as session:
            yield session

    async def ping(self) -> None:
        """Raises what the driver raises when the database does not answer."""
        async with self.read() as session:
            await session.execute(text("SELECT 1"))

    async def close(self) -> None:
        await self._writer.dispose()
        await self._reader.dispose()


def table_of(model: type[SQLModel]) -> Table:
    """A model's table, for bulk statements: the ORM's bulk insert splits rows by which columns are NULL, a statement each."""
    table: Table = model.__table__  # type: ignore[attr-defined]  # SQLModel gives it to table models and does not say so
    return table


def name_passing_error(context: ExceptionContext) -> BaseException | None:
    """Call a trouble that passes by its name, OperationalError: asyncpg's adapter gives locks, time-outs and ends no kind of their own."""
    error = context.sqlalchemy_exception
    sqlstate = str(getattr(context.original_exception, "sqlstate", None) or "")
    if isinstance(error, DBAPIError) and (context.is_disconnect or sqlstate in PASSING or sqlstate[:2] in PASSING):
        return OperationalError(error.statement, None, context.original_exception, hide_parameters=True)
    return None


def _sqlite_engine(url: str, *, connections: int, read_only: bool) -> AsyncEngine:
    path = make_url(url).database or ""

    async def connect() -> Any:
        return await sqlite.connect(path, writer=not read_only)

    engine = create_async_engine(url, async_creator=connect, pool_size=connections, max_overflow=0, pool_timeout=30)

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
