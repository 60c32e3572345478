from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from analytics.kpis.service.percentages import change_percent, percent

COUNTS = st.integers(0, 10**7)


class TestPercent:
    def test_published_shares_are_rounded_half_up(self):
        assert [float(percent(part, 736)) for part in (294, 238, 94, 415)] == [39.9, 32.3, 12.8, 56.4]

    def test_a_half_goes_up_and_not_to_the_even_digit(self):
        assert str(percent(1, 2000)) == "0.1"
        assert str(percent(25, 10_000)) == "0.3"

    def test_nothing_of_nothing_has_no_share(self):
        assert percent(0, 0) is None

    @given(COUNTS, st.integers(1, 10**7))
    def test_the_share_is_the_nearest_tenth_and_the_upper_one_of_two(self, part, whole):
        exact, rounded = Fraction(100 * part, whole), Fraction(percent(part, whole))
        assert -Fraction(1, 20) < rounded - exact <= Fraction(1, 20)
        assert rounded * 10 == int(rounded * 10)


class TestChangePercent:
    def test_the_fall_that_was_published_as_11_9_per_cent_is_13_1(self):
        assert float(change_percent(736, 847)) == -13.1

    def test_there_is_no_change_against_nothing(self):
        assert change_percent(5, 0) is None

    def test_a_tiny_fall_is_no_minus_zero(self):
        assert str(change_percent(99_999, 100_000)) == "0.0"

    @given(COUNTS, st.integers(1, 10**7))
    def test_growth_and_fall_of_the_same_size_differ_in_sign_alone(self, change, base):
        assert change_percent(base + change, base) == -change_percent(base - change, base)
