from hypothesis import given
from hypothesis import strategies as st

from analytics.kpis.service.suppression import suppressed

CELLS = st.dictionaries(st.text("ABCDEFGH", min_size=1, max_size=2), st.integers(1, 30), max_size=8)


class TestSuppressed:
    def test_cells_of_five_and_more_are_shown(self):
        assert suppressed({"A": 5, "B": 100}, 5) == frozenset()

    def test_a_single_small_cell_hides_the_next_because_the_total_would_reveal_it(self):
        assert suppressed({"A": 2, "B": 9, "C": 40}, 5) == {"A", "B"}

    def test_small_cells_that_together_are_still_small_take_another(self):
        assert suppressed({"A": 1, "B": 2, "C": 40, "D": 50}, 5) == {"A", "B", "C"}

    def test_small_cells_that_are_enough_together_take_none(self):
        assert suppressed({"A": 3, "B": 4, "C": 40}, 5) == {"A", "B"}

    @given(CELLS)
    def test_no_small_cell_can_be_read_or_worked_out_from_the_total(self, cells):
        hidden = suppressed(cells, 5)
        assert all(number >= 5 for code, number in cells.items() if code not in hidden)
        if hidden and sum(cells.values()) >= 5:
            assert len(hidden) >= 2
            assert sum(cells[code] for code in hidden) >= 5
