import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.charts.service import LineSeries, line_chart, sparkline, text_width
from analytics.charts.service.lines import HEIGHT, WIDTH, spread

VALUES = st.one_of(st.none(), st.integers(0, 500_000))


def texts_of(drawing):
    """Each text with the left and right end of its estimated box, and its baseline."""
    found = re.findall(r'<text x="([\d.-]+)" y="([\d.-]+)"(?: text-anchor="(\w+)")?(?: class="\w+")?>([^<]*)</text>', drawing.body)
    for x, y, anchor, content in found:
        width = text_width(content)
        left = float(x) - {"end": width, "middle": width / 2}.get(anchor, 0)
        yield content, left, left + width, float(y)


def overlapping(drawing):
    boxes = list(texts_of(drawing))
    return [
        (first[0], second[0])
        for index, first in enumerate(boxes)
        for second in boxes[index + 1 :]
        if first[1] < second[2] and second[1] < first[2] and abs(first[3] - second[3]) < 14
    ]


class TestLineChart:
    @given(
        st.lists(
            st.tuples(st.one_of(st.none(), st.integers(0, 500_000)), st.one_of(st.none(), st.integers(0, 500_000))), min_size=1, max_size=40
        )
    )
    def test_no_labels_overlap_and_none_leaves_the_drawing(self, values):
        now, was = [first for first, _ in values], [second for _, second in values]
        labels = [f"{number + 1} қараша" for number in range(len(values))]
        drawing = line_chart([LineSeries("2026", now), LineSeries("2025", was, "was")], labels, lambda value: f"{value:,.0f}", "label")
        assert overlapping(drawing) == []
        assert all(left >= -1 and right <= WIDTH + 1 and 0 < y <= HEIGHT for _, left, right, y in texts_of(drawing))

    def test_a_gap_in_the_values_is_a_gap_in_the_line(self):
        drawing = line_chart([LineSeries("2026", [1, 2, None, 3, 4])], list("abcde"), str, "label")
        [path] = re.findall(r'<path class="now" d="([^"]+)"', drawing.body)
        assert path.count("M") == 2
        assert drawing.body.count("<circle") == 4

    def test_a_single_point_is_drawn_in_the_middle(self):
        drawing = line_chart([LineSeries("2026", [7])], ["2026"], lambda value: f"{value:g}", "label")
        assert "<title>2026: 7</title>" in drawing.body

    def test_nothing_but_gaps_draws_the_axes_alone(self):
        drawing = line_chart([LineSeries("2026", [None, None])], ["a", "b"], lambda value: f"{value:g}", "label")
        assert "<circle" not in drawing.body
        assert 'class="now"' not in drawing.body


class TestSpread:
    @given(st.lists(st.floats(16, 166), min_size=1, max_size=4))
    def test_labels_move_apart_and_stay_between_the_edges(self, heights):
        moved = spread(heights, 15, 16, 166)
        assert all(b - a >= 15 - 1e-6 for a, b in pairwise(sorted(moved)))
        assert all(16 - 1e-6 <= each <= 166 + 1e-6 for each in moved)


class TestSparkline:
    @pytest.mark.parametrize("values", [[], [1], [None, 2]])
    def test_it_needs_two_points(self, values):
        assert sparkline(values) == ""

    def test_it_is_hidden_from_screen_readers(self):
        assert 'aria-hidden="true"' in sparkline([1, 2])
