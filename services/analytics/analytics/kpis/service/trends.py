"""Computing the points of a figure: its value in every day, week or month of a period."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final

from analytics.facts import service as facts
from analytics.facts.schemas import Group
from analytics.kpis.policy import Kpi
from analytics.kpis.schemas import Point, Trend
from analytics.kpis.service.access import View
from analytics.kpis.service.figures import FigureRequest, missing_numbers
from analytics.kpis.service.measures import COUNTS, Measured, measured
from analytics.kpis.service.periods import ONE_DAY, Period, month_end
from shared.errors import InvalidInput
from shared.unit_of_work import UnitOfWork

POINTS: Final = 800  # two years of days, or fifteen years of weeks
_WEEK: Final = timedelta(days=7)


async def trend(work: UnitOfWork, kpi: Kpi, request: FigureRequest, interval: Group, view: View) -> Trend:
    """Return the points of a figure, also of days without an appeal. `view` is the visitor's view, which is never the public one.

    Raises InvalidInput for more than `POINTS` points.
    """
    view.require_all()
    spans = list(_spans(request.period, interval))
    request = request.seen_by(view)
    found = await measured(work, kpi, request.cohort(kpi), interval)
    nothing = Measured(0 if kpi.unit in COUNTS else None, 0)
    missing = missing_numbers(kpi, request.region)
    points = [(span, found.get(_code(span, interval), nothing)) for span in spans]
    return Trend(
        kpi=kpi.id,
        unit=kpi.unit,
        metric_version=kpi.metric_version,
        as_of=request.as_of or await facts.applied_until(work.session) or work.clock.now(),
        points=[
            Point(
                first=max(span.first, request.period.first),
                last=min(span.last, request.period.last),
                value=point.value,
                n=point.n,
                suppressed=point.is_suppressed and missing is None,
            )
            for span, point in points
        ],
        params_ignored=request.ignored(kpi, is_public=False),
        missing=missing,
    )


def _spans(period: Period, interval: Group) -> Iterator[Period]:
    """Yield the whole days, weeks or months that the period touches."""
    first, number = _start(period, interval), 0
    while first <= period.last:
        number += 1
        if number > POINTS:
            raise InvalidInput.field("interval", "too-many", f"At most {POINTS} points are allowed.")
        span = Period(first, _end(first, interval))
        yield span
        first = span.last + ONE_DAY


def _start(period: Period, interval: Group) -> date:
    if interval is Group.MONTH:
        return period.first.replace(day=1)
    return period.first - timedelta(days=period.first.weekday()) if interval is Group.WEEK else period.first


def _end(first: date, interval: Group) -> date:
    if interval is Group.MONTH:
        return month_end(first)
    return first + _WEEK - ONE_DAY if interval is Group.WEEK else first


def _code(span: Period, interval: Group) -> str:
    return span.first.isoformat()[: len("2025-01")] if interval is Group.MONTH else span.first.isoformat()
