import csv
import io

import pytest

from analytics.dashboard.service.chart import Chart, Shape
from analytics.dashboard.service.files import csv_of
from analytics.dashboard.service.lines import Line
from analytics.dashboard.service.values import Values, tone_of
from analytics.kpis.service import Direction


class TestLine:
    @pytest.mark.parametrize(
        ("unit", "value", "before", "change", "percent"),
        [
            ("appeals", 736, 847, -111, -13.1),
            ("appeals", 5, 0, 5, None),
            ("percent", 94.2, 96.0, -1.8, None),
            ("seconds", 12.5, 10.5, 2.0, None),
            ("appeals", None, 5, None, None),
            ("appeals", 5, None, None, None),
        ],
    )
    def test_a_change_is_the_difference_and_only_counts_change_in_per_cent(self, unit, value, before, change, percent):
        line = Line("code", "label", unit, value, before)
        assert (line.change, line.percent) == (change, percent)

    def test_a_change_is_better_or_worse_by_the_direction_of_its_figure(self):
        assert tone_of(-111, Direction.DOWN) == "better"
        assert tone_of(2, Direction.DOWN) == "worse"
        assert tone_of(2, Direction.UP) == "better"
        assert tone_of(0, Direction.UP) == tone_of(None, Direction.UP) == tone_of(5, Direction.NONE) == ""


def plain(text):
    return text.replace("\u202f", " ").replace("\u00a0", " ")


class TestValues:
    @pytest.mark.parametrize(
        ("value", "unit", "text"),
        [
            (474_708, "appeals", "474 708"),
            (94.2, "percent", "94,2 %"),
            (4.1, "score", "4,1"),
            (7.0, "seconds", "7,0 с"),
            (270_000.0, "seconds", "3 күн 3 сағ"),
            (None, "percent", "–"),
        ],
    )
    def test_a_value_has_its_unit(self, value, unit, text):
        assert plain(Values("kk").text(value, unit)) == text

    def test_a_hidden_value_says_so(self):
        assert [Values(language).text(None, "appeals", is_hidden=True) for language in ("kk", "ru", "en")] == [
            "жасырын",
            "скрыто",
            "hidden",
        ]

    @pytest.mark.parametrize(
        ("change", "unit", "text"),
        [
            (-111, "appeals", "−111"),
            (1.8, "percent", "+1,8 п. п."),
            (-3600.0, "seconds", "−1 ч"),
            (0.0, "seconds", "0,0 с"),
            (0.2, "score", "+0,2"),
            (None, "appeals", "–"),
        ],
    )
    def test_a_change_has_its_sign(self, change, unit, text):
        assert plain(Values("ru").change(change, unit)) == text


class TestCsv:
    def test_numbers_stay_numbers_and_no_text_is_a_formula(self):
        lines = [
            Line("A", "=cmd()", "appeals", 1_200, 1_000, 60.0),
            Line("B", "Пошта", "appeals", None, 7, is_hidden=True),
            Line("C", "Басқа", "appeals", 3, None, was_hidden=True),
        ]
        content = csv_of(Chart("channels", "", "", "", Shape.BARS, lines), "kk").decode("utf-8-sig")
        rows = list(csv.reader(io.StringIO(content)))
        assert rows[0][:4] == ["Код", "Атауы", "Мәні", "Өлшем бірлігі"]
        assert rows[1] == ["A", "'=cmd()", "1200", "өтініш", "60.0", "1000", "200", "20.0"]
        assert rows[2] == ["B", "Пошта", "жасырын", "өтініш", "", "7", "", ""]
        assert rows[3] == ["C", "Басқа", "3", "өтініш", "", "жасырын", "", ""]
