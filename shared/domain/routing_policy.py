"""Which tier an appeal belongs to: the category's, else its kind's default, raised by the floors of a small policy table."""

from dataclasses import dataclass
from functools import cache

from shared.domain.tables import Row, rows
from shared.domain.taxonomy import HIGHEST_TIER, LOWEST_TIER, PRIORITIES, taxonomy


@dataclass(frozen=True, slots=True)
class Floor:
    """A tier that an appeal may not fall below; None in a condition matches anything."""

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
    """The policy table; raises ReferenceDataError for a code, priority or tier that is not known."""
    return tuple(_floor(row) for row in rows("routing_policy.csv"))


def tier_for(kind: str | None, category: str | None, topic: str | None, *, urgent: bool) -> int:
    """The tier 1..3: the category's if there is one, else the kind's default, else the first; floors only ever raise it.

    Raises KeyError for a code that the taxonomy does not know.
    """
    codes = taxonomy()
    if topic is not None:
        codes.topics[topic]  # a topic never raises the tier, but an unknown one is a caller's mistake
    found = codes.categories[category] if category is not None else None
    default = codes.kinds[kind].default_tier if kind is not None else LOWEST_TIER
    tier = found.tier if found is not None else default
    priority = found.priority if found is not None else None
    return max([tier, *(floor.tier for floor in floors() if floor.holds(kind, priority, urgent=urgent))])
