"""Statements for many rows through SQLAlchemy Core, with the same result on both engines.

Rows are mappings from column names to Python values, all with the keys of the first row. Other columns get the database's
default. The statements are Core's: the ORM's bulk insert splits rows by which columns are NULL, one statement each.
`shared.fast.bulk` has the same functions for paths that handle thousands of rows a second.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from sqlalchemy import ARRAY, Column, ColumnElement, Table, bindparam, column, func, insert, literal, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import SQLModel

Rows = Sequence[Mapping[str, Any]]
Target = Table | type[SQLModel]
SLICE = 100  # rows of one SQLite statement between two steps of the event loop: about 5 ms


def table_of(target: Target) -> Table:
    """Return the table of a model; a table is returned as it is."""
    table: Table = target if isinstance(target, Table) else target.__table__  # type: ignore[attr-defined]  # SQLModel does not declare it
    return table


def columns_of(target: Target, row: Any) -> list[Column[Any]]:
    """Return the columns of a table that the fields of a dataclass name, in the order of the fields."""
    return [table_of(target).c[field.name] for field in fields(row)]


def is_sqlite(session: AsyncSession) -> bool:
    return session.get_bind().dialect.name == "sqlite"


def upsert(session: AsyncSession, into: Target) -> Any:
    """Return an INSERT of the session's engine that has `on_conflict_do_nothing` and `on_conflict_do_update`."""
    return (sqlite_insert if is_sqlite(session) else postgres_insert)(table_of(into))


def equals_any(session: AsyncSession, columns: Sequence[Column[Any]], values: Sequence[Sequence[Any]]) -> ColumnElement[bool]:
    """Return the condition that the columns together equal one of these tuples.

    On PostgreSQL each column's values are one array: the statement is prepared once for any number of tuples.
    """
    if is_sqlite(session):
        return tuple_(*columns).in_(values)
    return _is_among(columns, [literal([row[index] for row in values], ARRAY(each.type)) for index, each in enumerate(columns)])


def equals_any_of(columns: Sequence[Column[Any]], name: str, *, on_sqlite: bool) -> ColumnElement[bool]:
    """Return the same condition for a statement that is built once: its tuples are parameters, which `values_of_any` names."""
    if on_sqlite:
        return tuple_(*columns).in_(bindparam(name, expanding=True))
    return _is_among(columns, [bindparam(f"{name}_{index}", type_=ARRAY(each.type)) for index, each in enumerate(columns)])


def values_of_any(name: str, values: Sequence[Sequence[Any]], *, on_sqlite: bool) -> dict[str, Any]:
    """Return the parameters of `equals_any_of`. There is at least one tuple."""
    if on_sqlite:
        return {name: [tuple(row) for row in values]}
    return {f"{name}_{index}": list(each) for index, each in enumerate(zip(*values, strict=True))}


def _is_among(columns: Sequence[Column[Any]], arrays: Sequence[ColumnElement[Any]]) -> ColumnElement[bool]:
    given = func.unnest(*arrays).table_valued(*(column(each.name, each.type) for each in columns)).render_derived()
    return tuple_(*columns).in_(select(*given.c))


async def insert_rows(session: AsyncSession, into: Target, rows: Rows, *, sliced: bool = False) -> None:
    """Insert all rows. Raises like any INSERT (IntegrityError, OperationalError …).

    `sliced`: insert in statements of SLICE rows, between which the event loop serves other tasks. Use it for imports on SQLite.
    """
    size = SLICE if sliced else max(1, len(rows))
    for start in range(0, len(rows), size):
        if start:
            await asyncio.sleep(0)  # SQLite returns at once: without this pause all slices are one step
        await session.execute(insert(table_of(into)), rows[start : start + size])


async def insert_new_rows(
    session: AsyncSession, into: Target, rows: Rows, *, returning: str | tuple[str, ...], unique: tuple[str, ...] = ()
) -> set[Any]:
    """Insert the rows without a conflict on the `unique` columns (default: on any unique constraint) and skip the others.

    Returns the values of the column `returning`, or tuples of several columns, of the inserted rows. Of equal rows within `rows`
    one is inserted. A conflicting row of an uncommitted transaction is waited for: sort the rows of concurrent writers, or they
    may deadlock.
    """
    if not rows:
        return set()
    table = table_of(into)
    wanted = (returning,) if isinstance(returning, str) else returning
    statement = upsert(session, table).on_conflict_do_nothing(index_elements=unique or None)
    found = await session.execute(statement.returning(*(table.c[name] for name in wanted)), rows)
    return values_of(found, returning)


async def update_rows(session: AsyncSession, into: Target, rows: Rows, *, key: tuple[str, ...]) -> None:
    """Update the other columns of each row that the unique columns of `key` identify. Lock the rows first."""
    if not rows:
        return
    table = table_of(into)
    # Prefixed: a parameter named like a column would be taken for the SET. On the connection: the ORM accepts no WHERE of ours here.
    statement = update(table).values({name: bindparam(f"new_{name}") for name in rows[0] if name not in key})
    for name in key:
        statement = statement.where(table.c[name] == bindparam(f"new_{name}"))
    bound = [{f"new_{name}": value for name, value in row.items()} for row in rows]
    await (await session.connection()).execute(statement, bound)


def values_of(found: Any, returning: str | tuple[str, ...]) -> set[Any]:
    """Return the values of the only column of these rows, or of several columns as tuples."""
    return {row[0] if isinstance(returning, str) else tuple(row) for row in found}
