"""The polling connection of a process on PostgreSQL: loops repeat single statements on it, without SQLAlchemy and its pool.

A query costs 24 µs of processor time here. Through SQLAlchemy on a connection of the pool it costs 250, and a loop that finds nothing to
do asks several times a second.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import asyncpg
from sqlalchemy import Select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from shared.database_errors import named
from shared.fast.values import from_driver


class PollingConnection:
    """One connection of the pool, opened by the first statement and held from then on. Its statements wait for each other.

    Every statement is a transaction by itself. After an error the connection is given up, and the next statement opens another.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._connection: AsyncConnection | None = None
        self._driver: Any = None
        self._lock = asyncio.Lock()
        self._texts: dict[Select[Any], str] = {}

    async def fetch(self, statement: str, *values: Any) -> list[Any]:
        """Return the rows of a native statement (`$1` …). Raises like any statement."""
        async with self._lock:
            try:
                if self._connection is None or self._driver.is_closed():
                    await self._open()
                rows: list[Any] = await self._driver.fetch(statement, *values)
            except (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError) as error:
                away = self._driver is None or self._driver.is_closed() or isinstance(error, asyncpg.InternalClientError)
                await self._drop()
                raise named(error, statement, away=away) from error
            except BaseException:  # cancelled: the answer may still come
                await self._drop()
                raise
        return rows

    async def select(self, query: Select[Any]) -> list[tuple[Any, ...]]:
        """Return the rows of a query of table columns that has no parameters. It is compiled once: pass the same object each time."""
        text = self._texts.get(query)
        if text is None:
            compiled = query.compile(dialect=self._engine.dialect, compile_kwargs={"literal_binds": True})
            text = self._texts[query] = str(compiled)
        columns: Sequence[Any] = list(query.selected_columns)
        return from_driver(self._engine.dialect, columns, await self.fetch(text))

    async def close(self) -> None:
        """Return the connection to the pool."""
        async with self._lock:
            if self._connection is not None:
                connection, self._connection, self._driver = self._connection, None, None
                await connection.close()

    async def _open(self) -> None:
        await self._drop()
        connection = await self._engine.connect()
        self._connection, self._driver = connection, (await connection.get_raw_connection()).driver_connection

    async def _drop(self) -> None:
        connection, self._connection, self._driver = self._connection, None, None
        if connection is not None:
            with suppress(Exception):  # it is lost already
                await connection.invalidate()
                await connection.close()
