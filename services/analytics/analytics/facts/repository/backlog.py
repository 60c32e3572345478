"""How many appeals wait at the end of a local day: received until then, minus those that were answered or ended, plus those reopened.

All appeals count, those that continue others too. The kind is that of the appeal as it is known now.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, case, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from analytics.facts.models import Dimension, fact, reopening
from analytics.facts.repository.figures import narrowed
from analytics.facts.repository.rollups import rollup_query, summed, summed_each
from analytics.facts.repository.snapshots import read_once
from analytics.facts.schemas import Cohort, Group

_ONE_DAY: Final = timedelta(days=1)
_FIRST: Final = date(2000, 1, 1)
ByRegion = dict[str | None, int]


async def waiting_at_end(session: AsyncSession, cohort: Cohort, *, by_region: bool = False, received_from: date = _FIRST) -> ByRegion:
    """Return how many of the appeals received from `received_from` until the cohort's last day wait at the end of its region's `until`.

    The cohort's first day does not count. Without `by_region` the only key is None.
    """
    return await _waiting(session, replace(cohort, first=received_from), cohort.last, by_region=by_region)


async def waiting_by_age(session: AsyncSession, cohort: Cohort, ages: Sequence[tuple[int, int | None]]) -> list[int]:
    """Return for each span of ages how many appeals wait at the end of the cohort's last day that were received so many days before.

    An age is its first and last day; a span without a last day has no end.
    """
    until = cohort.last
    spans = [
        replace(cohort, first=_FIRST if oldest is None else until - timedelta(days=oldest), last=until - timedelta(days=youngest))
        for youngest, oldest in ages
    ]
    summed_up = await _summed_up(session, spans, until, by_region=False)
    numbers = await _counted_in(session, spans, until) if summed_up is None else [each.get(None, 0) for each in summed_up]
    return [number + sum((await _reopened(session, span, until)).values()) for number, span in zip(numbers, spans, strict=True)]


async def waiting_by_day(session: AsyncSession, cohort: Cohort) -> dict[date, int]:
    """Return how many appeals wait at the end of every day of the cohort's period."""
    before = replace(cohort, first=_FIRST, last=cohort.first - _ONE_DAY)
    number = (await _waiting(session, before, before.last, by_region=False)).get(None, 0)
    changes: defaultdict[date, int] = defaultdict(int)
    for day, count in await _received_by_day(session, cohort):
        changes[day] += count
    for day, count in await _ended_by_day(session, cohort):
        changes[day] -= count
    for day, count in await _reopened_by_day(session, cohort):
        changes[day] += count
    found = {}
    for each in range((cohort.last - cohort.first).days + 1):
        day = cohort.first + timedelta(days=each)
        number += changes[day]
        found[day] = number
    return found


async def _waiting(session: AsyncSession, received: Cohort, until: date, *, by_region: bool) -> ByRegion:
    """Return how many of the appeals that were received in a period wait at the end of a day."""
    if received.last < received.first:
        return {}
    summed_up = await _summed_up(session, [received], until, by_region=by_region)
    if summed_up is None:
        found = dict(await _counted(session, [fact.c.region] if by_region else [], received, [_is_waiting(until)]))
    else:
        found = summed_up[0]
    for region, count in (await _reopened(session, received, until)).items():
        code = region if by_region else None
        found[code] = found.get(code, 0) + count
    return found


def _is_waiting(until: date) -> ColumnElement[bool]:
    return or_(fact.c.ended_on.is_(None), fact.c.ended_on > until)


async def _summed_up(session: AsyncSession, spans: Sequence[Cohort], until: date, *, by_region: bool) -> list[ByRegion] | None:
    """Return the same of each span from the rollups without reopenings; None where they do not know it."""
    groups = (Group.REGION,) if by_region else ()
    arrived = await summed_each(session, [rollup_query(session, span, groups) for span in spans], ("everything",))
    ended = [rollup_query(session, span, groups, (Dimension.ENDED, None)) for span in spans]
    asked = [None if each is None else replace(each, code_to=until.isoformat()) for each in ended]
    left = None if arrived is None else await summed_each(session, asked, ("everything",))
    if arrived is None or left is None:
        return None
    found: list[ByRegion] = [defaultdict(int) for _ in spans]
    for sign, each in ((1, arrived), (-1, left)):
        for numbers, sums in zip(found, each, strict=True):
            for codes, (count,) in sums.items():
                numbers[codes[0] if codes else None] += sign * count
    return found


