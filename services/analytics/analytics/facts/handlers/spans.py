"""When an appeal waits for the Fund: from its receipt, or from a reopening, until the day on which it is answered or ends."""

from typing import cast
from uuid import UUID

from analytics.facts.handlers.days import local_day
from analytics.facts.models import FactState, ReopeningRow
from shared.domain.lifecycle import CaseStatus
from shared.domain.taxonomy import taxonomy


def is_waiting(status: CaseStatus) -> bool:
    """Return whether an appeal in this status is neither answered nor ended."""
    return status is not CaseStatus.ANSWERED and not taxonomy().statuses[status].final


class Reopenings:
    """The reopenings that a batch adds or ends."""

    def __init__(self) -> None:
        self.added: dict[UUID, ReopeningRow] = {}
        self.ended: dict[UUID, ReopeningRow] = {}

    def follow(self, before: FactState | None, after: FactState, event_id: UUID) -> FactState:
        """Record what an event does to the time in which an appeal waits; return the fact with it."""
        was_waiting = before is None or is_waiting(before["status"])
        if was_waiting == is_waiting(after["status"]):
            return after
        day = local_day(after["moved_at"], after["region"])
        reopening_id = after["reopening_id"]
        if not was_waiting:
            row: ReopeningRow = {
                "event_id": event_id, "appeal_id": after["appeal_id"], "region": after["region"], "opened_on": day, "ended_on": None,
            }  # fmt: skip
            self.added[event_id] = row
            return cast("FactState", {**after, "reopening_id": event_id})
        if reopening_id is None:
            return cast("FactState", {**after, "ended_on": day})
        if reopening_id in self.added:
            self.added[reopening_id]["ended_on"] = day
        else:
            self.ended[reopening_id] = cast("ReopeningRow", {"event_id": reopening_id, "ended_on": day})
        return after
