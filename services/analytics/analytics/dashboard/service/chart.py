"""A chart of the page: what it shows in one language, before it is written into a template or a file."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from analytics.charts.service import Drawing
from analytics.dashboard.service.lines import Line
from analytics.providers.schemas import FunnelPosition


class Shape(StrEnum):
    """How a chart is drawn on the page."""

    LINE = "line"
    BARS = "bars"
    MAP = "map"
    SHARES = "shares"
    NUMBERS = "numbers"
    FUNNEL = "funnel"


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart in the visitor's language. `names`: the heading of the column of names. `drawing`: the picture, also of a list of bars."""

    id: str
    heading: str
    sentence: str
    names: str
    shape: Shape
    lines: Sequence[Line]
    drawing: Drawing | None = None
    more: tuple[str, str] | None = None
    """The address of a page that shows more, and the text of the link."""

    @property
    def has_shares(self) -> bool:
        return any(line.share is not None for line in self.lines)

    @property
    def has_expectations(self) -> bool:
        return any(line.expectation is not None for line in self.lines)

    @property
    def outside(self) -> Sequence[Line]:
        """Return the lines that chance does not explain."""
        return [line for line in self.lines if line.expectation is not None and line.expectation.position != FunnelPosition.WITHIN]

    @property
    def is_compared(self) -> bool:
        return any(line.before is not None or line.was_hidden for line in self.lines)
