from fractions import Fraction

from analytics.reconciliations.policy import Explanation, Meaning, explanations
from analytics.reconciliations.service.explanations import Addends, Sentence, amount_of
from analytics.reconciliations.service.values import Stated
from analytics.sentences.service import Amount, Approximation
from shared.domain.labels import LANGUAGES


class TestAmountOf:
    def test_a_comparison_goes_along(self):
        about = amount_of(Stated(Fraction(2500), comparison=Meaning.ABOUT), signed=True)
        assert (about.value, about.comparison, about.signed) == (2500, Approximation.ABOUT, True)


class TestSentence:
    def test_of_many_addends_the_first_and_the_last_are_shown(self):
        parts = Addends(tuple(Amount(Fraction(number)) for number in range(1, 21)))
        text = Sentence(Explanation.SUM_RIGHT, {"parts": parts, "total": Amount(Fraction(210))}).in_("en")
        assert text == "The parts add up to the total: 1 + 2 + 3 + 4 + 5 + 6 + 7 + … + 20 = 210."

    def test_no_text_has_a_placeholder_left(self):
        for code in explanations():
            names = ("parts", "sum", "total", "difference", "share", "line", "part", "whole", "computed", "stated", "exact", "base")
            values = {name: Amount(Fraction(5)) for name in (*names, "figure", "change", "other", "reference")}
            filled = Sentence(code, values | {"things": "a, b", "heading": "value"})
            assert not any(mark in filled.in_(language) for language in LANGUAGES for mark in "{}")
