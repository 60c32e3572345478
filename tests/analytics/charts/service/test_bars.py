import re

from analytics.charts.service import BarRow, bar_chart, share_bar, text_width
from analytics.charts.service.bars import WIDTH, ShareRow, shortened

LONG = "Медициналық көмек көрсетуден негізсіз бас тарту және қабылдауға жазылудың қиындығы"


class TestBarChart:
    def test_the_longest_bar_fills_the_width_and_a_hidden_value_has_none(self):
        drawing = bar_chart([BarRow("a", 10, "10"), BarRow("b", 5, "5"), BarRow("c", None, "жасырын"), BarRow("d", 0, "0")], "label")
        assert re.findall(r'class="bar"[^>]* width="([\d.]+)"', drawing.body) == ["400", "200"]
        assert drawing.height == 4 * 34

    def test_a_long_name_is_cut_before_its_value(self):
        [name, shown] = re.findall(r"<text[^>]*>([^<]+)</text>", bar_chart([BarRow(LONG, 7, "7 · 100,0 %")], "label").body)
        assert name.endswith("…")
        assert text_width(name) + text_width(shown) < WIDTH

    def test_without_rows_it_has_a_height(self):
        assert bar_chart([], "label").height > 0


class TestShortened:
    def test_a_name_that_fits_stays(self):
        assert shortened("Қызылорда", 200) == "Қызылорда"
        assert shortened("Қызылорда", 1) == "Қ…"


class TestShareBar:
    def test_parts_fill_the_bar_and_only_wide_ones_are_labelled(self):
        rows = [ShareRow("fund", 61, "61 %"), ShareRow("provider", 37, "37 %"), ShareRow("applicant", 2, "2 %")]
        drawing = share_bar(rows, "label")
        widths = [float(width) for width in re.findall(r'width="([\d.]+)"', drawing.body)]
        assert sum(widths) == WIDTH - 2 * 3
        assert re.findall(r">([^<]+)</text>", drawing.body) == ["61 %", "37 %"]

    def test_nothing_has_no_width(self):
        assert 'width="0"' in share_bar([ShareRow("fund", 0, "0 %")], "label").body
