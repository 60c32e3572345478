"""Spans of days that figures are asked for."""

from dataclasses import dataclass
from datetime import date, timedelta

from shared.errors import InvalidInput

FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2099, 12, 31)


@dataclass(frozen=True, slots=True)
class Period:
    """Days from `first` to `last`, both counted, in the local time of each appeal's region."""

    first: date
    last: date

    @classmethod
    def asked(cls, first: date, last: date) -> "Period":
        """What a client asked for. Raises InvalidInput when it runs backwards."""
        if last < first:
            raise InvalidInput.field("to", "before-from", "The last day lies before the first.")
        return cls(first, last)

    def year_before(self) -> "Period":
        """The same dates a year before; 29 February becomes 28 February."""
        return Period(_year_before(self.first), _year_before(self.last))


def presets(today: date) -> dict[str, Period]:
    """The periods that people ask for most, by name."""
    month = today.replace(day=1)
    month_before = (month - timedelta(days=1)).replace(day=1)
    quarter = date(today.year, today.month - (today.month - 1) % 3, 1)
    year = date(today.year, 1, 1)
    return {
        "month": Period(month, today),
        "last_month": Period(month_before, month - timedelta(days=1)),
        "quarter": Period(quarter, today),
        "year": Period(year, today),
        "last_year": Period(year.replace(year=year.year - 1), year - timedelta(days=1)),
    }


def _year_before(day: date) -> date:
    try:
        return day.replace(year=day.year - 1)
    except ValueError:  # 29 February
        return day.replace(year=day.year - 1, day=28)
