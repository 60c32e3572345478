"""When a colleague works: weekly shifts in the calendar of the branch, less the absences."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Final, NamedTuple

from routing.cases.schemas.staffing import Absence, Shift, absences_of
from routing.cases.schemas.views import ColleagueView
from shared.domain.calendar import planning_calendar
from shared.domain.regions import CENTRAL_OFFICE, Region, regions
from shared.domain.working_hours import hours_for

_SATURDAY: Final = 5


def branch_of(colleague: ColleagueView) -> Region:
    """Return the branch of a colleague, the central office for one without a region."""
    return regions().get(colleague.region or "", regions()[CENTRAL_OFFICE])


def today_of(colleague: ColleagueView, now: datetime) -> date:
    """Return the day in the branch of a colleague."""
    return now.astimezone(branch_of(colleague).timezone).date()


def running_absence(colleague: ColleagueView, now: datetime) -> Absence | None:
    """Return the absence of today; of several the one that ends last."""
    today = today_of(colleague, now)
    running = [absence for absence in _absences(colleague) if absence.first_day <= today < absence.return_on]
    return max(running, key=lambda absence: absence.return_on, default=None)


def absence_of(colleague: ColleagueView, now: datetime) -> date | None:
    """Return the day of return of a colleague who is absent now, else None."""
    running = running_absence(colleague, now)
    return running.return_on if running is not None else None


def absences_from(colleague: ColleagueView, today: date) -> list[Absence]:
    """Return the absences that run on a day or begin later, the earliest first."""
    return sorted(absence for absence in _absences(colleague) if absence.return_on > today)


def _absences(colleague: ColleagueView) -> Iterator[Absence]:
    yield from absences_of(colleague.absences)
    if colleague.absent_until is not None:
        yield Absence(date.min, colleague.absent_until, None)


def shift_on(colleague: ColleagueView, day: date) -> Shift | None:
    """Return the shift of a day, None for a day without one; absences are not looked at.

    A public holiday has no shift. A day off that was made a working day has the hours of the branch, unless the colleague has a shift
    on that day of the week. Raises CalendarGap outside the planning calendar.
    """
    is_off, weekday = planning_calendar().is_day_off(day), day.weekday()
    if is_off and (colleague.shifts is None or weekday < _SATURDAY):
        return None
    own = colleague.shifts[weekday] if colleague.shifts is not None else None
    if own is not None:
        return Shift(time.fromisoformat(own["begins"]), time.fromisoformat(own["ends"]))
    if is_off or (colleague.shifts is not None and weekday < _SATURDAY):
        return None
    opening = hours_for(branch_of(colleague).code, day)
    return Shift(opening.opens, opening.closes)


def is_present(colleague: ColleagueView, now: datetime) -> bool:
    """Return whether the colleague works now: in a shift, not absent, and still in the team."""
    if colleague.left_at is not None or running_absence(colleague, now) is not None:
        return False
    local = now.astimezone(branch_of(colleague).timezone)
    shift = shift_on(colleague, local.date())
    return shift is not None and shift.begins <= local.time() < shift.ends


class WorkDay(NamedTuple):
    """A day of a colleague. `shift`: None on a day without one, and while the colleague is absent."""

    day: date
    shift: Shift | None
    is_absent: bool


def days_ahead(colleague: ColleagueView, now: datetime, number: int) -> list[WorkDay]:
    """Return the next days with their shifts, today first."""
    today = today_of(colleague, now)
    found: list[WorkDay] = []
    for day in (today + timedelta(days=ahead) for ahead in range(number)):
        is_absent = any(absence.first_day <= day < absence.return_on for absence in _absences(colleague))
        found.append(WorkDay(day, None if is_absent else shift_on(colleague, day), is_absent))
    return found
