"""Where each region stands on the tile map, and its short name, read from a data file and checked before the service starts."""

from collections.abc import Mapping
from functools import cache
from typing import Final, NamedTuple

from shared.domain.labels import Label
from shared.domain.regions import CENTRAL_OFFICE, regions
from shared.domain.tables import ReferenceDataError
from shared.policy_files import policy_table

PACKAGE: Final = "analytics.charts"
COLUMNS: Final = 7
ROWS: Final = 6
NAME_LENGTH: Final = 7  # characters that fit in a tile at the size of the chart's text


class Tile(NamedTuple):
    """A region's position, counted from the north-west, and the name that fits in its tile."""

    column: int
    row: int
    name: Label


@cache
def tiles() -> Mapping[str, Tile]:
    """Return the tiles by region.

    Raises ReferenceDataError unless every region but the central office has a tile of its own and a name that fits in it.
    """
    found = policy_table(
        PACKAGE, "tiles.csv", lambda row: Tile(row.number_in("column", 0, COLUMNS - 1), row.number_in("row", 0, ROWS - 1), row.label())
    )
    if found.keys() != regions().keys() - {CENTRAL_OFFICE}:
        raise ReferenceDataError("tiles.csv", 1, "the regions are not those of the reference data")
    if len({(tile.column, tile.row) for tile in found.values()}) < len(found):
        raise ReferenceDataError("tiles.csv", 1, "two regions have one position")
    for code, tile in found.items():
        if any(len(name) > NAME_LENGTH for name in tile.name.as_dict().values()):
            raise ReferenceDataError("tiles.csv", 1, f"the name of {code} does not fit in its tile")
    return found


def check_policies() -> None:
    """Raise ReferenceDataError if a data file of charts is wrong."""
    tiles()
