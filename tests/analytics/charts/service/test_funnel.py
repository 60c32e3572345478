import re

import pytest

from analytics.charts.service import FunnelLimit, FunnelPoint, funnel_chart

LIMITS = [
    FunnelLimit("95 %", "inner", lambda expected: 1 - 2 / expected**0.5, lambda expected: 1 + 2 / expected**0.5),
    FunnelLimit("99,8 %", "outer", lambda expected: 1 - 3 / expected**0.5, lambda expected: 1 + 3 / expected**0.5),
]
POINTS = [
    FunnelPoint(10, 1.1, "within", ""),
    FunnelPoint(20, 0.9, "within", ""),
    FunnelPoint(40, 2.5, "above", "Поликлиника 5: 100"),
    FunnelPoint(30, 0.1, "suspicious", "<b>"),
]


def drawn(points=POINTS):
    return funnel_chart(points, LIMITS, lambda value: f"{value:g}", ("expected", "times"), "what it shows")


def positions(body, shape):
    return [(float(x), float(y)) for x, y in re.findall(shape, body)]


class TestFunnelChart:
    def test_units_inside_the_limits_are_one_shape_and_others_have_a_description(self):
        body = str(drawn().body)
        assert body.count('class="dots"') == 1
        assert len(positions(body, r"M([\d.]+) ([\d.]+)h0")) == 2
        assert "<title>Поликлиника 5: 100</title>" in body
        assert "<title>&lt;b&gt;</title>" in body

    def test_of_many_units_outside_the_first_have_a_description_and_the_others_are_one_shape_of_each_kind(self):
        many = [FunnelPoint(10 + number, 2.5, "above", f"Поликлиника {number}") for number in range(40)]
        body = str(drawn([*many, FunnelPoint(30, 0.1, "below", "x"), *POINTS[:2]]).body)
        assert body.count("<title>") == body.count("<circle") == 30
        assert "Поликлиника 29<" in body
        assert {kind: path.count("h0") for kind, path in re.findall(r'class="(dots[^"]*)" d="([^"]+)"', body)} == {
            "dots": 2,
            "dots above": 10,
            "dots below": 1,
        }

    def test_more_is_higher_and_larger_is_further_right(self):
        body = str(drawn().body)
        first, second = positions(body, r"M([\d.]+) ([\d.]+)h0")
        assert first[0] < second[0]
        assert first[1] < second[1]
        [(_, above)] = positions(body, r'class="above" cx="([\d.]+)" cy="([\d.]+)"')
        assert above < first[1]

    def test_each_limit_has_two_curves_inside_the_drawing_and_a_name(self):
        drawing = drawn()
        curves = re.findall(r'class="limit (\w+)" d="M([^"]+)"', str(drawing.body))
        assert [kind for kind, _ in curves] == ["inner", "inner", "outer", "outer"]
        for _, path in curves:
            for x, y in re.findall(r"([\d.]+) ([\d.]+)", path):
                assert 0 <= float(x) <= drawing.width
                assert 0 <= float(y) <= drawing.height
        assert "95 %" in str(drawing.body)
        assert "99,8 %" in str(drawing.body)

    @pytest.mark.parametrize("ratio", [4.0, 70.0])
    def test_a_unit_far_outside_is_drawn_at_the_edge(self, ratio):
        body = str(drawn([FunnelPoint(10, ratio, "above", "x")]).body)
        [(_, y)] = positions(body, r'class="above" cx="([\d.]+)" cy="([\d.]+)"')
        assert 0 < y < 40

    def test_it_is_described_to_those_who_do_not_see_it(self):
        assert 'aria-label="what it shows"' in str(drawn().in_page())
