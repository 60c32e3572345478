"""SQLite through aiosqlite with few switches between threads.

SQLAlchemy asks an aiosqlite cursor to open, execute, fetch and close. Each call switches to another thread and back, and the
switches cost more than the statements (a small SELECT: 240 µs of processor time, 160 µs with one switch for all four calls).

The single writer of a file saves more: its statements access rows by key and take microseconds, so they run in the calling
thread. Calls that may wait, BEGIN for the file lock and COMMIT for the disk, run in the connection's thread (a third more appeals
per second through the whole suite). Readers may run long queries and always use their thread.
"""

import sqlite3
from collections.abc import Callable, Sequence
from typing import Any, Self, TypeVar

import aiosqlite

T = TypeVar("T")

CHUNK = 64  # aiosqlite's default for iterated cursors, which are not used here


async def connect(path: str, *, writer: bool) -> aiosqlite.Connection:
    """Return a connection for SQLAlchemy's `async_creator`. The caller begins its transactions; the driver begins none by itself."""
    connection = OneTripConnection(lambda: sqlite3.connect(path, isolation_level=None, check_same_thread=False), CHUNK)
    connection.at_once = writer
    connection._thread.daemon = True  # noqa: SLF001 - as SQLAlchemy does with connections it makes itself
    return await connection


class OneTripConnection(aiosqlite.Connection):
    at_once = False
    """Run statements that do not wait for a lock in the calling thread."""

    def cursor(self) -> "OneTripCursor":  # type: ignore[override]  # SQLAlchemy asks for no more than it has
        return OneTripCursor(self)

    async def run(self, work: Callable[[], T], *, may_wait: bool) -> T:
        """Run `work` in the connection's thread, or in the calling thread if that is allowed."""
        if self.at_once and not may_wait:
            return work()
        done: T = await self._execute(work)  # type: ignore[no-untyped-call]  # aiosqlite's own, without types
        return done


class OneTripCursor:
    """The part of an aiosqlite cursor that SQLAlchemy uses. Rows are fetched with the statement and returned once."""

    arraysize = 1

    def __init__(self, connection: OneTripConnection) -> None:
        self._connection = connection
        self._rows: list[Any] = []
        self.description: Any = None
        self.rowcount = -1
        self.lastrowid: int | None = None

    async def __aenter__(self) -> Self:
        return self

    async def execute(self, statement: str, parameters: Sequence[Any] = ()) -> None:
        await self._go(lambda cursor: cursor.execute(statement, parameters), may_wait=statement.startswith("BEGIN"))

    async def executemany(self, statement: str, parameters: Sequence[Sequence[Any]]) -> None:
        await self._go(lambda cursor: cursor.executemany(statement, parameters), may_wait=False)

    async def fetchall(self) -> list[Any]:
        rows, self._rows = self._rows, []
        return rows

    async def close(self) -> None:
        """Do nothing: no cursor stays open."""

    async def _go(self, work: Callable[[sqlite3.Cursor], object], *, may_wait: bool) -> None:
        def trip() -> tuple[list[Any], Any, int, int | None]:
            cursor = self._connection._conn.cursor()  # noqa: SLF001 - this is the other half of the connection
            try:
                work(cursor)
                return cursor.fetchall(), cursor.description, cursor.rowcount, cursor.lastrowid
            finally:
                cursor.close()

        self._rows, self.description, self.rowcount, self.lastrowid = await self._connection.run(trip, may_wait=may_wait)
