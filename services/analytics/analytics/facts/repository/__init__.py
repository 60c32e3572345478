"""Every query on the tables of facts, one module an area."""

from analytics.facts.repository.backlog import waiting_at_end, waiting_by_age, waiting_by_day
from analytics.facts.repository.buckets import time_code
from analytics.facts.repository.exported import allow_pauses, exported_facts, exported_transitions
from analytics.facts.repository.figures import call_totals, count, count_by, count_cells, self_served_count
from analytics.facts.repository.formulas import answer_times, listed_appeals, tallies
from analytics.facts.repository.inquiries import fulfilled_commitments, lawful_refusals, overdue_inquiries, reply_times
from analytics.facts.repository.present import answered_since, applied_until, in_statuses, provider_names, providers_in, received_between
from analytics.facts.repository.recounts import MOST_PENDING, days_to_recount, out_of_date, recount, recount_everything
from analytics.facts.repository.rows import (
    commitments,
    fact_states,
    inquiries,
    insert_calls,
    insert_facts,
    insert_self_served,
    insert_transitions,
    request_recounts,
    store_ratings,
    store_reopenings,
    update_facts,
    upsert_commitments,
    upsert_inquiries,
    upsert_providers,
)

__all__ = [
    "MOST_PENDING",
    "allow_pauses",
    "answer_times",
    "answered_since",
    "applied_until",
    "call_totals",
    "commitments",
    "count",
    "count_by",
    "count_cells",
    "days_to_recount",
    "exported_facts",
    "exported_transitions",
    "fact_states",
    "fulfilled_commitments",
    "in_statuses",
    "inquiries",
    "insert_calls",
    "insert_facts",
    "insert_self_served",
    "insert_transitions",
    "lawful_refusals",
    "listed_appeals",
    "out_of_date",
    "overdue_inquiries",
    "provider_names",
    "providers_in",
    "received_between",
    "recount",
    "recount_everything",
    "reply_times",
    "request_recounts",
    "self_served_count",
    "store_ratings",
    "store_reopenings",
    "tallies",
    "time_code",
    "update_facts",
    "upsert_commitments",
    "upsert_inquiries",
    "upsert_providers",
    "waiting_at_end",
    "waiting_by_age",
    "waiting_by_day",
]
