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
from routing.cases.service.history import ClockHistory
from routing.cases.service.reading import last_response_id, list_cases, read_case

__all__ = [
    "ClockHistory",
    "ClosureGate",
    "Colleagues",
    "bodies",
    "carry_out",
    "closing_outcomes",
    "closure_gate",
    "dangers",
    "escalation_reasons",
    "last_response_id",
    "list_cases",
    "lock_case",
    "missing_data",
    "read_case",
    "return_grounds",
    "termination_grounds",
]
