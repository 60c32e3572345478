import re

import pytest

from analytics.charts.policy import tiles
from analytics.charts.service import TileValue, text_width, tile_map
from analytics.charts.service.tiles import LEVELS, SIZE, level
from shared.domain.labels import LANGUAGES


class TestTileMap:
    @pytest.mark.parametrize("language", LANGUAGES)
    def test_every_region_has_a_tile_whose_name_fits(self, language):
        drawing = tile_map({}, "label", language)
        names = re.findall(r'class="tile-name">([^<]+)<', drawing.body)
        assert len(names) == len(tiles()) == 20
        assert all(text_width(name, 12) <= SIZE for name in names)

    def test_a_tile_shows_rank_and_shade_and_a_hidden_value_neither(self):
        values = {"KZ-43": TileValue(100, 1, "Қызылорда: 100", is_marked=True), "KZ-27": TileValue(None, None, "жасырын")}
        body = tile_map(values, "label", "kk").body
        assert "<title>Қызылорда: 100</title>" in body
        assert 'class="tile shade-5 marked"' in body
        assert body.count('class="tile shade-0"') == 19

    def test_tiles_stay_inside_the_drawing(self):
        drawing = tile_map({}, "label", "ru")
        positions = [(float(x), float(y)) for x, y in re.findall(r'<rect[^>]* x="([\d.]+)" y="([\d.]+)"', drawing.body)]
        assert max(x for x, _ in positions) + SIZE - 1 <= drawing.width
        assert max(y for _, y in positions) + SIZE - 1 <= drawing.height


class TestLevel:
    @pytest.mark.parametrize(("value", "shade"), [(None, 0), (0, 0), (1, 1), (20, 1), (21, 2), (80, 4), (81, 5), (100, LEVELS)])
    def test_shades_divide_the_range_evenly(self, value, shade):
        assert level(value, 100) == shade
        assert level(5, 0) == 0
