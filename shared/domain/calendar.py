"""Working days of Kazakhstan in constant time, from reviewed files (Labour Code art. 84, 85; Law on holidays art. 5)."""

import tomllib
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from functools import cache
from itertools import accumulate
from typing import Any

from shared.domain.labels import LANGUAGES, Label
from shared.domain.regions import CENTRAL_OFFICE, regions
from shared.domain.tables import ReferenceDataError, Row, read_text, rows, table

_SATURDAY, _SUNDAY = 5, 6
_PLANNED_TO = date(2099, 12, 31)
CALENDAR_WARNING_DAYS = 180  # the Government announces the days off of a year in the preceding autumn


class CalendarGap(ValueError):
    """The calendar does not cover the day."""


class WorkingCalendar:
    """The working days from `first` to `last` inclusive. Every method raises CalendarGap for other days."""

    def __init__(self, version: str, first: date, last: date, days_off: Mapping[date, Label]) -> None:
        self.version = version
        self.first = first
        self.last = last
        self._days_off = days_off
        span = [first + timedelta(days=offset) for offset in range((last - first).days + 1)]
        self._working = [day for day in span if day not in days_off]
        # _counted[i]: the number of working days from the first day to the i-th, both included
        self._counted = list(accumulate(int(day not in days_off) for day in span))

    def covers(self, day: date) -> bool:
        return self.first <= day <= self.last

    def require(self, day: date) -> None:
        """Raise CalendarGap unless the day is covered."""
        self._index(day)

    def is_day_off(self, day: date) -> bool:
        self._index(day)
        return day in self._days_off

    def reason(self, day: date) -> Label | None:
        """Return why the day is off, None for a working day."""
        self._index(day)
        return self._days_off.get(day)

    def next_working_day(self, day: date) -> date:
        """Return the day itself if it is a working day, else the next working day."""
        return day if not self.is_day_off(day) else self._nth(self._counted[self._index(day)], day)

    def add_working_days(self, day: date, n: int) -> date:
        """Return the n-th working day after `day`. A negative n counts backwards, 0 returns the day itself."""
        done = self._counted[self._index(day)]
        if n == 0:
            return day
        if n > 0:
            return self._nth(done + n - 1, day)
        before = done - int(day not in self._days_off)
        return self._nth(before + n, day)

    def _index(self, day: date) -> int:
        if not self.first <= day <= self.last:
            raise CalendarGap(f"calendar {self.version} does not cover {day.isoformat()}")
        return (day - self.first).days

    def _nth(self, position: int, asked_from: date) -> date:
        if not 0 <= position < len(self._working):
            raise CalendarGap(f"calendar {self.version} does not reach far enough from {asked_from.isoformat()}")
        return self._working[position]


def _label(entry: Mapping[str, str]) -> Label:
    return Label(*(entry[language] for language in LANGUAGES))


def _day(row: Row, column: str, first: date, last: date) -> date:
    day = row.day(column)
    if day is None or not first <= day <= last:
        raise row.error(f"{column} is empty or outside the calendar")
    return day


def _written(day: date) -> Label:
    return Label(f"{day:%d.%m.%Y}", f"{day:%d.%m.%Y}", day.isoformat())


def _weekends(first: date, last: date, reasons: Mapping[str, Label]) -> dict[date, Label]:
    names = {_SATURDAY: reasons["saturday"], _SUNDAY: reasons["sunday"]}
    span = (first + timedelta(days=offset) for offset in range((last - first).days + 1))
    return {day: names[day.weekday()] for day in span if day.weekday() in names}


def _days_off(first: date, last: date, reasons: Mapping[str, Label]) -> dict[date, Label]:
    """Return all days off: weekends, overridden by holidays, then by the Government's swaps."""
    holidays = table("holidays.csv", Row.label)
    found = _weekends(first, last, reasons)
    for row in rows("days_off.csv"):
        name = holidays[row.one_of("holiday", holidays)]
        found[_day(row, "day", first, last)] = reasons["moved"].filled(holiday=name) if row.flag("moved") else name
    for row in rows("calendar_overrides.csv"):
        free, worked = _day(row, "day_off", first, last), _day(row, "working_day", first, last)
        if free in found or worked not in found:
            raise row.error("the swap changes nothing: the day off is off already, or the working day is worked already")
        del found[worked]
        found[free] = reasons["swapped"].filled(day=_written(worked))
    return found


@cache
def working_calendar() -> WorkingCalendar:
    """Return the calendar in force. Raises ReferenceDataError if one of its three files is invalid."""
    head: dict[str, Any] = tomllib.loads(read_text("calendar.toml"))
    try:
        version, first, last = head["version"], head["covers_from"], head["covers_to"]
        reasons = {name: _label(entry) for name, entry in head["reasons"].items()}
        days_off = _days_off(first, last, reasons)
    except KeyError as missing:
        raise ReferenceDataError("calendar.toml", 1, f"{missing} is missing") from None
    return WorkingCalendar(version, first, last, days_off)


@cache
def planning_calendar() -> WorkingCalendar:
    """Return the calendar in force, extended to 2099 by weekends and by holidays with a fixed date.

    Deadlines use it, so that filing, clocks and inquiries work before the next reviewed calendar exists. Days after
    `working_calendar().last` are provisional: the Government moves days off, and Kurban Ait has no fixed date. The calendar is
    not extended into the past.
    """
    calendar = working_calendar()
    first = calendar.last + timedelta(days=1)
    head: dict[str, Any] = tomllib.loads(read_text("calendar.toml"))
    found = _weekends(first, _PLANNED_TO, {name: _label(entry) for name, entry in head["reasons"].items()})
    for (month, day), name in _yearly_holidays(calendar).items():
        found |= {date(year, month, day): name for year in range(first.year, _PLANNED_TO.year + 1)}
    span = (calendar.first + timedelta(days=offset) for offset in range((calendar.last - calendar.first).days + 1))
    covered = {day: reason for day in span if (reason := calendar.reason(day))}
    return WorkingCalendar(calendar.version, calendar.first, _PLANNED_TO, covered | found)


def _yearly_holidays(calendar: WorkingCalendar) -> Mapping[tuple[int, int], Label]:
    """Return the holidays, by month and day, that have the same date in the last two covered years."""
    holidays = table("holidays.csv", Row.label)
    listed = [(row.day("day"), row.one_of("holiday", holidays)) for row in rows("days_off.csv") if not row.flag("moved")]
    dates = {(day.year, day.month, day.day, code) for day, code in listed if day is not None}
    latest = calendar.last.year
    return {(month, day): holidays[code] for year, month, day, code in dates if year == latest and (latest - 1, month, day, code) in dates}


def calendar_end() -> datetime:
    """Return the moment in which the calendar in force ends: midnight after its last day, in Astana."""
    return datetime.combine(working_calendar().last + timedelta(days=1), time(), regions()[CENTRAL_OFFICE].timezone)


def days_covered_after(today: date) -> int:
    """Return how many days the calendar in force covers after today. Negative once it has ended."""
    return (working_calendar().last - today).days


def calendar_ends_soon(today: date) -> date | None:
    """Return the last covered day if the next year has to be added to the files soon or already. None otherwise."""
    return working_calendar().last if days_covered_after(today) < CALENDAR_WARNING_DAYS else None


def is_provisional(day: date) -> bool:
    """Return whether the day lies after the calendar in force."""
    return not working_calendar().covers(day)
