"""Conversion of column values between Python and a driver, by the processors that SQLAlchemy itself uses."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Column, ColumnElement, Dialect, Table
from sqlalchemy.types import TypeEngine

from shared.rows import Rows


def arrays_of(dialect: Dialect, table: Table, rows: Rows) -> list[list[Any]]:
    """Return one list per column of the first row, converted for the driver. A naive time raises ValueError, as in any statement."""
    return [to_driver(dialect, table.c[name], [row[name] for row in rows]) for name in rows[0]]


def to_driver(dialect: Dialect, column: Column[Any], values: list[Any]) -> list[Any]:
    """Convert values for the driver: JSON to text, times to their UTC form; on SQLite also UUIDs and times to text."""
    process = bind_processor(column.type, dialect)
    return values if process is None else [process(value) for value in values]


def from_driver(dialect: Dialect, columns: Sequence[ColumnElement[Any]], rows: Sequence[Sequence[Any]]) -> list[tuple[Any, ...]]:
    """Convert rows of the driver with these columns, in order, to Python values."""
    processors = [(index, process) for index, each in enumerate(columns) if (process := _result_processor(each, dialect)) is not None]
    if not processors or not rows:
        return [tuple(row) for row in rows]
    found = list(zip(*rows, strict=True))
    for index, process in processors:
        found[index] = tuple([process(value) for value in found[index]])
    return list(zip(*found, strict=True))


@lru_cache(maxsize=1024)  # all columns of all services
def bind_processor(kind: TypeEngine[Any], dialect: Dialect) -> Any:
    """Return the conversion of a value of this type for the driver, None if it needs none."""
    return kind.dialect_impl(dialect).bind_processor(dialect)


@lru_cache(maxsize=1024)
def _result_processor(column: ColumnElement[Any], dialect: Dialect) -> Any:
    return column.type.dialect_impl(dialect).result_processor(dialect, None)
