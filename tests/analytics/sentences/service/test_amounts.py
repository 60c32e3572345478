from fractions import Fraction

import pytest

from analytics.sentences.service.amounts import Amount, Approximation, Case, Quantity, last_spoken_word, shown
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
        amount = Amount(Fraction(684_000), comparison=Approximation.OVER)
        assert [plain(shown(amount, language)) for language in LANGUAGES] == ["684 000-нан астам", "более 684 000", "over 684,000"]
        about = Amount(Fraction(2500), comparison=Approximation.ABOUT)
        assert [plain(shown(about, language)) for language in LANGUAGES] == ["шамамен 2 500", "около 2 500", "about 2,500"]


class TestForms:
    COMPLAINTS = "{n:жалоба|жалобы|жалоб}"

    @pytest.mark.parametrize(
        ("number", "text"),
        [(0, "0 жалоб"), (1, "1 жалоба"), (2, "2 жалобы"), (5, "5 жалоб"), (11, "11 жалоб"), (21, "21 жалоба"), (1_004, "1 004 жалобы")],
    )
    def test_a_russian_noun_agrees_with_its_number(self, number, text):
        assert plain(self.COMPLAINTS.format(n=shown(Amount.number(number), "ru"))) == text

    def test_after_a_fraction_stands_the_genitive_singular(self):
        assert plain(self.COMPLAINTS.format(n=shown(Amount.number(1.5, 1), "ru"))) == "1,5 жалобы"

    @pytest.mark.parametrize(("number", "text"), [(1, "1 day"), (2, "2 days"), (21, "21 days")])
    def test_an_english_noun_agrees_with_its_number(self, number, text):
        assert plain("{n:day|days}".format(n=shown(Amount.number(number), "en"))) == text

    @pytest.mark.parametrize(("number", "word"), [(1, "просрочена"), (3, "просрочены"), (9, "просрочено")])
    def test_a_verb_agrees_without_the_number(self, number, word):
        assert format(shown(Amount.number(number), "ru"), "=просрочена|просрочены|просрочено") == word


class TestMakers:
    def test_percentages_and_points_have_one_decimal_and_a_sign_on_request(self):
        assert plain(shown(Amount.percent(-13.1, signed=True), "ru")) == "−13,1 %"
        assert plain(shown(Amount.points(2.0, signed=True), "kk")) == "+2,0 п. т."
        assert shown(Amount.points(0.5), "en") == "0.5\u00a0pp"