async def _counted_in(session: AsyncSession, spans: Sequence[Cohort], until: date) -> list[int]:
    """Return how many facts of each span wait, in one query: it reads each of them once."""
    day = fact.c.received_on
    _, *others = narrowed(day, fact, spans[0])  # without the days: SQLite would look each fact up through an index (150 ms for 50 000)
    counts = [func.count(case((day.between(span.first, span.last), 1))) for span in spans]
    return list((await session.execute(select(*counts).where(*others, _is_waiting(until)))).one())


async def _reopened(session: AsyncSession, received: Cohort, until: date) -> ByRegion:
    """Return by region how many appeals of a period are open again at the end of a day."""
    everything = replace(received, first=_FIRST, last=until)
    found: ByRegion = defaultdict(int)
    for day, region, count in await read_once(session, ("reopened", everything), lambda: _open_again(session, everything)):
        if received.first <= day <= received.last:
            found[region] += count
    return found


async def _open_again(session: AsyncSession, received: Cohort) -> list[Any]:
    """Return by day of receipt and region how many appeals are open again at the end of the cohort's last day."""
    is_again = or_(reopening.c.ended_on.is_(None), reopening.c.ended_on > received.last)
    columns = (fact.c.received_on, reopening.c.region)
    query = _of_reopenings(columns, received).where(reopening.c.opened_on <= received.last, is_again)
    return list((await session.execute(query.group_by(*columns))).all())


async def _counted(
    session: AsyncSession, columns: Sequence[ColumnElement[Any]], cohort: Cohort, terms: Iterable[ColumnElement[bool]]
) -> list[tuple[Any, int]]:
    query = select(*columns, func.count()).where(*narrowed(fact.c.received_on, fact, cohort), *terms).group_by(*columns)
    rows = (await session.execute(query)).all()
    return [(row[0] if columns else None, row[-1]) for row in rows]


async def _received_by_day(session: AsyncSession, cohort: Cohort) -> list[tuple[date, int]]:
    sums = await summed(session, rollup_query(session, cohort, (Group.DAY,)), ("everything",))
    if sums is None:
        return await _counted(session, [fact.c.received_on], cohort, ())
    return [(date.fromisoformat(str(codes[0])), count) for codes, (count,) in sums.items()]


async def _ended_by_day(session: AsyncSession, cohort: Cohort) -> list[tuple[date, int]]:
    received = replace(cohort, first=_FIRST)
    asked = rollup_query(session, received, (), (Dimension.ENDED, None))
    if asked is not None:
        asked = replace(asked, code_from=cohort.first.isoformat(), code_to=cohort.last.isoformat())
    sums = await summed(session, asked, ("everything",), by_code=True)
    if sums is None:
        return await _counted(session, [fact.c.ended_on], received, [fact.c.ended_on.between(cohort.first, cohort.last)])
    return [(date.fromisoformat(str(codes[0])), count) for codes, (count,) in sums.items()]


async def _reopened_by_day(session: AsyncSession, cohort: Cohort) -> list[tuple[date, int]]:
    """Return what reopenings and their ends change by day, the ends as negative numbers."""
    found = []
    for sign, day in ((1, reopening.c.opened_on), (-1, reopening.c.ended_on)):
        query = _of_reopenings([day], replace(cohort, first=_FIRST)).where(day.between(cohort.first, cohort.last)).group_by(day)
        found += [(row[0], sign * row[1]) for row in (await session.execute(query)).all()]
    return found


def _of_reopenings(columns: Sequence[ColumnElement[Any]], received: Cohort) -> Select[Any]:
    """Return the query that counts reopenings of the appeals of a cohort by columns."""
    joined = reopening.join(fact, fact.c.appeal_id == reopening.c.appeal_id)
    return select(*columns, func.count()).select_from(joined).where(*narrowed(fact.c.received_on, fact, received))
