"""Corrections of stored sums: for each day that is out of date its stored cells are subtracted and its facts are counted instead.

Stored sums have protected appeals in them. Whoever may not count these subtracts what their facts add now; they are few.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import CompoundSelect, Integer, Select, and_, literal_column, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from analytics.facts.models import MEASURES, Dimension, fact, rollup_day
from analytics.facts.repository.recounts import DayOfRegion, facts_of, measures_of, recounted
from analytics.facts.repository.snapshots import read_once
from analytics.facts.schemas import Cohort
from shared.domain.regions import regions
from shared.rows import equals_any_of, is_sqlite, values_of_any

_FIRST_SUM = 5


class Correction(NamedTuple):
    """A cell of a day that is out of date: as it is stored (sign -1), or as its facts are counted now (sign 1).

    A cell of protected appeals has the sign -1.
    """

    sign: int
    region: str
    day: date
    kind: str
    code: str
    sums: Mapping[str, int | None]
    """By measure."""


async def corrections(
    session: AsyncSession, dimension: Dimension, stale: Sequence[DayOfRegion], leakage_seconds: int, *, with_leaked: bool
) -> Sequence[Correction]:
    """Return the corrections of a dimension for all days that are out of date, read once in a session.

    `with_leaked`: with the measure `leaked`, which looks for other appeals and so takes longest.
    """
    key = ("corrections", dimension, with_leaked)
    return await read_once(session, key, lambda: _read(session, dimension, stale, leakage_seconds, with_leaked=with_leaked))


async def _read(
    session: AsyncSession, dimension: Dimension, stale: Sequence[DayOfRegion], leakage_seconds: int, *, with_leaked: bool
) -> list[Correction]:
    names = _names(dimension, with_leaked=with_leaked)
    query = _query(dimension, names, leakage_seconds, on_sqlite=is_sqlite(session))
    rows = (await session.execute(query, values_of_any("days", stale, on_sqlite=is_sqlite(session)))).all()
    return _read_rows(rows, names)


def _names(dimension: Dimension, *, with_leaked: bool) -> tuple[str, ...]:
    return tuple(name for name in MEASURES if name in measures_of(dimension) and (with_leaked or name != "leaked"))


def _read_rows(rows: Iterable[Any], names: Sequence[str]) -> list[Correction]:
    return [Correction(row[0], row[1], row[2], row[3], row[4], dict(zip(names, row[_FIRST_SUM:], strict=True))) for row in rows]


@cache  # building it takes as long as running it
def _query(dimension: Dimension, names: tuple[str, ...], leakage_seconds: int, *, on_sqlite: bool) -> CompoundSelect[Any]:
    is_wanted = equals_any_of((fact.c.region, fact.c.received_on), "days", on_sqlite=on_sqlite)
    facts = facts_of(is_wanted, leakage_seconds, [dimension], names, on_sqlite=on_sqlite)
    now = recounted(facts, dimension, names).subquery()
    cells = rollup_day.c
    is_stale = equals_any_of((cells.region, cells.first), "days", on_sqlite=on_sqlite)
    return union_all(_signed(-1, cells, names).where(cells.dimension == dimension, is_stale), _signed(1, now.c, names))


def _signed(sign: int, cells: Any, names: Sequence[str]) -> Select[Any]:
    return select(literal_column(str(sign), Integer), cells.region, cells.first, cells.kind, cells.code, *(cells[name] for name in names))


async def protected_cells(
    session: AsyncSession, dimension: Dimension, cohort: Cohort, leakage_seconds: int, *, with_leaked: bool
) -> Sequence[Correction]:
    """Return the cells of the protected appeals of the cohort's period and region, to be subtracted, read once in a session."""
    key = ("protected", dimension, cohort.first, cohort.last, cohort.region, with_leaked)
    return await read_once(session, key, lambda: _protected(session, dimension, cohort, leakage_seconds, with_leaked=with_leaked))


async def _protected(
    session: AsyncSession, dimension: Dimension, cohort: Cohort, leakage_seconds: int, *, with_leaked: bool
) -> list[Correction]:
    of_region = fact.c.region.in_([cohort.region] if cohort.region else list(regions()))
    is_wanted = and_(fact.c.protection.is_not(None), of_region, fact.c.received_on.between(cohort.first, cohort.last))
    if (await session.execute(select(fact.c.appeal_id).where(is_wanted).limit(1))).first() is None:
        return []
    names = _names(dimension, with_leaked=with_leaked)
    facts = facts_of(is_wanted, leakage_seconds, [dimension], names, on_sqlite=is_sqlite(session))
    cells = recounted(facts, dimension, names).subquery()
    return _read_rows((await session.execute(_signed(-1, cells.c, names))).all(), names)
