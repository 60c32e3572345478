"""SQLite through aiosqlite, with as few trips between threads as its waits need.

SQLAlchemy asks an aiosqlite cursor to open, execute, fetch and close, each a trip to another thread and back: with the interpreter's lock
changing hands every time, the trips cost more than the statements (a small SELECT: 240 µs of processor, 160 with one trip for all four).

The one writer of a file goes further: its statements touch rows by key and run in microseconds, so they run where they are called. What may
wait, BEGIN for the file's lock and COMMIT for the disk, goes to the thread (a third more appeals a second through the whole suite).
Readers, whose questions may be long ones, always go to theirs.
"""

import sqlite3
from collections.abc import Callable, Sequence
from typing import Any, Self, TypeVar

import aiosqlite

T = TypeVar("T")

CHUNK = 64  # aiosqlite's own default for cursors that are iterated, which ours are not


async def connect(path: str, *, writer: bool) -> aiosqlite.Connection:
    """A connection for SQLAlchemy's `async_creator`; its transactions are begun by whoever uses it, not guessed by the driver."""
    connection = OneTripConnection(lambda: sqlite3.connect(path, isolation_level=None, check_same_thread=False), CHUNK)
    connection.at_once = writer
    connection._thread.daemon = True  # noqa: SLF001 - as SQLAlchemy does with connections it makes itself
    return await connection


class OneTripConnection(aiosqlite.Connection):
    at_once = False
    """Run statements where they are called, as far as they do not wait for a lock."""

    def cursor(self) -> "OneTripCursor":  # type: ignore[override]  # SQLAlchemy asks for no more than it has
        return OneTripCursor(self)

    async def run(self, work: Callable[[], T], *, may_wait: bool) -> T:
        """Do `work`, in the connection's thread unless it may be done at once."""
        if self.at_once and not may_wait:
            return work()
        done: T = await self._execute(work)  # type: ignore[no-untyped-call]  # aiosqlite's own, without types
        return done


class OneTripCursor:
    """The part of an aiosqlite cursor that SQLAlchemy uses; rows are fetched with the statement and handed out once."""

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
        """Nothing is left open."""

    async def _go(self, work: Callable[[sqlite3.Cursor], object], *, may_wait: bool) -> None:
        def trip() -> tuple[list[Any], Any, int, int | None]:
            cursor = self._connection._conn.cursor()  # noqa: SLF001 - this is the other half of the connection
            try:
                work(cursor)
                return cursor.fetchall(), cursor.description, cursor.rowcount, cursor.lastrowid
            finally:
                cursor.close()

        self._rows, self.description, self.rowcount, self.lastrowid = await self._connection.run(trip, may_wait=may_wait)
