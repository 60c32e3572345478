"""What the address of the page asks for: period, comparison, region and filters."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final
from urllib.parse import urlencode

from pydantic import ValidationError

from analytics.kpis.schemas import Compare, KpiQuery
from analytics.kpis.service import FigureRequest, Period, PeriodUnit, period_of_code
from shared.errors import InvalidInput

PATH: Final = "/analytics/dashboard"
NO_COMPARISON: Final = "none"
FILTERS: Final = ("channel", "kind", "category", "topic", "tier", "language", "district", "provider_id")
MONTHS_OFFERED: Final = 13
_QUARTERS_OFFERED: Final = 5
_HALVES_OFFERED: Final = 3
_YEARS_OFFERED: Final = 3
_MONTHS: Final = 12


@dataclass(frozen=True, slots=True)
class Choice:
    """The parameters of the address as they were entered, even if they are wrong. `period` is a code such as `2026-Q3`."""

    period: str = ""
    first: str = ""
    last: str = ""
    region: str = ""
    compare: str = Compare.PREVIOUS_YEAR
    filters: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of_parameters(cls, parameters: Mapping[str, str], region: str | None) -> "Choice":
        """Return the choice of an address. `region` is the region whose figures this visitor sees."""
        return cls(
            period=parameters.get("period", "").strip(),
            first=parameters.get("from", "").strip(),
            last=parameters.get("to", "").strip(),
            region=region or "",
            compare=parameters.get("compare", "").strip() or Compare.PREVIOUS_YEAR,
            filters={name: text for name in FILTERS if (text := parameters.get(name, "").strip())},
        )

    @property
    def parameters(self) -> dict[str, str]:
        """Return the parameters that are set, in the order of the form. The days of a period with a code are not written."""
        days = {} if self.period else {"from": self.first, "to": self.last}
        found = {"period": self.period, **days, "compare": self.compare, "region": self.region, **self.filters}
        return {name: text for name, text in found.items() if text}

    def href(self, path: str = PATH, /, **changed: str | None) -> str:
        """Return the address with changed parameters; None removes one."""
        changed = {name.rstrip("_"): text for name, text in changed.items()}
        if changed.keys() & {"period", "from"}:
            changed = {**dict.fromkeys(("period", "from", "to")), **changed}
        values = {name: text for name, text in (self.parameters | changed).items() if text}
        return f"{path}?{urlencode(values)}"

    def request(self, today: date) -> FigureRequest:
        """Return the request of the figures.

        A period that is not over ends today. Raises InvalidInput as the API does for a wrong parameter.
        """
        period = self._period(today)
        values = {"from": self.first, "to": self.last} if period is None else {"from": str(period.first), "to": str(period.last)}
        values |= {"region": self.region, "compare": "" if self.compare == NO_COMPARISON else self.compare, **self.filters}
        try:
            query = KpiQuery.model_validate({name: text for name, text in values.items() if text})
        except ValidationError as error:
            raise InvalidInput.of(error) from None
        return FigureRequest(Period.of_request(query.first, query.last), query.region, query.compare, query.filters)

    def _period(self, today: date) -> Period | None:
        if not self.period:
            return None
        period = period_of(self.period)
        if period is None or period.first > today:
            raise InvalidInput.field("period", "unknown-code", "The period is not one of the list.")
        return Period(period.first, min(period.last, today))


def period_of(code: str) -> Period | None:
    """Return the days of a code: `2026`, `2026-H1`, `2026-Q3` or `2026-09`; None for another text."""
    try:
        return period_of_code(code)
    except InvalidInput:
        return None


def periods_to_choose(today: date) -> Mapping[PeriodUnit | None, list[str]]:
    """Return the codes of the periods of the form, the current one first, by unit; None are the months."""
    this_month = today.year * _MONTHS + today.month - 1
    return {
        None: [f"{number // _MONTHS}-{number % _MONTHS + 1:02d}" for number in range(this_month, this_month - MONTHS_OFFERED, -1)],
        PeriodUnit.QUARTER: list(_codes("Q", today, 4, _QUARTERS_OFFERED)),
        PeriodUnit.HALF: list(_codes("H", today, 2, _HALVES_OFFERED)),
        PeriodUnit.YEAR: [str(today.year - back) for back in range(_YEARS_OFFERED)],
    }


def _codes(letter: str, today: date, per_year: int, offered: int) -> Iterator[str]:
    current = today.year * per_year + (today.month - 1) * per_year // _MONTHS
    for number in range(current, current - offered, -1):
        yield f"{number // per_year}-{letter}{number % per_year + 1}"
