"""The tier of an appeal: that of its category, else the default of its kind, raised by the floors of a small policy table."""

from dataclasses import dataclass
from functools import cache

from shared.domain.tables import Row, rows
from shared.domain.taxonomy import HIGHEST_TIER, LOWEST_TIER, PRIORITIES, taxonomy


@dataclass(frozen=True, slots=True)
class Floor:
    """A lowest tier for matching appeals. None in a condition matches anything."""

    rule: str
    kind: str | None
    priority: str | None
    urgent: bool | None
    tier: int
    reason: str

    def holds(self, kind: str | None, priority: str | None, *, urgent: bool) -> bool:
        return self.kind in (None, kind) and self.priority in (None, priority) and self.urgent in (None, urgent)


def _floor(row: Row) -> Floor:
    kind = row.one_of("kind", taxonomy().kinds) if row.optional("kind") else None
    priority = row.one_of("priority", PRIORITIES) if row.optional("priority") else None
    urgent = row.flag("urgent") if row.optional("urgent") else None
    return Floor(row.text("rule"), kind, priority, urgent, row.number_in("tier", LOWEST_TIER, HIGHEST_TIER), row.text("reason"))


@cache
def floors() -> tuple[Floor, ...]:
    """Return the policy table. Raises ReferenceDataError for an unknown code, priority or tier."""
    return tuple(_floor(row) for row in rows("routing_policy.csv"))


def tier_for(kind: str | None, category: str | None, topic: str | None, *, urgent: bool) -> int:
    """Return the tier, 1 to 3: that of the category, else the default of the kind, else 1, raised by the floors.

    Raises KeyError for a code that is not in the taxonomy.
    """
    codes = taxonomy()
    if topic is not None:
        codes.topics[topic]  # a topic never raises the tier, but an unknown topic is an error of the caller
    found = codes.categories[category] if category is not None else None
    default = codes.kinds[kind].default_tier if kind is not None else LOWEST_TIER
    tier = found.tier if found is not None else default
    priority = found.priority if found is not None else None
    return max([tier, *(floor.tier for floor in floors() if floor.holds(kind, priority, urgent=urgent))])
