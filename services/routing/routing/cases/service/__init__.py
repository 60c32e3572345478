"""What other slices use of the cases: reading them, the actions, the staff, and the policies behind forms and labels."""

from routing.cases.policy import (
    ClosureGate,
    action_labels,
    approval_rules,
    bodies,
    body_delivery_methods,
    closing_outcomes,
    closure_gate,
    dangers,
    escalation_reasons,
    finding_outcomes,
    missing_data,
    protected_bodies,
    return_grounds,
    status_labels,
    termination_grounds,
)
from routing.cases.service.absences import set_absence
from routing.cases.service.actions import carry_out
from routing.cases.service.answering import has_answers_to_send, send_next
from routing.cases.service.assignment import assign_next, is_any_case_waiting
from routing.cases.service.bulk import carry_out_each
from routing.cases.service.colleagues import Colleagues, names_of
from routing.cases.service.conversation import (
    active_providers,
    conversation_of,
    providers_by_id,
    read_conversation,
    record_read,
)
from routing.cases.service.deputies import acting, appoint, current_deputies, dismiss, region_of_head, supervisors
from routing.cases.service.drafts import delete_draft, find_draft, read_draft, save_draft
from routing.cases.service.given_answers import answer_facts, answer_for_service, latest_answer
from routing.cases.service.history import ClockHistory, entries_after
from routing.cases.service.links import cases_alike, visible_suggestions
from routing.cases.service.notes import add_note
from routing.cases.service.overdue import count_overdue_reports, list_overdue_reports, report_level
from routing.cases.service.reading import count_cases, count_open_cases, list_cases, own_waiting_answers, read_case
from routing.cases.service.visible import lock_case, visible_case
from routing.cases.service.workflow import may_decide, may_ever

__all__ = [
    "ClockHistory",
    "ClosureGate",
    "Colleagues",
    "acting",
    "action_labels",
    "active_providers",
    "add_note",
    "answer_facts",
    "answer_for_service",
    "appoint",
    "approval_rules",
    "assign_next",
    "bodies",
    "body_delivery_methods",
    "carry_out",
    "carry_out_each",
    "cases_alike",
    "closing_outcomes",
    "closure_gate",
    "conversation_of",
    "count_cases",
    "count_open_cases",
    "count_overdue_reports",
    "current_deputies",
    "dangers",
    "delete_draft",
    "dismiss",
    "entries_after",
    "escalation_reasons",
    "find_draft",
    "finding_outcomes",
    "has_answers_to_send",
    "is_any_case_waiting",
    "latest_answer",
    "list_cases",
    "list_overdue_reports",
    "lock_case",
    "may_decide",
    "may_ever",
    "missing_data",
    "names_of",
    "own_waiting_answers",
    "protected_bodies",
    "providers_by_id",
    "read_case",
    "read_conversation",
    "read_draft",
    "record_read",
    "region_of_head",
    "report_level",
    "return_grounds",
    "save_draft",
    "send_next",
    "set_absence",
    "status_labels",
    "supervisors",
    "termination_grounds",
    "visible_case",
    "visible_suggestions",
]
