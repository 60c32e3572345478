"""Reading sums of facts from rollups.

A sum over a period is that of its whole months, plus that of the days around them, plus a correction for each day that is out of date,
minus that of protected appeals for who may not count them (`repository.corrections`). So a sum is always the one that the facts have.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Any, Final, cast
from uuid import UUID

from sqlalchemy import ColumnElement, Integer, Select, String, Table, and_, func, literal_column, or_, select, union_all
from sqlalchemy import cast as sql_cast
from sqlalchemy.ext.asyncio import AsyncSession

from analytics.facts.models import Dimension, provider, rollup_day, rollup_month
from analytics.facts.repository.buckets import bucket, category_and_below, root_of_category, time_code
from analytics.facts.repository.corrections import Correction, corrections, protected_cells
from analytics.facts.repository.recounts import VERSION, measures_of, out_of_date, rollup_definitions
from analytics.facts.repository.snapshots import read_once
from analytics.facts.schemas import TIMES, Cohort, Group
from shared.domain.regions import regions
from shared.rows import is_sqlite

MOST_OUT_OF_DATE: Final = 400  # days of regions: counting more of them from the facts takes longer than reading the facts alone
_ONE_DAY: Final = timedelta(days=1)
_DIMENSIONS: Final = {
    Group.CHANNEL: Dimension.CHANNEL,
    Group.CATEGORY: Dimension.CATEGORY,
    Group.TOPIC: Dimension.TOPIC,
    Group.TIER: Dimension.TIER,
    Group.OUTCOME: Dimension.OUTCOME,
    Group.LANGUAGE: Dimension.LANGUAGE,
    Group.PROVIDER: Dimension.PROVIDER,
}

Narrowing = tuple[Dimension, Sequence[str] | Select[Any] | None]
"""A dimension, and what its codes must be among: values or a query. None does not narrow."""
Groups = tuple[Group | None, ...]
"""What sums are split by; None stands for the code of the dimension."""
Codes = tuple[str | None, ...]
Sums = dict[Codes, tuple[int, ...]]
"""Sums of the measures asked for, by the codes of the groups asked for."""


@dataclass(frozen=True, slots=True)
class RollupQuery:
    """A question that the cells of one dimension answer."""

    cohort: Cohort
    dimension: Dimension
    codes: Sequence[str] | Select[Any] | None
    """What the codes of the dimension must be among; None does not narrow."""
    groups: tuple[Group, ...]
    code_from: str | None = None
    """The first and the last code in the order of the alphabet, for dimensions whose codes are days; None does not narrow."""
    code_to: str | None = None

    @property
    def kinds(self) -> frozenset[str]:
        """Return the kinds that all cells must have: none if every kind counts, two if no cell does."""
        return frozenset(str(kind) for kind in (self.cohort.kind, self.cohort.filters.kind) if kind is not None)

    def conditions(self, cells: Any) -> list[ColumnElement[bool]]:
        """Return the conditions on the cells, without those on their days."""
        wanted = [cells.dimension == self.dimension, cells.region.in_([self.cohort.region] if self.cohort.region else list(regions()))]
        wanted += [cells.kind == kind for kind in sorted(self.kinds)]
        wanted += [cells.code >= self.code_from] if self.code_from is not None else []
        wanted += [cells.code <= self.code_to] if self.code_to is not None else []
        return wanted if self.codes is None else [*wanted, cells.code.in_(self.codes)]


def rollup_query(session: AsyncSession, cohort: Cohort, groups: Sequence[Group], narrowed: Narrowing | None = None) -> RollupQuery | None:
    """Return the question about the cells of one dimension; None if it takes more than one dimension.

    `narrowed`: a dimension and its codes that narrow the cohort further.
    """
    if Group.DISTRICT in groups:  # a column of the provider, whose record may change
        return None
    wanted = dict(_narrowing(session, cohort))
    if narrowed is not None:
        if narrowed[0] in wanted:
            return None
        wanted[narrowed[0]] = narrowed[1]
    dimensions = {*wanted, *(_DIMENSIONS[group] for group in groups if group in _DIMENSIONS)}
    if len(dimensions) > 1:
        return None
    dimension = next(iter(dimensions), Dimension.NONE)
    return RollupQuery(cohort, dimension, wanted.get(dimension), tuple(groups))


def _narrowing(session: AsyncSession, cohort: Cohort) -> Iterator[Narrowing]:
    filters = cohort.filters
    for dimension, code in (
        (Dimension.CHANNEL, filters.channel),
        (Dimension.TOPIC, filters.topic),
        (Dimension.TIER, filters.tier),
        (Dimension.LANGUAGE, filters.language),
        (Dimension.OUTCOME, cohort.outcome),
    ):
        if code is not None:
            yield dimension, [str(code)]
    if filters.category is not None:
        yield Dimension.CATEGORY, category_and_below(filters.category)
    if cohort.proofs:
        yield Dimension.PROOF, sorted(cohort.proofs)
    if filters.provider_id is not None or filters.district is not None:
        query = select(sql_cast(provider.c.provider_id, String))
        if filters.district is not None:
            query = query.where(provider.c.district == filters.district)
        if filters.provider_id is None:
            yield Dimension.PROVIDER, query
        elif filters.district is None:
            yield Dimension.PROVIDER, [filters.provider_id.hex if is_sqlite(session) else str(filters.provider_id)]
        else:
            yield Dimension.PROVIDER, query.where(provider.c.provider_id == filters.provider_id)


async def summed(
    session: AsyncSession, asked: RollupQuery | None, measures: Sequence[str], leakage_seconds: int | None = None, *, by_code: bool = False
) -> Sums | None:
    """Return the sums of these measures. None: the rollups cannot answer now, and the facts have to be read.

    `leakage_seconds` is needed for the measure `leaked` alone. `by_code`: the code of the dimension is the last of the codes.
    """
    found = await summed_each(session, [asked], measures, leakage_seconds, by_code=by_code)
    return None if found is None else found[0]


async def summed_each(
    session: AsyncSession,
    asked: Sequence[RollupQuery | None],
    measures: Sequence[str],
    leakage_seconds: int | None = None,
    *,
    by_code: bool = False,
) -> list[Sums] | None:
    """Return the sums of several questions, read together; None if one of them cannot be answered from rollups (`summed`)."""
    queries = [each for each in asked if each is not None]
    counted_by = await read_once(session, "rollup_definitions", lambda: rollup_definitions(session))
    if len(queries) < len(asked) or counted_by is None or counted_by[0] != VERSION or leakage_seconds not in {None, counted_by[1]}:
        return None
    stale = await read_once(session, "out_of_date", lambda: out_of_date(session, MOST_OUT_OF_DATE + 1))
    if len(stale) > MOST_OUT_OF_DATE:
        return None
    found: list[defaultdict[Codes, list[int]]] = [defaultdict(lambda: [0] * len(measures)) for _ in queries]
    for position, codes, values in await _stored(session, queries, measures, by_code=by_code):
        _add(found[position][codes], values)
    for position, query in enumerate(queries):
        changes: list[Correction] = []
        with_leaked = "leaked" in measures
        if stale:
            changes += await corrections(session, query.dimension, stale, counted_by[1], with_leaked=with_leaked)
        if not query.cohort.with_protected:
            changes += await protected_cells(session, query.dimension, query.cohort, counted_by[1], with_leaked=with_leaked)
        groups = _groups(query, by_code=by_code)
        for cell in await _corrected(session, query, changes):
            values = [cell.sign * (cell.sums.get(name) or 0) for name in measures]
            _add(found[position][tuple(_code(group, _code_in(cell, group)) for group in groups)], values)
    return [{codes: tuple(sums) for codes, sums in each.items() if any(sums)} for each in found]


def _add(sums: list[int], values: Iterable[Any]) -> None:
    for index, value in enumerate(values):
        sums[index] += int(value)


def _groups(asked: RollupQuery, *, by_code: bool) -> Groups:
    return (*asked.groups, None) if by_code else asked.groups


def _code(group: Group | None, code: str) -> str | None:
    """Return the code of a part as a count of facts returns it: a category under its root."""
    if not code:
        return None
    if group is Group.CATEGORY:
        return root_of_category(code)
    return str(UUID(code)) if group is Group.PROVIDER else code


def _code_in(cell: Correction, group: Group | None) -> str:
    if group is not None and group in TIMES:
        return time_code(group, cell.day)
    return cell.region if group is Group.REGION else cell.kind if group is Group.KIND else cell.code


async def _corrected(session: AsyncSession, asked: RollupQuery, changes: Iterable[Correction]) -> list[Correction]:
    """Return the corrections that a question is about."""
    cohort, codes = asked.cohort, asked.codes
    found = [
        cell
        for cell in changes
        if cohort.first <= cell.day <= cohort.last
        and cohort.region in {None, cell.region}
        and asked.kinds <= {cell.kind}
        and (asked.code_from is None or cell.code >= asked.code_from)
        and (asked.code_to is None or cell.code <= asked.code_to)
    ]
    if codes is None or not found:
        return found
    among = set((await session.execute(codes)).scalars()) if isinstance(codes, Select) else set(codes)
    return [cell for cell in found if cell.code in among]


Row = tuple[int, Codes, Sequence[Any]]
"""The position of the question, the codes of its groups, and sums of its measures."""


async def _stored(session: AsyncSession, queries: Sequence[RollupQuery], measures: Sequence[str], *, by_code: bool) -> list[Row]:
    """Return what the stored cells say, those of days that are out of date too."""
    if len(queries) == 1 and queries[0].dimension in _READ_WHOLE and not by_code and not _are_days(queries[0].groups):
        return await _from_whole(session, queries[0], measures)
    parts: list[Select[Any]] = []
    for position, query in enumerate(queries):
        parts += _parts(session, query, _groups(query, by_code=by_code), measures, position)
    groups = _groups(queries[0], by_code=by_code)
    rows = await _rows(session, parts)
    end = 1 + len(groups)
    return [(row[0], tuple(_code(group, code) for group, code in zip(groups, row[1:end], strict=True)), row[end:]) for row in rows]


_READ_WHOLE: Final = frozenset({Dimension.NONE, Dimension.OUTCOME, Dimension.PROOF})
"""Dimensions of few codes, of which a page asks for nearly every measure and code."""


async def _from_whole(session: AsyncSession, asked: RollupQuery, measures: Sequence[str]) -> list[Row]:
    """Return sums out of all measures of the dimension by kind and code, which are read once."""
    cohort, groups, names = asked.cohort, (*asked.groups, Group.KIND, None), sorted(measures_of(asked.dimension))
    whole = RollupQuery(Cohort(cohort.first, cohort.last, cohort.region), asked.dimension, None, asked.groups)
    key = (asked.dimension, cohort.first, cohort.last, cohort.region, groups)
    rows = await read_once(session, key, lambda: _rows(session, list(_parts(session, whole, groups, names, 0))))
    kind, code = len(asked.groups) + 1, len(asked.groups) + 2
    wanted = [code + 1 + names.index(name) for name in measures]
    among = None if asked.codes is None else set(cast("Sequence[str]", asked.codes))  # queries of codes are of providers alone
    return [
        (0, tuple(_code(group, each) for group, each in zip(asked.groups, row[1:], strict=False)), [row[index] for index in wanted])
        for row in rows
        if asked.kinds <= {row[kind]} and (among is None or row[code] in among)
    ]


async def _rows(session: AsyncSession, parts: Sequence[Select[Any]]) -> Sequence[Any]:
    return (await session.execute(union_all(*parts) if len(parts) > 1 else parts[0])).all()


def _are_days(groups: Groups) -> bool:
    return bool({Group.DAY, Group.WEEK} & set(groups))


def _parts(session: AsyncSession, asked: RollupQuery, groups: Groups, measures: Sequence[str], position: int) -> Iterator[Select[Any]]:
    """Yield queries of the position, codes and sums; together they are the whole."""
    cohort = asked.cohort
    day, month = rollup_day.c.first, rollup_month.c.first
    first_month, end = _whole_months(cohort)
    if _are_days(groups) or first_month >= end:
        yield _part(session, asked, groups, measures, position, rollup_day, day.between(cohort.first, cohort.last))
    else:
        yield _part(session, asked, groups, measures, position, rollup_month, and_(month >= first_month, month < end))
        around = [(start, last) for start, last in ((cohort.first, first_month - _ONE_DAY), (end, cohort.last)) if start <= last]
        if around:
            is_around = or_(*(day.between(*span) for span in around))
            yield _part(session, asked, groups, measures, position, rollup_day, is_around)


def _part(
    session: AsyncSession,
    asked: RollupQuery,
    groups: Groups,
    measures: Sequence[str],
    position: int,
    cells: Table,
    days: ColumnElement[bool],
) -> Select[Any]:
    codes = [_column(session, group, cells.c).label(f"code_{index}") for index, group in enumerate(groups)]
    sums = [_sum(cells, name) for name in measures]
    query = select(literal_column(str(position), Integer), *codes, *sums).where(*asked.conditions(cells.c), days)
    return query.group_by(*(literal_column(f"code_{index}") for index in range(len(codes)))) if codes else query


@cache  # a page names a thousand sums
def _sum(cells: Table, name: str) -> ColumnElement[Any]:
    return func.coalesce(func.sum(cells.c[name]), literal_column("0"))


def _column(session: AsyncSession, group: Group | None, cells: Any) -> ColumnElement[Any]:
    if group is not None and group in TIMES:
        return bucket(group, cells.first, is_sqlite=is_sqlite(session))
    if group is Group.REGION:
        column: ColumnElement[Any] = cells.region
    elif group is Group.KIND:
        column = cells.kind
    else:
        column = cells.code
    return column


def _whole_months(cohort: Cohort) -> tuple[date, date]:
    """Return the first day of the first whole month of the period, and the day after its last whole month."""
    first = cohort.first if cohort.first.day == 1 else _following_month(cohort.first)
    after = cohort.last + _ONE_DAY
    return first, after.replace(day=1)


def _following_month(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=31)).replace(day=1)
