"""Public figures: whole, past quarters, half-years and years, without small counts (see `disclosure`)."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final, NamedTuple

from sqlalchemy.ext.asyncio import AsyncSession

from analytics.facts import service as facts
from analytics.facts.schemas import Cohort, Group
from analytics.kpis.errors import PeriodNotPublic
from analytics.kpis.policy import CountedKind, Kpi, publication
from analytics.kpis.service.disclosure import Cells, PublicQuarter, PublicTable, QuarterCounts, protect
from analytics.kpis.service.periods import Period, PublicPeriod, Quarter, public_period, public_periods
from shared.domain.regions import regions
from shared.domain.taxonomy import taxonomy
from shared.unit_of_work import UnitOfWork

UNSPECIFIED: Final = "UNSPECIFIED"
FRESH: Final = timedelta(seconds=5)
QUARTERS_STORED: Final = 16
YEARS_OFFERED: Final = 6


@dataclass(frozen=True, slots=True)
class PublicFigure:
    """A count and its parts by code; None is a hidden count. `parts` is None for a figure without parts."""

    value: int | None
    parts: Mapping[str, int | None] | None


def part_code(group: Group, code: str | None) -> str:
    """Return the code under which a part is shown: the root of a category, UNSPECIFIED without a code."""
    if code is None:
        return UNSPECIFIED
    return taxonomy().root_category(code) if group is Group.CATEGORY and code in taxonomy().categories else code


def require_public(period: Period, region: str | None, now: datetime) -> None:
    """Raise PeriodNotPublic unless the period is a whole quarter, half-year or year that is over in the region (None: in all regions).

    The current period is not public, because the daily differences of its figures would reveal single appeals.
    """
    if public_period(period) is None or not is_over(period, region, now):
        raise PeriodNotPublic


def is_over(period: Period, region: str | None, now: datetime) -> bool:
    """Return whether the period has ended in the region; without a region, whether it has ended in all regions."""
    return period.last < _today(region, now)


def periods_offered(region: str | None, now: datetime) -> Sequence[PublicPeriod]:
    """Return the public periods of the latest `YEARS_OFFERED` years, newest year first."""
    latest = _today(region, now).year
    found = [each for year in range(latest, latest - YEARS_OFFERED, -1) for each in public_periods(year)]
    return [each for each in found if is_over(each.period, region, now)]


def _today(region: str | None, now: datetime) -> date:
    """Return the local date in a region; without a region the earliest local date of all regions."""
    zones = [regions()[region].timezone] if region else [each.timezone for each in regions().values()]
    return min(now.astimezone(zone).date() for zone in zones)


class StoredQuarter(NamedTuple):
    """The tables of a quarter, when they were computed, the newest event then, and the counts that they were computed from."""

    computed_at: datetime
    applied_until: datetime | None
    counts: QuarterCounts
    tables: PublicQuarter


@dataclass(slots=True)
class PublicFigures:
    """Computes public figures. The counts of a quarter are read at most once in `FRESH`, and protected again only if they have changed."""

    _stored: dict[Quarter, StoredQuarter] = field(default_factory=dict)
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def figure(self, work: UnitOfWork, kpi: Kpi, period: Period, region: str | None) -> PublicFigure:
        """Return the figure of a public period: the sum of its quarters, hidden if one of them is hidden."""
        applied_until = await facts.applied_until(work.session)
        quarters = [await self._quarter(work, quarter, applied_until) for quarter in period.quarters()]
        value = _sum([_value(quarter, kpi, region) for quarter in quarters])
        if kpi.group is None:
            return PublicFigure(value, None)
        if kpi.group is Group.REGION:
            return PublicFigure(value, _region_parts(quarters, region))
        return PublicFigure(value, _code_parts(kpi.group, [_tables(quarter)[kpi.group] for quarter in quarters], region))

    async def _quarter(self, work: UnitOfWork, quarter: Quarter, applied_until: datetime | None) -> PublicQuarter:
        async with self._lock:
            now = work.clock.now()
            stored = self._stored.pop(quarter, None)
            if stored is None or not stored.computed_at <= now < stored.computed_at + FRESH or stored.applied_until != applied_until:
                counts = await _counts(work.session, quarter.period)
                if stored is not None and stored.counts == counts:
                    tables = stored.tables
                else:
                    tables = await asyncio.to_thread(protect, counts, regions(), publication().smallest_cell)
                stored = StoredQuarter(now, applied_until, counts, tables)
            while len(self._stored) >= QUARTERS_STORED:
                self._stored.pop(next(iter(self._stored)))
            self._stored[quarter] = stored
            return stored.tables


def _tables(quarter: PublicQuarter) -> Mapping[Group, PublicTable]:
    return {
        Group.CHANNEL: quarter.channels,
        Group.KIND: quarter.kinds,
        Group.CATEGORY: quarter.categories,
        Group.TOPIC: quarter.topics,
    }


def _value(quarter: PublicQuarter, kpi: Kpi, region: str | None) -> int | None:
    return quarter.total(region) if kpi.kind is None else quarter.kinds.count(region, kpi.kind)


def _region_parts(quarters: Sequence[PublicQuarter], region: str | None) -> dict[str, int | None]:
    wanted = [region] if region else list(regions())
    found = {each: _sum([quarter.total(each) for quarter in quarters]) for each in wanted}
    return {each: count for each, count in found.items() if count != 0}


def _code_parts(group: Group, tables: Sequence[PublicTable], region: str | None) -> dict[str, int | None]:
    """Return every code with a count, and every known code whose count is hidden; nothing if all are hidden."""
    codes = set().union(*(table.codes(region) for table in tables)) | _known_codes(group)
    found = {code: _sum([table.count(region, code) for table in tables]) for code in sorted(codes)}
    if all(count is None for count in found.values()):
        return {}
    return {code: count for code, count in found.items() if count != 0}


def _known_codes(group: Group) -> set[str]:
    known = taxonomy()
    if group is Group.CATEGORY:
        return {known.root_category(code) for code in known.categories} | {UNSPECIFIED}
    if group is Group.CHANNEL:
        return set(known.channels)
    return {*(known.kinds if group is Group.KIND else known.topics), UNSPECIFIED}


def _sum(counts: Sequence[int | None]) -> int | None:
    shown = [count for count in counts if count is not None]
    return sum(shown) if len(shown) == len(counts) else None


async def _counts(session: AsyncSession, period: Period) -> QuarterCounts:
    channels: Counter[tuple[str, str]] = Counter()
    kinds: Counter[tuple[str, str]] = Counter()
    for region, (channel, kind), count in await facts.count_cells(session, Cohort(period.first, period.last), Group.CHANNEL, Group.KIND):
        channels[region, part_code(Group.CHANNEL, channel)] += count
        kinds[region, part_code(Group.KIND, kind)] += count
    return QuarterCounts(
        channels,
        kinds,
        categories=await _cells(session, Cohort(period.first, period.last, kind=CountedKind.COMPLAINT), Group.CATEGORY),
        topics=await _cells(session, Cohort(period.first, period.last, kind=CountedKind.CONSULTATION), Group.TOPIC),
    )


async def _cells(session: AsyncSession, cohort: Cohort, group: Group) -> Cells:
    cells: Counter[tuple[str, str]] = Counter()
    for region, (code,), count in await facts.count_cells(session, cohort, group):
        cells[region, part_code(group, code)] += count
    return cells
