"""The lines of tables and charts: a value, what it was before, the change between them, and what was expected."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, NamedTuple

from analytics.dashboard.service.reading import Compared
from analytics.dashboard.service.values import tone_of
from analytics.kpis.schemas import Figure, Part
from analytics.kpis.service import UNSPECIFIED, Direction, Unit, change_percent, kpi_definitions
from shared.domain.labels import Language

COUNTS: Final = frozenset[str]({Unit.APPEALS, Unit.CALLS, Unit.QUESTIONS, Unit.INQUIRIES})
Link = Callable[[str], str | None]
"""Returns the address that a code leads to."""


class Expectation(NamedTuple):
    """What is expected of an organisation, and where its number lies: a kind of funnel point, and its name."""

    number: float
    position: str
    text: str


@dataclass(frozen=True, slots=True)
class Line:
    """A value with its comparison. Hidden values are None. `share` and `percent` are in per cent, `change` in the unit of the value."""

    code: str
    label: str
    unit: str
    value: float | None = None
    before: float | None = None
    share: float | None = None
    n: int | None = None
    is_hidden: bool = False
    was_hidden: bool = False
    direction: Direction = Direction.NONE
    href: str | None = None
    appeals_href: str | None = None
    expectation: Expectation | None = None

    @property
    def change(self) -> float | None:
        """Return the difference of the two values; None without either."""
        if self.value is None or self.before is None:
            return None
        exact = Decimal(str(self.value)) - Decimal(str(self.before))
        return int(exact) if exact == int(exact) and self.unit in COUNTS else float(exact)

    @property
    def percent(self) -> float | None:
        """Return the change of a count in per cent of what it was; None if it was nothing, and for other values."""
        if self.unit not in COUNTS or self.value is None or self.before is None:
            return None
        found = change_percent(int(self.value), int(self.before))
        return None if found is None else float(found)

    @property
    def tone(self) -> str:
        """Return whether the change is better or worse."""
        return tone_of(self.change, self.direction)


def line_of(figure: Figure, label: str, *, appeals_href: str | None = None) -> Line:
    """Return the line of a figure without parts."""
    comparison = figure.comparison
    return Line(
        figure.id,
        label,
        figure.unit,
        figure.value,
        None if comparison is None else comparison.value,
        n=figure.n,
        is_hidden=figure.suppressed,
        was_hidden=comparison is not None and comparison.suppressed,
        direction=kpi_definitions()[figure.id].direction,
        appeals_href=appeals_href,
    )


def lines_of(found: Compared, language: Language, href: Link | None = None, appeals_href: Link | None = None) -> list[Line]:
    """Return the lines of the parts of a figure, in their order; parts that were counted only before come last, without a value."""
    now, before = found.now, found.before
    direction = kpi_definitions()[now.id].direction
    earlier = {} if before is None else {part.code: part for part in before.parts}
    gone = [part for code, part in earlier.items() if code not in {each.code for each in now.parts}]

    def line(code: str, named: Part, part: Part | None) -> Line:
        was = earlier.get(code)
        is_count = now.unit in COUNTS
        nothing = 0 if is_count else None
        has_link = code != UNSPECIFIED
        return Line(
            code,
            getattr(named, language),
            now.unit,
            nothing if part is None else part.value,
            None if before is None else nothing if was is None else was.value,
            None if part is None else part.share,
            None if part is None else part.n,
            is_hidden=part is not None and part.suppressed,
            was_hidden=was is not None and was.suppressed,
            direction=direction,
            href=href(code) if href and has_link else None,
            appeals_href=appeals_href(code) if appeals_href and has_link and part is not None and part.value else None,
        )

    return [*(line(part.code, part, part) for part in now.parts), *(line(part.code, part, None) for part in gone)]
