"""Explanations as a person would write them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from analytics.reconciliations.policy import Explanation, explanations, headings
from analytics.reconciliations.service.values import Stated
from analytics.sentences.service import Amount, Approximation, filled, shown
from analytics.sentences.service import Value as Filled
from shared.domain.labels import Label, Language

ADDENDS_SHOWN: Final = 8
_HEADING: Final = "heading"


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
        return filled(explanations()[self.code], {name: _filled(name, value) for name, value in self.values.items()}, language)


def amount_of(stated: Stated, *, signed: bool = False) -> Amount:
    """Return a stated value to show."""
    comparison = None if stated.comparison is None else Approximation(stated.comparison)
    return Amount(stated.value, stated.quantity, stated.digits, signed, comparison)


def _filled(name: str, value: Value) -> Filled:
    if isinstance(value, Addends):
        return Label(_sum(value, "kk"), _sum(value, "ru"), _sum(value, "en"))
    return headings()[str(value)] if name == _HEADING else value


def _sum(addends: Addends, language: Language) -> str:
    amounts = addends.amounts
    if len(amounts) <= ADDENDS_SHOWN:
        return " + ".join(shown(amount, language) for amount in amounts)
    first = [shown(amount, language) for amount in amounts[: ADDENDS_SHOWN - 1]]
    return " + ".join([*first, "…", shown(amounts[-1], language)])
