"""Values and changes as the page writes them, by their unit."""

from dataclasses import dataclass
from typing import Final

from analytics.kpis.service import Direction, Unit
from analytics.sentences.service import Amount, shown
from shared.domain.labels import Label, Language
from shared.web.formats import Formats

HIDDEN: Final = Label("жасырын", "скрыто", "hidden")
NONE: Final = "–"
_SECONDS: Final = Label("с", "с", "s")
_DECIMAL: Final = frozenset[str]({Unit.SCORE, Unit.PER_10000})
_LONG: Final = 120.0
"""Seconds that are written as minutes, hours and days."""


@dataclass(frozen=True, slots=True)
class Values:
    """Writes values in one language. Hidden values are named to readers of public figures; to others they are computed from too few."""

    language: Language
    is_public: bool = True

    def text(self, value: float | None, unit: str, *, is_hidden: bool = False) -> str:
        """Return a value with its unit; a count is written alone."""
        if value is None:
            return HIDDEN.in_(self.language) if is_hidden and self.is_public else NONE
        formats = Formats(self.language)
        if unit == Unit.PERCENT:
            return formats.percent(value)
        if unit == Unit.SECONDS:
            return self._seconds(value)
        return formats.number(value, 1 if unit in _DECIMAL else 0)

    def change(self, change: float | None, unit: str) -> str:
        """Return a change with its sign."""
        if change is None:
            return NONE
        if unit == Unit.PERCENT:
            return str(shown(Amount.points(change, signed=True), self.language))
        if unit == Unit.SECONDS:
            return ("+" if change > 0 else "−" if change < 0 else "") + self._seconds(abs(change))
        return Formats(self.language).number(change, 1 if unit in _DECIMAL else 0, signed=True)

    def percent(self, value: float | None, *, signed: bool = False) -> str:
        """Return a share or a change in per cent."""
        return NONE if value is None else Formats(self.language).percent(value, signed=signed)

    def _seconds(self, value: float) -> str:
        formats = Formats(self.language)
        return formats.duration(value) if value >= _LONG else f"{formats.number(value, 1)}\u00a0{_SECONDS.in_(self.language)}"


def tone_of(change: float | None, direction: Direction) -> str:
    """Return `better`, `worse` or nothing: whether a figure goes where it should."""
    if not change or direction is Direction.NONE:
        return ""
    return "better" if (change > 0) == (direction is Direction.UP) else "worse"
