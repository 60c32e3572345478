"""Stated values: a number as a person types it out of a press release, with its precision and its words (over, about, thousand)."""

import math
import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, NamedTuple

from analytics.reconciliations.policy import Explanation, Meaning, word_of
from analytics.sentences.service import Quantity, rounded

LENGTH_LIMIT: Final = 100  # characters of a value with its words
DIGITS_LIMIT: Final = 15  # digits: a thousand billion tenge with tiyn
NOT_STATED: Final = "?"
"""The value of a figure that the text names without stating it."""
_NUMBER: Final = re.compile(r"(?<![\d.,])[+\-−–]?\s?\d[\d\s.,'’]*")
_ENDING: Final = re.compile(r"(?<=[\d%])-[^\W\d_]+")
_POINTS: Final = re.compile(r"(?:п\.\s?п\.?|пайыздық\s+тармақ\w*|процентн\w+\s+пункт\w*|percentage\s+points?)")
_WORDS: Final = re.compile(r"[^\W\d_]+|[%<>≤≥~≈]")
_GROUPED: Final = re.compile(r"\d{1,3}(?:([ '.,])\d{3})(?:\1\d{3})*")
_ONE_GROUP: Final = re.compile(r"[1-9]\d{0,2}[.,]\d{3}")
_SCALES: Final = {Meaning.THOUSAND: 1_000, Meaning.MILLION: 1_000_000, Meaning.BILLION: 1_000_000_000}
_COMPARISONS: Final = (Meaning.OVER, Meaning.UNDER, Meaning.ABOUT)

Bound = Fraction | float
"""A number, or infinity."""


_QUANTITIES: Final = {Meaning.POINTS: Quantity.POINTS, Meaning.PERCENT: Quantity.PERCENT}


class Span(NamedTuple):
    """The values that a statement allows, both ends included."""

    low: Bound
    high: Bound

    @property
    def is_exact(self) -> bool:
        return self.low == self.high

    def meets(self, other: "Span") -> bool:
        """Return whether both allow a common value."""
        return self.low <= other.high and other.low <= self.high


class UnreadableValueError(ValueError):
    """The value cannot be read; `reason` says why."""

    def __init__(self, reason: Explanation) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Stated:
    """A value as it was stated. `step`: the unit of its last digit, 0 for a whole number, which is exact."""

    value: Fraction
    quantity: Quantity = Quantity.NUMBER
    step: Fraction = Fraction(0)
    comparison: Meaning | None = None

    @property
    def digits(self) -> int:
        """Return the decimals that the value is written with."""
        return len(str(self.step.denominator)) - 1  # 1 for a step of 1/10

    @property
    def span(self) -> Span:
        """Return the values that the statement allows."""
        value = self.value
        match self.comparison:
            case Meaning.OVER:
                return Span(-math.inf, value) if value < 0 else Span(value, math.inf)
            case Meaning.UNDER:
                return Span(value, Fraction(0)) if value < 0 else Span(min(Fraction(0), value), value)
            case Meaning.ABOUT:
                step = self.step or _last_place(value)
                return Span(value - step, value + step)
            case _:
                return Span(value - self.step / 2, value + self.step / 2)

    def allows(self, computed: Span) -> bool:
        """Return whether the statement agrees with what was computed.

        A rounded value must be the computed one rounded half up or half to even. Other values must allow a common value.
        """
        if self.comparison is not None or not self.step or not isinstance(computed.low, Fraction) or not computed.is_exact:
            return self.span.meets(computed)
        return self.value in {rounded(computed.low, self.step), round(computed.low / self.step) * self.step}


def cut(value: Fraction, step: Fraction) -> Fraction:
    """Return the value without the digits behind its last whole step."""
    return math.trunc(value / step) * step


def read_value(text: str, unit: str, *, is_change: bool) -> Stated | None:
    """Read a value with its unit; None for one that the text does not state (`?`). Raises UnreadableValueError."""
    if not text:
        raise UnreadableValueError(Explanation.VALUE_EMPTY)
    if text == NOT_STATED:
        return None
    if len(text) > LENGTH_LIMIT or len(unit) > LENGTH_LIMIT:
        raise UnreadableValueError(Explanation.VALUE_UNREADABLE)
    given = _ENDING.sub("", text.casefold())
    numbers = _NUMBER.findall(given)
    if len(numbers) != 1:
        raise UnreadableValueError(Explanation.VALUE_UNREADABLE)
    of_unit, of_value = _meanings(unit.casefold(), is_change=is_change), _meanings(_NUMBER.sub(" ", given), is_change=is_change)
    if None in of_value:
        raise UnreadableValueError(Explanation.VALUE_UNREADABLE)
    meanings = {each for each in of_unit | of_value if each is not None}
    scale = math.prod(factor for meaning, factor in _SCALES.items() if meaning in meanings)
    value, step = _number(numbers[0], is_scaled=scale > 1 or bool(meanings & {Meaning.PERCENT, Meaning.POINTS}))
    quantity = next((quantity for meaning, quantity in _QUANTITIES.items() if meaning in meanings), Quantity.NUMBER)
    if quantity is Quantity.NUMBER and scale == 1 and step == 1:
        step = Fraction(0)
    if Meaning.DOWN in meanings:
        value = -abs(value)
    comparison = next((each for each in _COMPARISONS if each in meanings), None)
    return Stated(value * scale, quantity, step * scale, comparison)


def _meanings(text: str, *, is_change: bool) -> set[Meaning | None]:
    """Return the meanings of the words, with None for unknown ones."""
    found: set[Meaning | None] = set()
    if _POINTS.search(text):
        found.add(Meaning.POINTS)
        text = _POINTS.sub(" ", text)
    for word in _WORDS.findall(text):
        known = word_of(word)
        found.add(None if known is None else known.in_change if is_change else known.meaning)
    return found


def _number(text: str, *, is_scaled: bool) -> tuple[Fraction, Fraction]:
    """Return a number in digits and the unit of its last digit. `is_scaled`: a comma before three digits can only be a decimal one."""
    sign = -1 if text[0] in "-−–" else 1
    digits = " ".join(text.lstrip("+-−–").replace("’", "'").split()).rstrip(" .,'")
    if sum(each.isdecimal() for each in digits) > DIGITS_LIMIT or not digits.isascii():
        raise UnreadableValueError(Explanation.VALUE_UNREADABLE)
    if not is_scaled and _ONE_GROUP.fullmatch(digits):
        raise UnreadableValueError(Explanation.VALUE_AMBIGUOUS)
    whole, mark, decimals = digits, "", ""
    last = max(digits.rfind("."), digits.rfind(","))
    if last >= 0 and digits.count(digits[last]) == 1:
        whole, mark, decimals = digits[:last], digits[last], digits[last + 1 :]
    if not whole.isdecimal():
        if _GROUPED.fullmatch(whole) is None:
            raise UnreadableValueError(Explanation.VALUE_UNREADABLE)
        whole = "".join(each for each in whole if each.isdecimal())
    if mark and not decimals.isdecimal():
        raise UnreadableValueError(Explanation.VALUE_UNREADABLE)
    step = Fraction(1, 10 ** len(decimals))
    return sign * Fraction(int(whole + decimals)) * step, step


def _last_place(value: Fraction) -> Fraction:
    """Return the unit of the last digit of a whole number that is not 0: 100 for 2 500."""
    step = 1
    while value and value % (step * 10) == 0:
        step *= 10
    return Fraction(step)
