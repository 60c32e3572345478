"""SQLite through aiosqlite with one trip to the connection's thread a statement.

SQLAlchemy asks an aiosqlite cursor to open, execute, fetch and close, each a trip to another thread and back: with the interpreter's lock
changing hands every time, the trips cost more than the statements. This cursor makes one (a small SELECT: 240 µs of processor, then 160).
"""

import sqlite3
from collections.abc import Callable, Sequence
from typing import Any, Self, TypeVar

import aiosqlite

T = TypeVar("T")

CHUNK = 64  # aiosqlite's own default for cursors that are iterated, which ours are not


async def connect(path: str) -> aiosqlite.Connection:
    """A connection for SQLAlchemy's `async_creator`; its transactions are begun by whoever uses it, not guessed by the driver."""
    connection = OneTripConnection(lambda: sqlite3.connect(path, isolation_level=None), CHUNK)
    connection._thread.daemon = True  # noqa: SLF001 - as SQLAlchemy does with connections it makes itself
    return await connection


class OneTripConnection(aiosqlite.Connection):
    def cursor(self) -> "OneTripCursor":  # type: ignore[override]  # SQLAlchemy asks for no more than it has
        return OneTripCursor(self)

    async def run(self, work: Callable[[], T]) -> T:
        """Do `work` in the connection's thread."""
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
        await self._go(lambda cursor: cursor.execute(statement, parameters))

    async def executemany(self, statement: str, parameters: Sequence[Sequence[Any]]) -> None:
        await self._go(lambda cursor: cursor.executemany(statement, parameters))

    async def fetchall(self) -> list[Any]:
        rows, self._rows = self._rows, []
        return rows

    async def close(self) -> None:
        """Nothing is left open."""

    async def _go(self, work: Callable[[sqlite3.Cursor], object]) -> None:
        def trip() -> tuple[list[Any], Any, int, int | None]:
            cursor = self._connection._conn.cursor()  # noqa: SLF001 - within the connection's own thread
            try:
                work(cursor)
                return cursor.fetchall(), cursor.description, cursor.rowcount, cursor.lastrowid
            finally:
                cursor.close()

        self._rows, self.description, self.rowcount, self.lastrowid = await self._connection.run(trip)
