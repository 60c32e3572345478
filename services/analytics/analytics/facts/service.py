"""What the other slices may ask of the facts: the read queries, each in the caller's session."""

from datetime import timedelta
from typing import Final

from analytics.facts import repository
from analytics.facts.repository import (
    allow_pauses,
    answer_times,
    answered_since,
    applied_until,
    call_totals,
    count,
    count_by,
    count_cells,
    exported_facts,
    exported_transitions,
    in_statuses,
    listed_appeals,
    provider_names,
    received_between,
    self_served_count,
    tallies,
)
from shared.domain.tables import ReferenceDataError
from shared.domain.taxonomy import taxonomy
from shared.projection import EndingOutcome
from shared.unit_of_work import UnitsOfWork

DAYS_ON_SQLITE: Final = 4  # days of regions in one transaction, which holds up the event loop for as long as it takes
DAYS_ON_POSTGRES: Final = 200
REFRESH_EVERY: Final = timedelta(seconds=2)

__all__ = [
    "REFRESH_EVERY",
    "allow_pauses",
    "answer_times",
    "answered_since",
    "applied_until",
    "call_totals",
    "check_codes",
    "count",
    "count_by",
    "count_cells",
    "exported_facts",
    "exported_transitions",
    "in_statuses",
    "listed_appeals",
    "provider_names",
    "received_between",
    "refresh_rollups",
    "self_served_count",
    "tallies",
]


def check_codes() -> None:
    """Compare the outcomes that the code names with the taxonomy. Raises ReferenceDataError for one that the taxonomy does not have."""
    if missing := set(EndingOutcome) - taxonomy().outcomes.keys():
        raise ReferenceDataError("outcomes.csv", 1, f"missing: {', '.join(sorted(missing))}")


async def refresh_rollups(units: UnitsOfWork, leakage_seconds: int) -> int:
    """Count every day again whose rollups are out of date, a few in each transaction; return how many days were counted.

    `leakage_seconds`: how soon a complaint after an answer counts as leakage.
    """
    at_once = DAYS_ON_SQLITE if units.database.is_sqlite else DAYS_ON_POSTGRES
    counted = 0
    while True:
        async with units.write(durable=False) as work:
            number = await repository.recount(work.session, leakage_seconds, at_once)
        counted += number
        if number < at_once:
            return counted
