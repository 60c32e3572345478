"""Statements for many rows on SQLite, run by the driver's own cursor.

SQLAlchemy composes a statement over all rows and takes several times as long for it as SQLite does. Here the driver repeats one
prepared statement. The functions have the contract of their namesakes in `shared.rows`.
"""

import json
import sqlite3
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, TypeVar

from sqlalchemy import Column, Dialect, LargeBinary, Table
from sqlalchemy.ext.asyncio import AsyncSession

from shared.database_errors import named_by_sqlite
from shared.fast.driver import adapter_of
from shared.fast.values import arrays_of, from_driver, to_driver
from shared.rows import Rows

T = TypeVar("T")


async def insert_rows(session: AsyncSession, table: Table, rows: Rows) -> None:
    """Insert all rows."""
    dialect = session.get_bind().dialect
    statement, records = _insertion(table, tuple(rows[0]), dialect), _records(dialect, table, rows)
    await _run(session, statement, lambda cursor: cursor.executemany(statement, records))


async def insert_new_rows(session: AsyncSession, table: Table, rows: Rows, unique: tuple[str, ...]) -> list[bool]:
    """Insert the rows without a conflict on the `unique` columns (empty: on any) and skip the others. Return for each whether it is new."""
    dialect = session.get_bind().dialect
    target = f" ({', '.join(map(dialect.identifier_preparer.quote, unique))})" if unique else ""
    statement = f"{_insertion(table, tuple(rows[0]), dialect)} ON CONFLICT{target} DO NOTHING"
    records = _records(dialect, table, rows)
    return await _run(session, statement, lambda cursor: [cursor.execute(statement, record).rowcount == 1 for record in records])


async def update_rows(session: AsyncSession, table: Table, rows: Rows, key: tuple[str, ...]) -> None:
    """Update the other columns of each row that the columns of `key` identify."""
    dialect = session.get_bind().dialect
    names = (*(name for name in rows[0] if name not in key), *key)
    statement = _updating(table, names, key, dialect)
    records = _records(dialect, table, [{name: row[name] for name in names} for row in rows])
    await _run(session, statement, lambda cursor: cursor.executemany(statement, records))


async def select_rows(
    session: AsyncSession, columns: Sequence[Column[Any]], key: Column[Any], values: Sequence[Any]
) -> list[tuple[Any, ...]]:
    """Return these columns of the rows whose `key` is one of the values, in the order of the key."""
    dialect = session.get_bind().dialect
    wanted: list[Any] = to_driver(dialect, key, list(values))
    if isinstance(key.type, LargeBinary):  # JSON holds no bytes
        statement = _selection(tuple(columns), key, dialect, ", ".join("?" for _ in wanted))
    else:
        statement, wanted = _selection(tuple(columns), key, dialect), [json.dumps(wanted)]
    rows = await _run(session, statement, lambda cursor: cursor.execute(statement, wanted).fetchall())
    return from_driver(dialect, columns, rows)


async def fetch(session: AsyncSession, statement: str, *values: Any) -> list[Any]:
    """Return the rows of a statement (`?` …) as the driver gives them."""
    return await _run(session, statement, lambda cursor: cursor.execute(statement, values).fetchall())


async def _run(session: AsyncSession, statement: str, work: Callable[[sqlite3.Cursor], T]) -> T:
    driver: Any = (await adapter_of(session)).driver_connection

    def trip() -> T:
        cursor = driver._conn.cursor()  # noqa: SLF001 - as `shared.fast.sqlite` does
        try:
            return work(cursor)
        finally:
            cursor.close()

    try:
        done: T = await driver.run(trip, may_wait=False)
    except sqlite3.Error as error:
        raise named_by_sqlite(error, statement) from error
    return done


def _records(dialect: Dialect, table: Table, rows: Rows) -> list[tuple[Any, ...]]:
    return list(zip(*arrays_of(dialect, table, rows), strict=True))


@lru_cache(maxsize=256)
def _insertion(table: Table, names: tuple[str, ...], dialect: Dialect) -> str:
    quote = dialect.identifier_preparer.quote
    columns = ", ".join(quote(table.c[name].name) for name in names)
    values = ", ".join("?" for _ in names)
    return f"INSERT INTO {dialect.identifier_preparer.format_table(table)} ({columns}) VALUES ({values})"  # noqa: S608 - our own names, quoted


@lru_cache(maxsize=256)
def _updating(table: Table, names: tuple[str, ...], key: tuple[str, ...], dialect: Dialect) -> str:
    quote = dialect.identifier_preparer.quote
    changed = ", ".join(f"{quote(name)} = ?" for name in names if name not in key)
    same = " AND ".join(f"{quote(name)} = ?" for name in key)
    return f"UPDATE {dialect.identifier_preparer.format_table(table)} SET {changed} WHERE {same}"  # noqa: S608 - our own names, quoted


@lru_cache(maxsize=256)
def _selection(columns: tuple[Column[Any], ...], key: Column[Any], dialect: Dialect, values: str = "SELECT value FROM json_each(?)") -> str:
    quote, table = dialect.identifier_preparer.quote, dialect.identifier_preparer.format_table(key.table)
    found, by = ", ".join(quote(each.name) for each in columns), quote(key.name)
    return f"SELECT {found} FROM {table} WHERE {by} IN ({values}) ORDER BY {by}"  # noqa: S608 - our own names, quoted
