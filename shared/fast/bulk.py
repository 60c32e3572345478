"""Bulk statements below SQLAlchemy on PostgreSQL: COPY, and statements over one array per column (`unnest`).

Core binds and executes a statement for each row, or renders every value of every row as a parameter of its own. COPY takes half the
client time of `unnest`. `unnest` remains for what COPY cannot do: skipping existing rows, updating, several tables at once.
The functions have the contract of their namesakes in `shared.rows`. On SQLite they call `shared.fast.sqlite_rows`.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import lru_cache
from typing import Any

import asyncpg
from sqlalchemy import JSON, Column, Dialect, Table
from sqlalchemy.ext.asyncio import AsyncSession

from shared.database_errors import named
from shared.fast import sqlite_rows
from shared.fast.driver import adapter_of
from shared.fast.values import arrays_of, from_driver, to_driver
from shared.rows import SLICE, Rows, Target, is_sqlite, table_of, values_of

FEW = 100  # rows up to which an extra round trip costs more than COPY saves


async def insert_rows(session: AsyncSession, into: Target, rows: Rows, *, sliced: bool = False) -> None:
    """Insert all rows; on PostgreSQL by COPY. See `shared.rows.insert_rows`."""
    if not is_sqlite(session):
        if rows:
            await _copy(session, table_of(into), rows)
        return
    size = SLICE if sliced else max(1, len(rows))
    for start in range(0, len(rows), size):
        if start:
            await asyncio.sleep(0)
        await sqlite_rows.insert_rows(session, table_of(into), rows[start : start + size])


def insert_later(session: AsyncSession, into: Target, rows: Rows) -> None:
    """Queue rows for insertion at the end of the transaction, or before a statement that must see them. Errors are raised there."""
    if rows:
        session.info.setdefault("waiting", []).append((table_of(into), rows))


async def insert_waiting(session: AsyncSession) -> None:
    """Insert the rows queued by `insert_later`, in that order. The transaction boundary calls this just before the commit.

    On PostgreSQL few rows are inserted in one statement, many by COPY.
    """
    waiting: list[tuple[Table, Rows]] = session.info.pop("waiting", [])
    if is_sqlite(session) or sum(len(rows) for _, rows in waiting) > FEW:
        for table, rows in waiting:
            await insert_rows(session, table, rows)
    elif waiting:
        arrays = [array for table, rows in waiting for array in arrays_of(session.get_bind().dialect, table, rows)]
        parts = tuple((table, tuple(rows[0])) for table, rows in waiting)
        await fetch(session, _insertions(parts, session.get_bind().dialect), *arrays)


async def insert_new_rows(
    session: AsyncSession, into: Target, rows: Rows, *, returning: str | tuple[str, ...], unique: tuple[str, ...] = ()
) -> set[Any]:
    """Insert the rows without a conflict and skip the others, in one statement over arrays. See `shared.rows.insert_new_rows`."""
    if not rows:
        return set()
    table, dialect = table_of(into), session.get_bind().dialect
    wanted = (returning,) if isinstance(returning, str) else returning
    if is_sqlite(session):
        new = await sqlite_rows.insert_new_rows(session, table, rows, unique)
        return values_of([[row[name] for name in wanted] for row, is_new in zip(rows, new, strict=True) if is_new], returning)
    quote = dialect.identifier_preparer.quote
    target = f" ({', '.join(map(quote, unique))})" if unique else ""
    skipping = f" ON CONFLICT{target} DO NOTHING RETURNING {', '.join(map(quote, wanted))}"
    return values_of(await _on_arrays(session, table, rows, _insertion(table, tuple(rows[0]), dialect) + skipping), returning)


async def update_rows(session: AsyncSession, into: Target, rows: Rows, *, key: tuple[str, ...]) -> None:
    """Update each row that the columns of `key` identify, in one statement over arrays. See `shared.rows.update_rows`."""
    if not rows:
        return
    table = table_of(into)
    if is_sqlite(session):
        await sqlite_rows.update_rows(session, table, rows, key)
    else:
        await _on_arrays(session, table, rows, _updating(table, tuple(rows[0]), key, session.get_bind().dialect))


async def select_rows(
    session: AsyncSession, columns: Sequence[Column[Any]], key: Column[Any], values: Sequence[Any], *, lock: bool = False
) -> list[tuple[Any, ...]]:
    """Return these columns of the rows whose `key` is one of the values, in the order of the key.

    `lock`: until the transaction ends. On SQLite the transaction has locked the whole file.
    """
    if not values:
        return []
    if is_sqlite(session):
        return await sqlite_rows.select_rows(session, columns, key, values)
    dialect = session.get_bind().dialect
    statement = _selection(tuple(columns), key, dialect) + (" FOR UPDATE" if lock else "")
    return from_driver(dialect, columns, await fetch(session, statement, to_driver(dialect, key, list(values))))


async def _copy(session: AsyncSession, table: Table, rows: Rows) -> None:
    names, arrays = tuple(rows[0]), arrays_of(session.get_bind().dialect, table, rows)
    columns = [table.c[name].name for name in names]
    async with _driver(session, "COPY") as driver:
        await driver.copy_records_to_table(table.name, schema_name=table.schema, columns=columns, records=zip(*arrays, strict=True))


@asynccontextmanager
async def _driver(session: AsyncSession, statement: str) -> AsyncIterator[Any]:
    """Yield the driver's connection in the session's transaction. The layers between took half of a statement's time."""
    adapter = await adapter_of(session)
    driver = adapter.driver_connection
    try:
        if not driver.is_in_transaction():  # SQLAlchemy begins it with its first statement; before, ours would commit alone
            await adapter._start_transaction()  # noqa: SLF001 - the public way is a statement without effect
        yield driver
    except (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, adapter.dbapi.Error) as error:
        own = error.__cause__ if isinstance(error, adapter.dbapi.Error) and isinstance(error.__cause__, Exception) else error
        away = driver.is_closed() or isinstance(own, asyncpg.InternalClientError)
        if away:
            await (await session.connection()).invalidate()
        raise named(own, statement, away=away) from error


