from fractions import Fraction

import pytest

from analytics.reconciliations.policy import Case, Explanation, Meaning, explanations
from analytics.reconciliations.service.explanations import Addends, Amount, Sentence, last_spoken_word, shown
from analytics.reconciliations.service.values import Quantity
from shared.domain.labels import LANGUAGES


def plain(text):
    return text.replace("\u202f", " ").replace("\u00a0", " ")


class TestKazakhEndings:
    @pytest.mark.parametrize(
        ("number", "genitive", "possessive", "ablative", "dative"),
        [
            (736, "736-ның", "736-сы", "736-дан", "736-ға"),
            (415, "415-тің", "415-і", "415-тен", "415-ке"),
            (1390, "1 390-ның", "1 390-ы", "1 390-нан", "1 390-ға"),
            (5997, "5 997-нің", "5 997-сі", "5 997-ден", "5 997-ге"),
            (240, "240-тың", "240-ы", "240-тан", "240-қа"),
            (600, "600-дің", "600-і", "600-ден", "600-ге"),
            (684_000, "684 000-ның", "684 000-ы", "684 000-нан", "684 000-ға"),
            (0, "0-дің", "0-і", "0-ден", "0-ге"),
        ],
    )
    def test_a_number_takes_the_ending_of_its_last_word(self, number, genitive, possessive, ablative, dative):
        text = shown(Amount(Fraction(number)))
        given = [plain(text.__format__(case)) for case in (Case.GENITIVE, Case.POSSESSIVE, Case.ABLATIVE, Case.DATIVE)]
        assert given == [genitive, possessive, ablative, dative]

    def test_a_percentage_and_a_fraction_take_theirs(self):
        assert plain(shown(Amount(Fraction(563, 10), Quantity.PERCENT, 1)).__format__("ablative")) == "56,3 %-дан"
        assert last_spoken_word(Amount(Fraction(5, 2), digits=1)) == "5"


class TestShown:
    def test_comparisons_are_written_in_words(self):
        amount = Amount(Fraction(684_000), comparison=Meaning.OVER)
        assert [plain(shown(amount, language)) for language in LANGUAGES] == ["684 000-нан астам", "более 684 000", "over 684,000"]
        about = Amount(Fraction(2500), comparison=Meaning.ABOUT)
        assert [plain(shown(about, language)) for language in LANGUAGES] == ["шамамен 2 500", "около 2 500", "about 2,500"]


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
