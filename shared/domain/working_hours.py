"""Opening hours of the Fund's branches by day: data with validity dates, in the branch's local time."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache

from shared.domain.calendar import planning_calendar
from shared.domain.regions import regions
from shared.domain.tables import ReferenceDataError, Row, rows


@dataclass(frozen=True, slots=True)
class Hours:
    opens: time
    closes: time


@dataclass(frozen=True, slots=True)
class _Span:
    valid_from: date
    valid_to: date
    hours: Hours


def _time(row: Row, column: str) -> time:
    try:
        return time.fromisoformat(row.text(column))
    except ValueError:
        raise row.error(f"{column} is not a time of day") from None


def _span(row: Row) -> _Span:
    hours = Hours(_time(row, "opens"), _time(row, "closes"))
    span = _Span(row.day("valid_from") or date.min, row.day("valid_to") or date.max, hours)
    if hours.opens >= hours.closes or span.valid_from > span.valid_to:
        raise row.error("ends before it begins")
    return span


@cache
def _spans() -> Mapping[str, tuple[_Span, ...]]:
    """Return the spans of every region, the newest first. Every region has spans, and they do not overlap."""
    found: dict[str, list[_Span]] = {code: [] for code in regions()}
    for row in rows("working_hours.csv"):
        span = _span(row)
        others = found[row.one_of("region", regions())]
        if any(span.valid_from <= other.valid_to and other.valid_from <= span.valid_to for other in others):
            raise row.error("overlaps another row of its region")
        others.append(span)
    for code, spans in found.items():
        if not spans:
            raise ReferenceDataError("working_hours.csv", 1, f"{code} has no hours")
    return {code: tuple(sorted(spans, key=lambda span: span.valid_from, reverse=True)) for code, spans in found.items()}


def hours_for(region_code: str, on: date) -> Hours:
    """Return the branch's hours on a day. Raises KeyError for an unknown region and LookupError for a day without hours."""
    for span in _spans()[region_code]:
        if span.valid_from <= on <= span.valid_to:
            return span.hours
    raise LookupError(f"{region_code} has no working hours on {on.isoformat()}")


def add_working_hours(start: datetime, hours: float, region_code: str) -> datetime:
    """Return the time at which the branch has been open for so many hours since `start`, as aware UTC.

    Raises KeyError for an unknown region, CalendarGap outside the calendar.
    """
    zone, calendar = regions()[region_code].timezone, planning_calendar()
    left, at = timedelta(hours=hours), start
    day = start.astimezone(zone).date()
    while True:
        day = calendar.next_working_day(day)
        opening = hours_for(region_code, day)
        opens, closes = (datetime.combine(day, edge, zone).astimezone(UTC) for edge in (opening.opens, opening.closes))
        at = max(at, opens)
        if at + left <= closes:
            return (at + left).astimezone(UTC)
        left -= max(closes - at, timedelta())
        day += timedelta(days=1)
