import math
from fractions import Fraction

import pytest

from analytics.reconciliations.policy import Explanation, Meaning
from analytics.reconciliations.service.values import Quantity, Span, Stated, UnreadableValueError, read_value

NUMBER, PERCENT, POINTS = Quantity.NUMBER, Quantity.PERCENT, Quantity.POINTS


def read(text, unit="", *, is_change=False):
    return read_value(text, unit, is_change=is_change)


class TestReadValue:
    @pytest.mark.parametrize(
        ("text", "unit", "expected"),
        [
            ("736", "", Stated(Fraction(736))),
            ("1 171 882", "адам", Stated(Fraction(1171882))),
            ("1\u00a0171\u202f882", "", Stated(Fraction(1171882))),
            ("1.171.882", "", Stated(Fraction(1171882))),
            ("1 171 882,50", "теңге", Stated(Fraction(2343765, 2), step=Fraction(1, 100))),
            ("56,3 %", "", Stated(Fraction(563, 10), PERCENT, Fraction(1, 10))),
            ("56.3", "%", Stated(Fraction(563, 10), PERCENT, Fraction(1, 10))),
            ("28%", "", Stated(Fraction(28), PERCENT, Fraction(1))),
            ("86,4 пайыз", "", Stated(Fraction(864, 10), PERCENT, Fraction(1, 10))),
            ("5,2 п. п.", "", Stated(Fraction(52, 10), POINTS, Fraction(1, 10))),
            ("5,2", "пайыздық тармақ", Stated(Fraction(52, 10), POINTS, Fraction(1, 10))),
            ("236 мыңы", "", Stated(Fraction(236_000), step=Fraction(1000))),
            ("2,5 мыңға жуық", "", Stated(Fraction(2500), step=Fraction(100), comparison=Meaning.ABOUT)),
            ("455 мыңнан астам", "", Stated(Fraction(455_000), step=Fraction(1000), comparison=Meaning.OVER)),
            ("1300-ден астам", "", Stated(Fraction(1300), comparison=Meaning.OVER)),
            ("свыше 684 тысяч", "", Stated(Fraction(684_000), step=Fraction(1000), comparison=Meaning.OVER)),
            ("более 1,1 млрд", "тенге", Stated(Fraction(1_100_000_000), step=Fraction(100_000_000), comparison=Meaning.OVER)),
            ("2,853 млрд", "теңге", Stated(Fraction(2_853_000_000), step=Fraction(1_000_000))),
            ("меньше 100", "", Stated(Fraction(100), comparison=Meaning.UNDER)),
            ("−111", "", Stated(Fraction(-111))),
            ("0,125", "", Stated(Fraction(1, 8), step=Fraction(1, 1000))),
        ],
    )
    def test_a_number_is_read_as_people_type_it(self, text, unit, expected):
        assert read(text, unit) == expected

    @pytest.mark.parametrize(
        "text",
        ["57,1 пайызға төмендеген", "на 57,1 % меньше", "57,1%-ға аз", "-57,1 %", "снизилось на 57,1 процента", "57.1 percent fewer"],
    )
    def test_a_decrease_in_words_is_negative_in_a_row_about_a_change(self, text):
        assert read(text, is_change=True) == Stated(Fraction(-571, 10), PERCENT, Fraction(1, 10))

    def test_a_figure_that_is_not_stated_is_none(self):
        assert read("?") is None

    @pytest.mark.parametrize(
        ("text", "reason"),
        [
            ("", Explanation.VALUE_EMPTY),
            ("жоқ", Explanation.VALUE_UNREADABLE),
            ("семьсот", Explanation.VALUE_UNREADABLE),
            ("415 из 736", Explanation.VALUE_UNREADABLE),
            ("12 34", Explanation.VALUE_UNREADABLE),
            ("736 шағым шамамен", Explanation.VALUE_UNREADABLE),
            ("1.2.3", Explanation.VALUE_UNREADABLE),
            ("1" * 16, Explanation.VALUE_UNREADABLE),
            ("9" * 500, Explanation.VALUE_UNREADABLE),
            ("1 234,5 6", Explanation.VALUE_UNREADABLE),
            ("12,5'0 %", Explanation.VALUE_UNREADABLE),
            ("2,669", Explanation.VALUE_AMBIGUOUS),
            ("2.669", Explanation.VALUE_AMBIGUOUS),
        ],
    )
    def test_what_is_not_one_number_is_refused_with_its_reason(self, text, reason):
        with pytest.raises(UnreadableValueError) as refused:
            read(text)
        assert refused.value.reason is reason


class TestSpan:
    def test_words_and_precision_say_which_values_are_meant(self):
        assert read("736").span == Span(736, 736)
        assert read("236 мың").span == Span(235_500, 236_500)
        assert read("455 мыңнан астам").span == Span(455_000, math.inf)
        assert read("менее 300").span == Span(0, 300)
        assert read("около 2500").span == Span(2400, 2600)
        assert read("более -5 %").span == Span(-math.inf, -5)


class TestAllows:
    @pytest.mark.parametrize(
        ("text", "computed", "allowed"),
        [
            ("39,9 %", Fraction(29400, 736), True),
            ("56,3 %", Fraction(41500, 736), False),
            ("56,4 %", Fraction(41500, 736), True),
            ("56,3 %", Fraction(5625, 100), True),  # half up
            ("56,2 %", Fraction(5625, 100), True),  # half to even
            ("56,3 %", Fraction(5635, 100), False),  # half down
            ("56,4 %", Fraction(5635, 100), True),
            ("-13,1 %", Fraction(-11100, 847), True),
            ("-0,3 %", Fraction(-25, 100), True),
            ("736", Fraction(737), False),
        ],
    )
    def test_a_stated_value_is_the_computed_one_rounded_half_up_or_half_to_even(self, text, computed, allowed):
        assert read(text).allows(Span(computed, computed)) is allowed
