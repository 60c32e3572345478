"""Classes of durations: counts by class can be added up, and a percentile of the sum is known within the width of a class.

Up to 31 seconds each second is a class. From there on every doubling has 32 classes, so that a class is at most 1/32 of its value wide.
"""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any, Final

from sqlalchemy import ColumnElement, case

from analytics.facts.schemas import Quantile

_EACH: Final = 32
_FIRST_POWER: Final = 5
_LAST_POWER: Final = 27  # 2²⁸ seconds are eight years
_PER_CENT: Final = 100


def class_of(seconds: ColumnElement[int]) -> ColumnElement[Any]:
    """Return the number of the class of a duration; a negative one counts as 0, one of more than eight years as eight years."""
    steps: list[tuple[ColumnElement[bool], Any]] = [(seconds < 0, 0), (seconds < _EACH, seconds)]
    for power in range(_FIRST_POWER, _LAST_POWER + 1):
        first = _EACH * (power - _FIRST_POWER)
        steps.append((seconds < 2 ** (power + 1), first + seconds // 2 ** (power - _FIRST_POWER)))
    return case(*steps, else_=_EACH * (_LAST_POWER - _FIRST_POWER + 2) - 1)


def span_of(number: int) -> tuple[int, int]:
    """Return the shortest duration of a class and the width of the class, in seconds."""
    if number < _EACH:
        return number, 1
    power, position = divmod(number - _EACH, _EACH)
    return (_EACH + position) << power, 1 << power


def percentile(counts: Mapping[int, int], per_cent: int) -> Quantile:
    """Return a percentile of durations from their number by class. There is at least one.

    It lies where an exact percentile lies (`answer_times`); within a class the durations are taken to be evenly spread.
    """
    size = sum(counts.values())
    position, rest = divmod(per_cent * (size - 1), _PER_CENT)
    below, above = (_at(counts, each) for each in (position, min(position + 1, size - 1)))
    return Quantile(round((_PER_CENT - rest) * below + rest * above), size)


def _at(counts: Mapping[int, int], position: int) -> Fraction:
    """Return the duration at a position among all durations in their order."""
    before = 0
    for number in sorted(counts):
        if position < before + counts[number]:
            shortest, width = span_of(number)
            return shortest + (width - 1) * Fraction(2 * (position - before) + 1, 2 * counts[number])
        before += counts[number]
    raise ValueError(position)
