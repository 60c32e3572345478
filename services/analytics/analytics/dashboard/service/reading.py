"""Reading the figures of the page: all from one snapshot, each for the period and for the period that it is compared with."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Final, NamedTuple

from analytics.dashboard.policy import OF_COMPLAINTS
from analytics.facts import service as facts
from analytics.facts.schemas import EVERYTHING, Cohort, Group
from analytics.kpis.schemas import Compare, Figure, Point
from analytics.kpis.service import (
    CountedKind,
    DashboardSection,
    FigureRequest,
    Period,
    PublicFigures,
    Quarter,
    View,
    figure,
    kpi_definitions,
    trend,
)
from analytics.providers.schemas import ComparedProvider
from analytics.providers.service import compared_providers
from analytics.sentences.service import period_name
from shared.domain.labels import Label
from shared.unit_of_work import UnitOfWork

DAYS_SHOWN: Final = 31
"""The longest period whose lines have a point a day; longer ones have a point a week."""
WEEKS_SHOWN: Final = 100  # days: a quarter and a week
PUBLIC_QUARTERS: Final = 4  # the fewest points of a public line
_ONE_DAY: Final = timedelta(days=1)


class Split(NamedTuple):
    """A figure split by a group: by that of its definition without one."""

    kpi: str
    group: Group | None = None
    is_public: bool = True


SPLITS: Final[Mapping[str, Split]] = {
    "kinds": Split("received_by_kind"),
    "channels": Split("received_by_channel"),
    "reasons": Split("complaints_by_category"),
    "topics": Split("consultations_by_topic"),
    "received_regions": Split("received_by_region"),
    "regions": Split("complaints", Group.REGION, is_public=False),
    "region_times": Split("answered_in_time", Group.REGION, is_public=False),
    "districts": Split("complaints", Group.DISTRICT, is_public=False),
    "providers": Split("complaints_by_provider", is_public=False),
    "tiers": Split("received_by_tier", is_public=False),
    "outcomes": Split("outcomes", is_public=False),
    "backlog": Split("backlog_by_age", is_public=False),
}
"""The figures with parts that charts of the page show, by name."""
_OF_THE_COUNTRY: Final = frozenset({"received_regions", "regions", "region_times"})
_OF_A_REGION: Final = frozenset({"districts"})
TRENDS: Final[tuple[str, ...]] = ("received", "complaints", "answered_in_time")


@dataclass(frozen=True, slots=True)
class Compared:
    """A figure now and in the period that it is compared with."""

    now: Figure
    before: Figure | None = None


@dataclass(frozen=True, slots=True)
class TrendPair:
    """The points of a figure now and in the period that it is compared with."""

    interval: Group
    now: list[Point]
    before: list[Point] = field(default_factory=list)
    began: Label | None = None
    """When the register begins, if points before that were left out."""

    def known(self, began: Label, is_before: Callable[[Point], bool]) -> "TrendPair":
        """Return the lines without the points before the register begins: a value of 0 would say that nobody appealed."""
        now, before = (
            [point.model_copy(update={"value": None}) if is_before(point) else point for point in points]
            for points in (self.now, self.before)
        )
        if (now, before) == (self.now, self.before):
            return self
        return replace(
            self, now=now, before=before if any(point.value is not None or point.suppressed for point in before) else [], began=began
        )


@dataclass(frozen=True, slots=True)
class Reading:
    """What the page shows. `singles`: figures without parts by id; `splits` and `trends` by name."""

    request: FigureRequest
    view: View
    singles: Mapping[str, Figure]
    splits: Mapping[str, Compared]
    trends: Mapping[str, TrendPair]
    compared: Sequence[ComparedProvider] = ()
    """The organisations that have enough complaints to be compared; none with filters, which the provider index does not have."""
    began: Label | None = None
    """When the register begins, if that is after the period to compare with: then there is no comparison."""

    @property
    def region(self) -> str | None:
        """Return the region that the figures are about; None for the country."""
        return self.view.region(self.request.region)


class Needs(NamedTuple):
    """The figures to read: sections of single ones, and names of split ones and of lines over time."""

    sections: frozenset[DashboardSection]
    splits: frozenset[str]
    trends: frozenset[str] = frozenset()
    has_funnel: bool = False


ALL_FIGURES: Final = Needs(frozenset(DashboardSection) - {DashboardSection.CHART}, frozenset(SPLITS), frozenset(TRENDS), has_funnel=True)


async def read(work: UnitOfWork, request: FigureRequest, view: View, public: PublicFigures, needs: Needs = ALL_FIGURES) -> Reading:
    """Read the figures of the page. Raises PeriodNotPublic in the public view for a period that is not public."""
    region = view.region(request.region)
    request = replace(request, as_of=await facts.applied_until(work.session) or work.clock.now())
    began = await _beginning(work, request, view) if request.compare is not None and not view.public else None
    if began is not None:
        request = replace(request, compare=None)
    singles: dict[str, Figure] = {}
    for kpi in view.kpis:
        if kpi.dashboard in needs.sections:
            singles[kpi.id] = await figure(work, kpi, _narrowed(request, kpi.id), view, public)
    splits: dict[str, Compared] = {}
    for name, split in SPLITS.items():
        is_elsewhere = name in (_OF_A_REGION if region is None else _OF_THE_COUNTRY)
        if name in needs.splits and not is_elsewhere and (split.is_public or not view.public):
            splits[name] = await _compared(work, split, request, view, public)
    trends = {name: await _trend(work, name, request, view, public) for name in TRENDS if name in singles and name in needs.trends}
    trends = await _known(work, trends, request, view)
    compared = []
    if needs.has_funnel and not view.public and request.filters == EVERYTHING:
        compared = await compared_providers(work, request.period, region, _by_provider(splits) if region is None else None)
    return Reading(request, view, singles, splits, trends, compared, began)


def _by_provider(splits: Mapping[str, Compared]) -> Mapping[str | None, int] | None:
    """Return the complaints of the country by provider, if they were read."""
    found = splits.get("providers")
    return None if found is None else {part.code: int(part.value or 0) for part in found.now.parts}


def _narrowed(request: FigureRequest, kpi_id: str) -> FigureRequest:
    """Return the request of a figure; some are shown for complaints only."""
    if kpi_id not in OF_COMPLAINTS or request.filters.kind is not None:
        return request
    return replace(request, filters=replace(request.filters, kind=CountedKind.COMPLAINT))


async def _compared(work: UnitOfWork, split: Split, request: FigureRequest, view: View, public: PublicFigures) -> Compared:
    wanted = replace(_narrowed(request, split.kpi), compare=None, group_by=split.group)
    kpi = kpi_definitions()[split.kpi]
    now = await figure(work, kpi, wanted, view, public)
    if request.compare is None:
        return Compared(now)
    earlier = replace(wanted, period=request.period.compared(request.compare))
    return Compared(now, await figure(work, kpi, earlier, view, public))


async def _trend(work: UnitOfWork, kpi_id: str, request: FigureRequest, view: View, public: PublicFigures) -> TrendPair:
    if view.public:
        return await _public_trend(work, kpi_id, request, view, public)
    kpi, interval = kpi_definitions()[kpi_id], interval_of(request.period)
    now = await trend(work, kpi, request, interval, view)
    if request.compare is None:
        return TrendPair(interval, now.points)
    before = await trend(work, kpi, replace(request, period=request.period.compared(request.compare)), interval, view)
    return TrendPair(interval, now.points, before.points)


async def _beginning(work: UnitOfWork, request: FigureRequest, view: View) -> Label | None:
    """Return when the register of the region begins, if it has appeals, and none of them before the end of the period to compare with."""
    before, region = request.period.compared(request.compare or Compare.PREVIOUS_YEAR), view.region(request.region)
    if await facts.count(work.session, Cohort(before.first, before.last, region, with_protected=view.with_protected)):
        return None
    day = await facts.first_day(work.session, region, request.period.last)
    return period_name(day, day) if day is not None and day > before.last else None


async def _known(work: UnitOfWork, trends: Mapping[str, TrendPair], request: FigureRequest, view: View) -> dict[str, TrendPair]:
    """Return the lines without the time before the register begins. Public lines show no more of that than their own numbers do."""
    if view.public:
        return {name: _from_first_number(pair) for name, pair in trends.items()}
    if all(_earliest(pair).value != 0 for pair in trends.values()):
        return dict(trends)
    day = await facts.first_day(work.session, view.region(request.region), request.period.last)
    if day is None:
        return dict(trends)
    return {name: pair.known(period_name(day, day), lambda point: point.last < day) for name, pair in trends.items()}


def _from_first_number(pair: TrendPair) -> TrendPair:
    """Return the line without the points of 0 before the first other one."""
    points = sorted([*pair.before, *pair.now], key=lambda point: point.first)
    first = next((point for point in points if point.value != 0), None)
    return pair if first is None else pair.known(period_name(first.first, first.last), lambda point: point.last < first.first)


def _earliest(pair: TrendPair) -> Point:
    return min([*pair.before[:1], *pair.now[:1]], key=lambda point: point.first)


def interval_of(period: Period) -> Group:
    """Return what the lines of a period have a point for: days, weeks or months."""
    days = (period.last - period.first).days + 1
    return Group.DAY if days <= DAYS_SHOWN else Group.WEEK if days <= WEEKS_SHOWN else Group.MONTH


async def _public_trend(work: UnitOfWork, kpi_id: str, request: FigureRequest, view: View, public: PublicFigures) -> TrendPair:
    """Return the public figures of single quarters: those of the period, and earlier ones up to PUBLIC_QUARTERS."""
    quarters = request.period.quarters()
    while len(quarters) < PUBLIC_QUARTERS:
        quarters.insert(0, Quarter.of(quarters[0].period.first - _ONE_DAY))
    kpi = kpi_definitions()[kpi_id]

    async def point(period: Period) -> Point:
        found = await figure(work, kpi, FigureRequest(period, request.region, as_of=request.as_of), view, public)
        return Point(first=period.first, last=period.last, value=found.value, n=found.n or 0, suppressed=found.suppressed)

    now = [await point(quarter.period) for quarter in quarters]
    if request.compare is not Compare.PREVIOUS_YEAR:  # the period before is part of the line
        return TrendPair(Group.QUARTER, now)
    return TrendPair(Group.QUARTER, now, [await point(quarter.period.year_before()) for quarter in quarters])
