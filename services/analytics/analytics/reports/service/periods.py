"""Periods of reports: a year, a half-year, a quarter or a month, and what it is compared with."""

import re
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final, Self

from analytics.kpis.schemas import Compare
from analytics.kpis.service import Period
from analytics.reports.policy import PeriodName, ReportLanguage, period_names
from shared.errors import InvalidInput

MONTHS: Final = 12
_CODE: Final = re.compile(r"(20\d\d)(?:-(?:H([12])|Q([1-4])|(0[1-9]|1[0-2])))?", re.ASCII)


class ReportUnit(StrEnum):
    """The lengths of periods."""

    YEAR = "year"
    HALF = "half"
    QUARTER = "quarter"
    MONTH = "month"


_PER_YEAR: Final = {ReportUnit.YEAR: 1, ReportUnit.HALF: 2, ReportUnit.QUARTER: 4, ReportUnit.MONTH: 12}


@dataclass(frozen=True, slots=True)
class ReportPeriod:
    """A period by its year, its unit, and its number in the year."""

    year: int
    unit: ReportUnit
    number: int = 1

    @classmethod
    def of_code(cls, code: str) -> Self:
        """Return the period of a code: `2025`, `2025-H1`, `2025-Q3` or `2025-09`. Raises InvalidInput for another text."""
        found = _CODE.fullmatch(code)
        if found is None:
            raise InvalidInput.field("period", "bad-format", "A period is written as 2025, 2025-H1, 2025-Q3 or 2025-09.")
        year, numbers = int(found[1]), zip(list(ReportUnit)[1:], found.groups()[1:], strict=True)
        unit, number = next(((unit, int(text)) for unit, text in numbers if text is not None), (ReportUnit.YEAR, 1))
        return cls(year, unit, number)

    @property
    def code(self) -> str:
        """Return the code of the period, such as `2025-Q3`."""
        parts = {ReportUnit.YEAR: "", ReportUnit.HALF: f"-H{self.number}", ReportUnit.QUARTER: f"-Q{self.number}"}
        return f"{self.year}{parts.get(self.unit, f'-{self.number:02d}')}"

    @property
    def days(self) -> Period:
        """Return the days of the period."""
        length = MONTHS // _PER_YEAR[self.unit]
        last = self.number * length
        return Period(date(self.year, last - length + 1, 1), date(self.year, last, monthrange(self.year, last)[1]))

    @property
    def months(self) -> list[str]:
        """Return the codes of the months of the period, such as `2025-01`."""
        days = self.days
        return [f"{self.year}-{month:02d}" for month in range(days.first.month, days.last.month + 1)]

    def compared(self, compare: Compare) -> "ReportPeriod":
        """Return the period to compare with: the same of the year before, or the period of this length before."""
        steps = _PER_YEAR[self.unit] if compare is Compare.PREVIOUS_YEAR else 1
        year, index = divmod(self.year * _PER_YEAR[self.unit] + self.number - 1 - steps, _PER_YEAR[self.unit])
        return ReportPeriod(year, self.unit, index + 1)

    def name(self, language: ReportLanguage) -> PeriodName:
        """Return the names of the period."""
        names = period_names()[f"{self.unit}-{self.number}"][language]
        return PeriodName(*(text.format(year=self.year) for text in names))


def periods_of_year() -> Iterator[tuple[ReportUnit, int]]:
    """Yield the unit and number of every period of a year, the longest first."""
    for unit, number in _PER_YEAR.items():
        yield from ((unit, index) for index in range(1, number + 1))
