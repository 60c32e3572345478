"""Numbers as a person writes them in a sentence, in Kazakh with the ending of the number's last spoken word."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from functools import cache
from typing import Final

from babel import Locale

from analytics.sentences.policy import Case, kazakh_endings
from shared.domain.labels import Label, Language
from shared.web.formats import Formats

_FORMS: Final = {"one": 0, "few": 1, "many": 2}
_SEPARATOR: Final = "|"
_FORM_ALONE: Final = "="
_GAP: Final = "\u00a0"  # a number and its noun stay on one line
_POINTS: Final = {"kk": "п. т.", "ru": "п. п.", "en": "pp"}
_POWERS: Final = (1_000_000_000, 1_000_000, 1_000, 100)


class Quantity(StrEnum):
    """What is counted: a number of things, per cent, or percentage points."""

    NUMBER = "NUMBER"
    PERCENT = "PERCENT"
    POINTS = "POINTS"


class Approximation(StrEnum):
    """How a stated number relates to the exact number."""

    OVER = "OVER"
    UNDER = "UNDER"
    ABOUT = "ABOUT"


_COMPARED: Final[Mapping[Approximation, Label]] = {
    Approximation.OVER: Label("{number:ablative} астам", "более {number}", "over {number}"),
    Approximation.UNDER: Label("{number:ablative} кем", "менее {number}", "under {number}"),
    Approximation.ABOUT: Label("шамамен {number}", "около {number}", "about {number}"),
}


@dataclass(frozen=True, slots=True)
class Amount:
    """A number to show. `signed`: with a plus before an increase."""

    value: Fraction
    quantity: Quantity = Quantity.NUMBER
    digits: int = 0
    signed: bool = False
    comparison: Approximation | None = None

    @classmethod
    def number(cls, value: float, digits: int = 0, *, signed: bool = False) -> "Amount":
        """Return a count or an average to show."""
        return cls(Fraction(str(value)), digits=digits, signed=signed)

    @classmethod
    def percent(cls, value: float | Decimal, digits: int = 1, *, signed: bool = False) -> "Amount":
        """Return a percentage to show."""
        return cls(Fraction(str(value)), Quantity.PERCENT, digits, signed)

    @classmethod
    def points(cls, value: float | Decimal, digits: int = 1, *, signed: bool = False) -> "Amount":
        """Return a difference of two percentages to show."""
        return cls(Fraction(str(value)), Quantity.POINTS, digits, signed)


class ShownAmount(str):
    """A number in the text of one language, with its comparison (over, under, about).

    In a Kazakh text `{number:ablative}` is the number with an ending, without the comparison. In a Russian or English text
    `{number:жалоба|жалобы|жалоб}` is the number with its noun, and `{number:=получена|получены|получено}` the word alone.
    """

    __slots__ = ("amount", "language", "number")
    amount: Amount
    number: str
    language: Language

    def __format__(self, spec: str) -> str:
        if not spec:
            return str(self)
        if _SEPARATOR in spec:
            form = self._form(spec.removeprefix(_FORM_ALONE).split(_SEPARATOR))
            return form if spec.startswith(_FORM_ALONE) else f"{self.number}{_GAP}{form}"
        return f"{self.number}-{kazakh_endings()[last_spoken_word(self.amount)][Case(spec)]}"

    def _form(self, forms: list[str]) -> str:
        value = rounded(abs(self.amount.value), Fraction(1, 10**self.amount.digits))
        if value.denominator > 1:  # "1,5 жалобы", "1.5 complaints"
            return forms[1]
        return forms[min(_FORMS.get(_locale(self.language).plural_form(int(value)), len(forms) - 1), len(forms) - 1)]


def shown(amount: Amount, language: Language = "kk") -> ShownAmount:
    """Return a number as a person writes it in the language: `39,9 %`, `684 000-нан астам`."""
    number = _made(_number(amount, language), amount, language)
    if amount.comparison is None:
        return number
    text = _made(_COMPARED[amount.comparison].in_(language).format(number=number), amount, language)
    text.number = number
    return text


def _made(text: str, amount: Amount, language: Language) -> ShownAmount:
    made = ShownAmount(text)
    made.amount, made.number, made.language = amount, text, language
    return made


def _number(amount: Amount, language: Language) -> str:
    formats = _formats(language)
    value = amount.value
    if value.denominator > 1:  # rounded here, because the quotient of two decimals is not exact
        value = rounded(value, Fraction(1, 10**amount.digits))
    number = Decimal(value.numerator) / Decimal(value.denominator)
    if amount.quantity is Quantity.PERCENT:
        return formats.percent(number, amount.digits, signed=amount.signed)
    text = formats.number(number, amount.digits, signed=amount.signed)
    return f"{text}{_GAP}{_POINTS[language]}" if amount.quantity is Quantity.POINTS else text


def last_spoken_word(amount: Amount) -> str:
    """Return the word, as `kazakh_endings.csv` lists it, with which a number ends when it is spoken in Kazakh."""
    if amount.quantity is not Quantity.NUMBER:
        return "%"
    whole = abs(rounded(amount.value, Fraction(1, 10**amount.digits))) * 10**amount.digits
    number = whole.numerator
    if number == 0:
        return "0"
    if number % 10:
        return str(number % 10)
    if number % 100:
        return str(number % 100)
    return str(next(power for power in _POWERS if number % power == 0))


def rounded(value: Fraction, step: Fraction) -> Fraction:
    """Return the value rounded half up (away from zero) to whole steps."""
    steps = math.floor(abs(value) / step + Fraction(1, 2)) * step
    return steps if value >= 0 else -steps


@cache
def _formats(language: Language) -> Formats:
    return Formats(language)


@cache
def _locale(language: Language) -> Locale:
    return Locale.parse(language)
