"""What the other slices may ask of the facts: the read queries, each in the caller's session."""

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
    fulfilled_commitments,
    in_statuses,
    lawful_refusals,
    listed_appeals,
    overdue_inquiries,
    provider_names,
    providers_in,
    received_between,
    reply_times,
    self_served_count,
    tallies,
    time_code,
    waiting_at_end,
    waiting_by_age,
    waiting_by_day,
)
from analytics.facts.repository.beginnings import first_day
from analytics.facts.repository.provider_counts import provider_complaints, provider_promises_and_ratings
from shared.domain.tables import ReferenceDataError
from shared.domain.taxonomy import taxonomy
from shared.projection import EndingOutcome

__all__ = [
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
    "first_day",
    "fulfilled_commitments",
    "in_statuses",
    "lawful_refusals",
    "listed_appeals",
    "overdue_inquiries",
    "provider_complaints",
    "provider_names",
    "provider_promises_and_ratings",
    "providers_in",
    "received_between",
    "reply_times",
    "self_served_count",
    "tallies",
    "time_code",
    "waiting_at_end",
    "waiting_by_age",
    "waiting_by_day",
]


def check_codes() -> None:
    """Compare the outcomes that the code names with the taxonomy. Raises ReferenceDataError for one that the taxonomy does not have."""
    if missing := set(EndingOutcome) - taxonomy().outcomes.keys():
        raise ReferenceDataError("outcomes.csv", 1, f"missing: {', '.join(sorted(missing))}")
