"""What other slices use of the cases: reading them, the actions, the staff, and the policies behind forms and labels."""

from routing.cases.policy import (
    ClosureGate,
    bodies,
    closing_outcomes,
    closure_gate,
    dangers,
    escalation_reasons,
    missing_data,
    return_grounds,
    termination_grounds,
)
from routing.cases.service.actions import carry_out, lock_case
from routing.cases.service.colleagues import Colleagues
from routing.cases.service.conversation import (
    active_providers,
    check_visible,
    conversation_of,
    providers_by_id,
    read_conversation,
    record_read,
)
from routing.cases.service.history import ClockHistory
from routing.cases.service.notes import add_note
from routing.cases.service.reading import count_cases, list_cases, read_case

__all__ = [
    "ClockHistory",
    "ClosureGate",
    "Colleagues",
    "active_providers",
    "add_note",
    "bodies",
    "carry_out",
    "check_visible",
    "closing_outcomes",
    "closure_gate",
    "conversation_of",
    "count_cases",
    "dangers",
    "escalation_reasons",
    "list_cases",
    "lock_case",
    "missing_data",
    "providers_by_id",
    "read_case",
    "read_conversation",
    "record_read",
    "return_grounds",
    "termination_grounds",
]
