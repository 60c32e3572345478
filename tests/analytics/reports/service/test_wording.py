import pytest

from analytics.reports.service.wording import Wording, in_sentence

KK, RU = Wording("kk"), Wording("ru")
APPEAL, COMPLAINT = "обращение|обращения|обращений", "жалоба|жалобы|жалоб"


def spaced(text: str) -> str:
    return text.replace("\u202f", " ").replace("\u00a0", " ")


class TestKazakh:
    @pytest.mark.parametrize(
        ("number", "dative", "ablative", "possessive"),
        [
            (1, "1-ге", "1-ден", "1-і"), (6, "6-ға", "6-дан", "6-сы"), (10, "10-ға", "10-нан", "10-ы"), (13, "13-ке", "13-тен", "13-і"),
            (20, "20-ға", "20-дан", "20-сы"), (40, "40-қа", "40-тан", "40-ы"), (80, "80-ге", "80-нен", "80-і"),
            (90, "90-ға", "90-нан", "90-ы"), (100, "100-ге", "100-ден", "100-і"), (111, "111-ге", "111-ден", "111-і"),
            (736, "736-ға", "736-дан", "736-сы"), (847, "847-ге", "847-ден", "847-сі"), (1000, "1 000-ға", "1 000-нан", "1 000-ы"),
            (2669, "2 669-ға", "2 669-дан", "2 669-ы"), (474_708, "474 708-ге", "474 708-ден", "474 708-і"), (0, "0-ге", "0-ден", "0-і"),
        ],
    )  # fmt: skip
    def test_a_number_has_the_ending_of_its_last_spoken_word(self, number, dative, ablative, possessive):
        shown = KK.count(number)
        found = [spaced(format(shown, case)) for case in ("dative", "ablative", "possessive")]
        assert found == [dative, ablative, possessive]

    def test_a_percentage_has_the_ending_of_its_word(self):
        assert spaced(f"{KK.percent(51.1):ablative} {KK.percent(56.4):dative}") == "51,1 %-дан 56,4 %-ға"


class TestRussian:
    @pytest.mark.parametrize(
        ("number", "appeals", "complaints"),
        [
            (1, "1 обращение", "1 жалоба"), (2, "2 обращения", "2 жалобы"), (5, "5 обращений", "5 жалоб"), (11, "11 обращений", "11 жалоб"),
            (21, "21 обращение", "21 жалоба"), (104, "104 обращения", "104 жалобы"), (112, "112 обращений", "112 жалоб"),
            (2669, "2 669 обращений", "2 669 жалоб"), (1001, "1 001 обращение", "1 001 жалоба"),
        ],
    )  # fmt: skip
    def test_a_noun_has_the_form_that_its_number_needs(self, number, appeals, complaints):
        shown = RU.count(number)
        assert (spaced(format(shown, APPEAL)), spaced(format(shown, COMPLAINT))) == (appeals, complaints)


class TestListed:
    def test_the_last_item_is_joined_by_and(self):
        assert KK.listed(["а", "б", "в"]) == "а, б және в"
        assert RU.listed(["а", "б"]) == "а и б"
        assert RU.listed(["а"]) == "а"

    @pytest.mark.parametrize(
        ("label", "inside"),
        [
            ("Медициналық көмектің сапасы", "медициналық көмектің сапасы"), ("МӘМС жүйесіне қатысу", "МӘМС жүйесіне қатысу"),
            ("Qoldau 24/7 мобильді қосымшасы", "Qoldau 24/7 мобильді қосымшасы"), ("D және E санаттары", "D және E санаттары"),
            ("Telegram-бот SaqtandyryBot", "Telegram-бот SaqtandyryBot"), ("Отказ в приёме врача", "отказ в приёме врача"),
        ],
    )  # fmt: skip
    def test_a_label_inside_a_sentence_begins_with_a_small_letter_unless_it_is_an_abbreviation(self, label, inside):
        assert in_sentence(label) == inside
