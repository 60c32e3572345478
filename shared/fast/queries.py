"""SELECT statements that are built and compiled once, and run by the driver.

A repository writes its statement with SQLAlchemy as a constant of the module; each `bindparam` is a value that the caller gives:

    _CLOCKS = Query(Clock, select(*columns_of(CaseClock, Clock)).where(col(CaseClock.appeal_id) == given("appeal_id")))
    clocks = await _CLOCKS.all(session, appeal_id=appeal_id)

Through the session, SQLAlchemy builds the statement, derives its cache key and loads entities at every call, which takes four times as
long. The rows are records for reading: changes to them are not stored. Objects of the session that are not flushed are not found.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import BindParameter, ColumnElement, Dialect, Select, bindparam
from sqlalchemy.ext.asyncio import AsyncSession

from shared.fast import bulk, sqlite_rows
from shared.fast.values import bind_processor, from_driver
from shared.rows import is_sqlite

RowT = TypeVar("RowT")
T = TypeVar("T")


def given(name: str) -> BindParameter[Any]:
    """Return the place of a value in the statement of a `Query`. It has the type of the column that it is compared with."""
    return bindparam(name, None)


def value(found: T) -> T:
    """Return the row of a statement with one column: its value."""
    return found


@dataclass(frozen=True, slots=True)
class _Compiled:
    """The statement of one engine. `values`: by position the name, the value written into the statement, and the conversion."""

    text: str
    values: Sequence[tuple[str, Any, Callable[[Any], Any] | None]]

    def bound(self, values: dict[str, Any]) -> list[Any]:
        found = [(values.get(name, constant), process) for name, constant, process in self.values]
        return [value if process is None else process(value) for value, process in found]


class Query(Generic[RowT]):
    """A SELECT whose rows become `row(*columns)`.

    Each `given` value is passed by its name. A collection that is written into the statement (`in_`) holds texts or integers.
    """

    def __init__(self, row: Callable[..., RowT], statement: Select[*tuple[Any, ...]]) -> None:
        self._row = row
        self._statement = statement
        self._columns: Sequence[ColumnElement[Any]] = tuple(statement.selected_columns)
        self._compiled: dict[str, _Compiled] = {}

    async def all(self, session: AsyncSession, **values: Any) -> list[RowT]:
        """Return the rows in the order of the statement. Raises like any statement."""
        dialect = session.get_bind().dialect
        compiled = self._compiled.get(dialect.name) or self._compile(dialect)
        fetch = sqlite_rows.fetch if is_sqlite(session) else bulk.fetch
        rows = await fetch(session, compiled.text, *compiled.bound(values))
        return [self._row(*row) for row in from_driver(dialect, self._columns, rows)]

    async def first(self, session: AsyncSession, **values: Any) -> RowT | None:
        """Return the first row, None without one."""
        return next(iter(await self.all(session, **values)), None)

    def _compile(self, dialect: Dialect) -> _Compiled:
        found = self._statement.compile(dialect=dialect, compile_kwargs={"render_postcompile": True})
        processors = {name: bind_processor(bound.type, dialect) for name, bound in found.binds.items()}
        values = [(name, found.params[name], processors.get(name)) for name in found.positiontup or ()]
        compiled = self._compiled[dialect.name] = _Compiled(str(found), values)
        return compiled
