from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.charts.service.scales import Scale, scale_of, shown_labels, text_width


class TestScaleOf:
    @pytest.mark.parametrize(
        ("largest", "ticks"),
        [(0, (0, 1)), (1, (0, 1)), (3, (0, 1, 2, 3)), (92, (0, 50, 100)), (474_708, (0, 200_000, 400_000, 600_000))],
    )
    def test_counts_have_whole_round_ticks_from_zero(self, largest, ticks):
        assert scale_of([largest, None], 100).ticks == ticks

    def test_per_cent_end_at_a_hundred(self):
        scale = scale_of([97.1], 100, whole=False, most=100)
        assert (scale.top, scale.ticks[-1]) == (100, 100)

    @given(st.lists(st.one_of(st.none(), st.integers(0, 10**9)), min_size=1))
    def test_every_value_lies_on_the_scale(self, values):
        scale = scale_of(values, 100)
        assert scale.top >= max((value for value in values if value is not None), default=0)
        assert 2 <= len(scale.ticks) <= 6
        assert scale.ticks[0] == 0
        assert all(0 <= scale(tick) <= 100 for tick in scale.ticks)

    def test_what_lies_beyond_a_scale_ends_with_it(self):
        scale = Scale(10, 100, (0, 10))
        assert [scale(value) for value in (-1, 5, 11)] == [0, 50, 100]


class TestTextWidth:
    def test_a_space_is_narrower_than_a_letter(self):
        assert text_width("а б") < text_width("абв")
        assert text_width("") == 0


class TestShownLabels:
    @given(st.lists(st.floats(1, 90), min_size=1, max_size=60))
    def test_no_two_shown_labels_overlap_and_the_last_is_shown(self, widths):
        centres = [400 * index / len(widths) for index in range(len(widths))]
        shown = shown_labels(centres, widths, 6)
        assert shown[-1] == len(widths) - 1
        assert all(centres[b] - widths[b] / 2 - (centres[a] + widths[a] / 2) >= 6 - 1e-9 for a, b in pairwise(shown))

    def test_without_labels_none_is_shown(self):
        assert shown_labels([], [], 6) == []
