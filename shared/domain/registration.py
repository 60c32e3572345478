"""The two times of an appeal: receipt, and registration at the legal moment (АППК art. 64(3))."""

from datetime import UTC, date, datetime
from functools import lru_cache

from shared.domain.calendar import planning_calendar
from shared.domain.regions import regions
from shared.domain.working_hours import hours_for


def registered_at(received_at: datetime, region: str) -> datetime:
    """Return the legal moment of registration for a time of receipt, both aware UTC.

    Within the branch's hours, closing time included, it is the time of receipt. Before opening on a working day it is that day's
    opening, after closing or on a day off it is the next working day's opening. Raises KeyError for an unknown region,
    CalendarGap outside the calendar, ValueError for a naive time.
    """
    if received_at.tzinfo is None:
        raise ValueError("a time without a zone has no place in the register")
    local = received_at.astimezone(regions()[region].timezone)
    today = local.date()
    calendar = planning_calendar()
    if calendar.is_day_off(today):
        return _opening(calendar.next_working_day(today), region)
    hours = hours_for(region, today)
    if local.time() < hours.opens:
        return _opening(today, region)
    if local.time() <= hours.closes:
        return received_at.astimezone(UTC)
    return _opening(calendar.add_working_days(today, 1), region)


@lru_cache(maxsize=1024)  # few days at a time
def _opening(day: date, region: str) -> datetime:
    return datetime.combine(day, hours_for(region, day).opens, regions()[region].timezone).astimezone(UTC)
