"""A map of the country with a tile for each region: all of one size, so that a large region does not outweigh a city."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from markupsafe import Markup

from analytics.charts.policy import COLUMNS, ROWS, tiles
from analytics.charts.service.drawing import Drawing, described, element, text
from shared.domain.labels import Language

SIZE: Final = 56.0
_PITCH: Final = SIZE + 2
LEVELS: Final = 5


class TileValue(NamedTuple):
    """A region's value. `rank`: 1 for the largest; None if the value is hidden. `description`: the text that a pointer shows."""

    value: float | None
    rank: int | None
    description: str
    is_marked: bool = False


def tile_map(values: Mapping[str, TileValue], label: str, language: Language) -> Drawing:
    """Return the map: each tile with the region's short name and its rank, darker for a larger value. A missing region has no shade."""
    most = max((each.value for each in values.values() if each.value is not None), default=0)
    shapes = [_tile(code, values.get(code), most, language) for code in tiles()]
    return Drawing(COLUMNS * _PITCH - 2, ROWS * _PITCH - 2, Markup("").join(shapes), label)


def level(value: float | None, most: float) -> int:
    """Return the shade of a value: 0 for none, LEVELS for the largest."""
    if not value or most <= 0:
        return 0
    return min(LEVELS, int((LEVELS * value - 1e-9) // most) + 1)


def _tile(code: str, value: TileValue | None, most: float, language: Language) -> Markup:
    tile = tiles()[code]
    x, y = tile.column * _PITCH, tile.row * _PITCH
    shade = level(None if value is None else value.value, most)
    marked = " marked" if value is not None and value.is_marked else ""
    rank = "–" if value is None or value.rank is None else str(value.rank)
    on = " on-dark" if shade >= LEVELS - 1 else ""
    shapes = Markup("").join(
        [
            element("rect", class_=f"tile shade-{shade}{marked}", x=x + 1, y=y + 1, width=SIZE - 2, height=SIZE - 2, rx=4),
            text(tile.name.in_(language), x + SIZE / 2, y + 20, anchor="middle", class_=f"tile-name{on}"),
            text(rank, x + SIZE / 2, y + 43, anchor="middle", class_=f"rank{on}"),
        ]
    )
    return shapes if value is None else described(shapes, value.description)
