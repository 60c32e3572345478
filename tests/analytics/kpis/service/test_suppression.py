from hypothesis import given
from hypothesis import strategies as st

from analytics.kpis.service.suppression import hidden_totals

TOTALS = st.dictionaries(st.text("ABCDEFGH", min_size=1, max_size=2), st.integers(0, 30), max_size=8)


class TestHiddenTotals:
    def test_totals_of_six_and_more_are_shown(self):
        assert hidden_totals({"A": 6, "B": 100, "C": 0}, 5) == frozenset()

    def test_small_ones_hide_the_next_larger_because_their_sum_would_reveal_them(self):
        assert hidden_totals({"A": 2, "B": 9, "C": 40}, 5) == {"A", "B"}
        assert hidden_totals({"A": 1, "B": 5, "C": 40, "D": 50}, 5) == {"A", "B", "C"}

    def test_all_are_hidden_if_none_is_larger(self):
        assert hidden_totals({"A": 3, "B": 4, "C": 0}, 5) == {"A", "B", "C"}

    @given(TOTALS)
    def test_a_hidden_total_may_be_anything_up_to_the_larger_one_or_is_hidden_with_all_others(self, totals):
        hidden = hidden_totals(totals, 5)
        assert all(not 0 < total < 6 for code, total in totals.items() if code not in hidden)
        if hidden and hidden != totals.keys():
            assert len(hidden) >= 2
            assert max(totals[code] for code in hidden) >= 6
