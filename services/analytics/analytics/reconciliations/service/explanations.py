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

    __slots__ = ("last_word", "number")
    number: str
    last_word: str

    def __format__(self, spec: str) -> str:
        return f"{self.number}-{kazakh_endings()[self.last_word][Case(spec)]}" if spec else str(self)


def shown(amount: Amount, language: Language = "kk") -> str:
    """Return a number as a person writes it in the language: `39,9 %`, `684 000-нан астам`."""
    number = _Shown(_number(amount, language))
    number.number, number.last_word = str(number), last_spoken_word(amount)
    if amount.comparison is None:
        return number
    compared = _Shown(_COMPARED[amount.comparison].in_(language).format(number=number))
    compared.number, compared.last_word = number.number, number.last_word
    return compared


def _number(amount: Amount, language: Language) -> str:
    formats = _formats(language)
    value = rounded(amount.value, Fraction(1, 10**amount.digits))
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
    texts = [shown(amount, language) for amount in addends.amounts]
    if len(texts) > ADDENDS_SHOWN:
        texts = [*texts[: ADDENDS_SHOWN - 1], "…", texts[-1]]
    return " + ".join(texts)


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
