"""Conversion of column values between Python and a driver, by the processors that SQLAlchemy itself uses."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC
from functools import lru_cache
from typing import Any

from sqlalchemy import Column, ColumnElement, Dialect, Table
from sqlalchemy.types import TypeEngine
from sqlmodel.sql.sqltypes import UTCDateTime

from shared.rows import Rows


def arrays_of(dialect: Dialect, table: Table, rows: Rows) -> list[list[Any]]:
    """Return one list per column of the first row, converted for the driver. A naive time raises ValueError, as in any statement."""
    return [to_driver(dialect, table.c[name], [row[name] for row in rows]) for name in rows[0]]


def to_driver(dialect: Dialect, column: Column[Any], values: list[Any]) -> list[Any]:
    """Convert values for the driver: JSON to text, times to their UTC form; on SQLite also UUIDs and times to text."""
    process = bind_processor(column.type, dialect)
    if process is None:
        return values
    return [process(value) for value in values] if dialect.name == "sqlite" else _processed(process, column, values)


def from_driver(dialect: Dialect, columns: Sequence[ColumnElement[Any]], rows: Sequence[Sequence[Any]]) -> list[tuple[Any, ...]]:
    """Convert rows of the driver with these columns, in order, to Python values."""
    processors = [(index, process) for index, each in enumerate(columns) if (process := _result_processor(each, dialect)) is not None]
    is_sqlite = dialect.name == "sqlite"
    if not processors or not rows:
        return [tuple(row) for row in rows]
    found = list(zip(*rows, strict=True))
    for index, process in processors:
        values = found[index]
        found[index] = tuple([process(value) for value in values] if is_sqlite else _processed(process, columns[index], values))
    return list(zip(*found, strict=True))


def _processed(process: Callable[[Any], Any], column: ColumnElement[Any], values: Iterable[Any]) -> list[Any]:
    """Process values between Python and PostgreSQL. Times in UTC, which nearly all are, stay as they are."""
    if isinstance(column.type, UTCDateTime):
        return [value if value is None or value.tzinfo is UTC else process(value) for value in values]
    return [process(value) for value in values]


@lru_cache(maxsize=1024)  # all columns of all services
def bind_processor(kind: TypeEngine[Any], dialect: Dialect) -> Any:
    """Return the conversion of a value of this type for the driver, None if it needs none."""
    return kind.dialect_impl(dialect).bind_processor(dialect)


@lru_cache(maxsize=1024)
def _result_processor(column: ColumnElement[Any], dialect: Dialect) -> Any:
    return column.type.dialect_impl(dialect).result_processor(dialect, None)
