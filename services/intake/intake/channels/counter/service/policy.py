"""Ways in which an appeal comes over a counter (`data/counter_ways.csv`)."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from shared.domain.labels import Label
from shared.domain.taxonomy import taxonomy
from shared.policy_files import policy_rows

BRANCH: Final = "branch"
PROVIDER: Final = "provider"
_DESKS: Final = frozenset({BRANCH, PROVIDER})


@dataclass(frozen=True, slots=True)
class Way:
    """`dated`: it may have been received on an earlier day; `oral`: it is read back and put on record (АППК art. 63(1))."""

    code: str
    label: Label
    desk: str
    channel: str
    dated: bool
    oral: bool


@cache
def ways() -> Mapping[str, Way]:
    """By code, in the order in which they are offered. Raises ReferenceDataError."""
    return {
        row.text("code"): Way(
            code=row.text("code"),
            label=row.label(),
            desk=row.one_of("desk", _DESKS),
            channel=row.one_of("channel", taxonomy().channels),
            dated=row.flag("dated"),
            oral=row.flag("oral"),
        )
        for row in policy_rows("intake.channels.counter", "counter_ways.csv")
    }


def ways_at(desk: str) -> Mapping[str, Way]:
    return {code: way for code, way in ways().items() if way.desk == desk}
