"""Periods of figures, and which of them are public."""

import re
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from analytics.kpis.schemas import Compare
from shared.errors import InvalidInput

ONE_DAY: Final = timedelta(days=1)
_MONTHS_IN_QUARTER: Final = 3
_MONTHS_IN_YEAR: Final = 12
_QUARTERS_IN_YEAR: Final = 4
_QUARTERS_IN_HALF: Final = 2


class PeriodUnit(StrEnum):
    """The units of public periods, as in their codes."""

    YEAR = ""
    HALF = "H"
    QUARTER = "Q"


@dataclass(frozen=True, slots=True)
class Period:
    """Days from `first` to `last`, both inclusive, in the local time of each appeal's region."""

    first: date
    last: date

    @classmethod
    def of_request(cls, first: date, last: date) -> "Period":
        """Return the period that a client requested. Raises InvalidInput if `last` is before `first`."""
        if last < first:
            raise InvalidInput.field("to", "before-from", "The last day lies before the first.")
        return cls(first, last)

    @property
    def has_whole_months(self) -> bool:
        """Return whether the period begins with the first day of a month and ends with the last day of one."""
        return self.first.day == 1 and self.last == _month_end(self.last.year, self.last.month)

    def year_before(self) -> "Period":
        """Return the period to compare with: for whole months the same months a year before, all 29 days of February 2024 included.

        Other periods are compared by day; 29 February becomes 28 February.
        """
        last = _month_end(self.last.year - 1, self.last.month) if self.has_whole_months else _year_before(self.last)
        return Period(_year_before(self.first), last)

    def before(self) -> "Period":
        """Return the period of the same length that ends the day before: for whole months as many whole months, otherwise as many days."""
        last = self.first - ONE_DAY
        if not self.has_whole_months:
            return Period(last - (self.last - self.first), last)
        months = _month_number(self.last) - _month_number(self.first)
        year, month = divmod(_month_number(last) - months, _MONTHS_IN_YEAR)
        return Period(date(year, month + 1, 1), last)

    def compared(self, compare: Compare) -> "Period":
        """Return the period to compare this one with."""
        return self.before() if compare is Compare.PREVIOUS_PERIOD else self.year_before()

    def quarters(self) -> list["Quarter"]:
        """Return the calendar quarters of a period that consists of whole quarters."""
        found = [Quarter.of(self.first)]
        while found[-1].period.last < self.last:
            found.append(found[-1].following())
        return found


@dataclass(frozen=True, slots=True, order=True)
class Quarter:
    """A calendar quarter; `number` is 1 to 4."""

    year: int
    number: int

    @classmethod
    def of(cls, day: date) -> "Quarter":
        """Return the quarter that contains a day."""
        return cls(day.year, (day.month - 1) // _MONTHS_IN_QUARTER + 1)

    @property
    def period(self) -> Period:
        """Return the days of the period."""
        last_month = self.number * _MONTHS_IN_QUARTER
        return Period(date(self.year, last_month - _MONTHS_IN_QUARTER + 1, 1), _month_end(self.year, last_month))

    def following(self) -> "Quarter":
        """Return the next quarter."""
        return Quarter(self.year + 1, 1) if self.number == _QUARTERS_IN_YEAR else Quarter(self.year, self.number + 1)


@dataclass(frozen=True, slots=True)
class PublicPeriod:
    """A calendar quarter, half-year or year. `code` is `2025-Q3`, `2025-H1` or `2025`."""

    year: int
    unit: PeriodUnit
    number: int

    @property
    def code(self) -> str:
        """Return the code of the period, such as `2025-Q3`."""
        return f"{self.year}-{self.unit}{self.number}" if self.unit else str(self.year)

    @property
    def period(self) -> Period:
        """Return the days of the period."""
        quarters = {PeriodUnit.QUARTER: 1, PeriodUnit.HALF: _QUARTERS_IN_HALF, PeriodUnit.YEAR: _QUARTERS_IN_YEAR}[self.unit]
        last = self.number * quarters
        return Period(Quarter(self.year, last - quarters + 1).period.first, Quarter(self.year, last).period.last)


def public_periods(year: int) -> Iterator[PublicPeriod]:
    """Yield the periods of a year for which public figures exist: the year, its halves, its quarters."""
    yield PublicPeriod(year, PeriodUnit.YEAR, 1)
    for unit, number in ((PeriodUnit.HALF, 2), (PeriodUnit.QUARTER, _QUARTERS_IN_YEAR)):
        yield from (PublicPeriod(year, unit, each) for each in range(1, number + 1))


def public_period(period: Period) -> PublicPeriod | None:
    """Return the quarter, half-year or year that consists of exactly these days; None for any other period."""
    return next((each for each in public_periods(period.first.year) if each.period == period), None)


_CODE: Final = re.compile(r"(20\d\d)(?:-(?:H([12])|Q([1-4])|(0[1-9]|1[0-2])))?", re.ASCII)


def period_of_code(code: str) -> Period:
    """Return the days of a code: `2026`, `2026-H1`, `2026-Q3` or `2026-09`. Raises InvalidInput for another text."""
    found = _CODE.fullmatch(code)
    if found is None:
        raise InvalidInput.field("period", "bad-format", "A period is written as 2026, 2026-H1, 2026-Q3 or 2026-09.")
    half, quarter, month = (None if text is None else int(text) for text in found.groups()[1:])
    year = int(found[1])
    if month is not None:
        return Period(date(year, month, 1), _month_end(year, month))
    unit = PeriodUnit.HALF if half else PeriodUnit.QUARTER if quarter else PeriodUnit.YEAR
    return PublicPeriod(year, unit, half or quarter or 1).period


def presets(today: date) -> dict[str, Period]:
    """Return the periods of the dashboard's quick links, by name; the current ones end today."""
    month = today.replace(day=1)
    month_before = (month - ONE_DAY).replace(day=1)
    quarter = date(today.year, today.month - (today.month - 1) % _MONTHS_IN_QUARTER, 1)
    year = date(today.year, 1, 1)
    return {
        "month": Period(month, today),
        "last_month": Period(month_before, month - ONE_DAY),
        "quarter": Period(quarter, today),
        "year": Period(year, today),
        "last_year": Period(year.replace(year=year.year - 1), year - ONE_DAY),
    }


def _month_number(day: date) -> int:
    return day.year * _MONTHS_IN_YEAR + day.month - 1


def month_end(day: date) -> date:
    """Return the last day of a day's month."""
    return _month_end(day.year, day.month)


def _month_end(year: int, month: int) -> date:
    return date(year, month, monthrange(year, month)[1])


def _year_before(day: date) -> date:
    try:
        return day.replace(year=day.year - 1)
    except ValueError:  # 29 February
        return day.replace(year=day.year - 1, day=28)
