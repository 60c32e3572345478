"""Explanations as a person would write them: numbers of each language, in Kazakh with the ending of the number's last spoken word."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cache
from typing import Final

from analytics.reconciliations.policy import Case, Explanation, Meaning, explanations, headings, kazakh_endings
from analytics.reconciliations.service.values import Quantity, Stated, rounded
from shared.domain.labels import Label, Language
from shared.web.formats import Formats

ADDENDS_SHOWN: Final = 8
_HEADING: Final = "heading"
_COMPARED: Final[Mapping[Meaning, Label]] = {
    Meaning.OVER: Label("{number:ablative} астам", "более {number}", "over {number}"),
    Meaning.UNDER: Label("{number:ablative} кем", "менее {number}", "under {number}"),
    Meaning.ABOUT: Label("шамамен {number}", "около {number}", "about {number}"),
}
_POINTS: Final = {"kk": "п. т.", "ru": "п. п.", "en": "pp"}
_POWERS: Final = (1_000_000_000, 1_000_000, 1_000, 100)


@dataclass(frozen=True, slots=True)
class Amount:
    """A number to show. `signed`: with a plus before an increase."""

    value: Fraction
    quantity: Quantity = Quantity.NUMBER
    digits: int = 0
    signed: bool = False
    comparison: Meaning | None = None

    @classmethod
    def of(cls, stated: Stated, *, signed: bool = False) -> "Amount":
        """Return a stated value to show."""
        return cls(stated.value, stated.quantity, stated.digits, signed, stated.comparison)


@dataclass(frozen=True, slots=True)
class Addends:
    """Amounts to show with plus signs between them; of many only the first and the last."""

    amounts: tuple[Amount, ...]


Value = Amount | Addends | str | int


@dataclass(frozen=True, slots=True)
class Sentence:
    """An explanation by its code, with the values to fill in."""

    code: Explanation
    values: Mapping[str, Value]

    def in_(self, language: Language) -> str:
        """Return the explanation in one language."""
        shown = {name: _shown(name, value, language) for name, value in self.values.items()}
        return explanations()[self.code].in_(language).format_map(shown)


class _Shown(str):
    """A number in the text of one language, with its comparison (over, under, about).

    In a Kazakh text `{name:ablative}` is the number with an ending, without the comparison.
    """

    __slots__ = ("amount", "number")
    amount: Amount
    number: str

    def __format__(self, spec: str) -> str:
        return f"{self.number}-{kazakh_endings()[last_spoken_word(self.amount)][Case(spec)]}" if spec else str(self)


def shown(amount: Amount, language: Language = "kk") -> str:
    """Return a number as a person writes it in the language: `39,9 %`, `684 000-нан астам`."""
    number = _with_ending(_number(amount, language), amount)
    if amount.comparison is None:
        return number
    text = _with_ending(_COMPARED[amount.comparison].in_(language).format(number=number), amount)
    text.number = number
    return text


def _with_ending(text: str, amount: Amount) -> _Shown:
    made = _Shown(text)
    made.amount, made.number = amount, text
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
    return f"{text}\u00a0{_POINTS[language]}" if amount.quantity is Quantity.POINTS else text


def _shown(name: str, value: Value, language: Language) -> str:
    if isinstance(value, Amount):
        return shown(value, language)
    if isinstance(value, Addends):
        return _sum(value, language)
    return headings()[str(value)].in_(language) if name == _HEADING else str(value)


def _sum(addends: Addends, language: Language) -> str:
    amounts = addends.amounts
    if len(amounts) <= ADDENDS_SHOWN:
        return " + ".join(shown(amount, language) for amount in amounts)
    first = [shown(amount, language) for amount in amounts[: ADDENDS_SHOWN - 1]]
    return " + ".join([*first, "…", shown(amounts[-1], language)])


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


@cache
def _formats(language: Language) -> Formats:
    return Formats(language)