async def fetch(session: AsyncSession, statement: str, *values: Any) -> list[Any]:
    """Return the rows of a native PostgreSQL statement (`$1` …) in the session's transaction. Raises like any statement."""
    async with _driver(session, statement) as driver:
        rows: list[Any] = await driver.fetch(statement, *values)
    return rows


async def _on_arrays(session: AsyncSession, table: Table, rows: Rows, statement: str) -> list[Any]:
    return await fetch(session, statement, *arrays_of(session.get_bind().dialect, table, rows))


@lru_cache(maxsize=256)
def _insertion(table: Table, names: tuple[str, ...], dialect: Dialect, first: int = 1) -> str:
    quote = dialect.identifier_preparer.quote
    columns = ", ".join(quote(table.c[name].name) for name in names)
    return f"INSERT INTO {dialect.identifier_preparer.format_table(table)} ({columns}) SELECT {_values(table, names, dialect, first)}"


@lru_cache(maxsize=256)
def _selection(columns: tuple[Column[Any], ...], key: Column[Any], dialect: Dialect) -> str:
    quote, table = dialect.identifier_preparer.quote, dialect.identifier_preparer.format_table(key.table)
    found, by = ", ".join(quote(each.name) for each in columns), quote(key.name)
    return f"SELECT {found} FROM {table} WHERE {by} = ANY ($1::{key.type.compile(dialect)}[]) ORDER BY {by}"  # noqa: S608 - our own names, quoted


@lru_cache(maxsize=256)
def _insertions(parts: tuple[tuple[Table, tuple[str, ...]], ...], dialect: Dialect) -> str:
    """Return one statement that inserts into each of these tables."""
    statements, first = [], 1
    for table, names in parts:
        statements.append(_insertion(table, names, dialect, first))
        first += len(names)
    *others, last = statements
    queries = ", ".join(f"part_{number} AS ({statement})" for number, statement in enumerate(others))
    return f"WITH {queries} {last}" if queries else last


@lru_cache(maxsize=256)
def _updating(table: Table, names: tuple[str, ...], key: tuple[str, ...], dialect: Dialect) -> str:
    quote = dialect.identifier_preparer.quote
    target = dialect.identifier_preparer.format_table(table)
    changed = ", ".join(f"{quote(name)} = given.{quote(name)}" for name in names if name not in key)
    same = " AND ".join(f"{target}.{quote(name)} = given.{quote(name)}" for name in key)
    return f"UPDATE {target} SET {changed} FROM (SELECT {_values(table, names, dialect)}) AS given WHERE {same}"  # noqa: S608 - our own names, quoted


def _values(table: Table, names: tuple[str, ...], dialect: Dialect, first: int = 1) -> str:
    """Return the part after `SELECT`: the rows from one array parameter per column, numbered from `$first`."""
    quote = dialect.identifier_preparer.quote
    types = [table.c[name].type for name in names]
    parameters = ["text" if isinstance(kind, JSON) else kind.compile(dialect) for kind in types]  # elements of JSON would need a codec
    arrays = ", ".join(f"${number}::{kind}[]" for number, kind in enumerate(parameters, first))
    selected = ", ".join(
        f"{quote(name)}::{kind.compile(dialect)}" if isinstance(kind, JSON) else quote(name)
        for name, kind in zip(names, types, strict=True)
    )
    return f"{selected} FROM unnest({arrays}) AS arrays ({', '.join(map(quote, names))})"
