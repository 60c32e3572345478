"""Scales of axes, and the width of texts, so that labels can be set without overlap."""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

TEXT_SIZE: Final = 13.0
"""The font size of labels in units of the drawing. On a wide screen charts are drawn larger, and the style sheet sets 10."""
_WIDE: Final = 0.62  # of the font size: the average width of a letter, measured for Cyrillic in the fonts of the pages
_NARROW: Final = 0.34
_NARROW_LETTERS: Final = frozenset(" .,:;|!'()\u00a0\u202filjtIі")
_STEPS: Final = (1, 2, 5, 10)
_LEAST_STEP: Final = 1


@dataclass(frozen=True, slots=True)
class Scale:
    """Maps values from zero to `top` to lengths from zero to `length`. `ticks` are the values to label."""

    top: float
    length: float
    ticks: tuple[float, ...]

    def __call__(self, value: float) -> float:
        """Return the length of a value; a value beyond the scale ends where the scale ends."""
        return self.length * min(max(value, 0), self.top) / self.top


def scale_of(values: Sequence[float | None], length: float, *, ticks: int = 4, whole: bool = True, most: float | None = None) -> Scale:
    """Return a scale that begins at zero and ends with a round number at or above the largest value.

    `whole`: the values are counts, so that no tick is a fraction. `most`: the largest possible value, such as 100 per cent.
    """
    largest = max((value for value in values if value is not None), default=0)
    step = _round_step(max(largest, 0) / ticks)
    if whole:
        step = max(step, _LEAST_STEP)
    number = max(1, math.ceil(round(largest / step, 9)))
    top = step * number
    if most is not None and top > most:
        top = most
    marks = tuple(round(step * each, 9) for each in range(number + 1) if step * each <= top)
    return Scale(top, length, marks)


def _round_step(rough: float) -> float:
    if rough <= 0:
        return float(_LEAST_STEP)
    power = 10.0 ** math.floor(math.log10(rough))
    return next(step * power for step in _STEPS if step * power >= rough - 1e-9)


def text_width(text: str, size: float = TEXT_SIZE) -> float:
    """Return the width of a text, estimated from its letters, in units of the drawing."""
    return size * sum(_NARROW if letter in _NARROW_LETTERS else _WIDE for letter in text)


def shown_labels(centres: Sequence[float], widths: Sequence[float], gap: float) -> list[int]:
    """Return which labels to show so that none overlap: every label, every second, every third and so on, counted from the last."""
    number = len(centres)
    for step in range(1, number + 1):
        shown = list(range(number - 1, -1, -step))[::-1]
        pairs = itertools.pairwise(shown)
        if all(centres[right] - centres[left] >= (widths[left] + widths[right]) / 2 + gap for left, right in pairs):
            return shown
    return []
