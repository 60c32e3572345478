"""What may be done with a case: a table of states and actions, checked before the service starts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import cast, get_args

from pydantic import BaseModel

from routing.models import AppealCase
from routing.reference import (
    ANONYMOUS,
    CRIME,
    NOT_COMPLETED,
    anonymous_policy,
    bodies,
    closing_outcomes,
    closing_rules,
    closure_gate,
    danger_in,
    dangers,
    escalation_reasons,
    missing_data,
    read_rows,
    read_table,
    return_grounds,
    roles_in,
    termination_grounds,
)
from shared.auth import Principal, Role
from shared.domain.calendar import CalendarGap, planning_calendar
from shared.domain.deadlines import due_at, due_on, policies
from shared.domain.labels import LANGUAGES
from shared.domain.lifecycle import status_after, transitions
from shared.domain.regions import regions
from shared.domain.tables import ReferenceDataError, Row
from shared.domain.taxonomy import HIGHEST_TIER, taxonomy
from shared.visibility import CaseAction, visible_cases

FILE = "workflow.csv"
FIRST = "IN_REVIEW"
OTHERS_FACTS = ("inquiry-sent", "inquiry-answered", "message-added", "outcome-denied", "appeal-withdrawn")
"""What other services tell of may move a case too."""


def _awaits_passing_on(case: AppealCase) -> bool:
    return case.danger is not None and case.redirected_to is None


def _reports_crime(case: AppealCase) -> bool:
    """Also where a danger to life, which is looked at first, is what the case is marked with."""
    found = {case.danger, danger_in(case.category, urgent=False)} - {None}
    return any(rule in found and each.ground == CRIME for rule, each in dangers().items())


GUARDS: Mapping[str, Callable[[AppealCase], bool]] = {
    "unassigned": lambda case: case.assignee is None,
    "below-top-tier": lambda case: case.tier < HIGHEST_TIER,
    "danger": _awaits_passing_on,
    "passed-on": lambda case: not _awaits_passing_on(case),  # nothing ends while a danger is known here alone
    "no-crime": lambda case: not _reports_crime(case),  # АППК art. 64(7-2)
}


@dataclass(frozen=True, slots=True)
class Step:
    """One way on: who may take it, what must hold, and the status after it."""

    state: str
    action: CaseAction
    roles: frozenset[Role]
    guards: frozenset[str]
    next: str

    def is_open_to(self, principal: Principal, case: AppealCase) -> bool:
        waits = self.action in closing_rules().get(case.channel, ()) and case.answer_id is None
        return not waits and not self.roles.isdisjoint(principal.roles) and all(GUARDS[guard](case) for guard in self.guards)


class ActionField(BaseModel):
    """`value`: what is proposed for it."""

    name: str
    required: bool
    options: list[str] | None = None
    value: str | list[str] | None = None


class NextAction(BaseModel):
    """Something that the one who asks may do with the case now. `suggested`: policy proposes it; a person decides."""

    action: CaseAction
    kk: str
    ru: str
    en: str
    fields: list[ActionField]
    suggested: bool = False
    due_at: datetime | None = None
    """By when the law wants it done, where it is done at all."""


Steps = Mapping[tuple[str, str], Step]


def build(table: list[Row]) -> Steps:
    """The steps by (state, action). Raises ReferenceDataError for a table that leads nowhere, or into a state without a way out."""
    steps: dict[tuple[str, str], Step] = {}
    for row in table:
        step = _step(row)
        if (step.state, step.action) in steps:
            raise row.error(f"{step.action} is given twice for {step.state}")
        steps[step.state, step.action] = step
    _check(steps)
    return steps


def _step(row: Row) -> Step:
    statuses = taxonomy().statuses
    state, action = row.one_of("state", statuses), row.one_of("action", frozenset(get_args(CaseAction)))
    guards = frozenset((row.optional("guard") or "").split())
    step = Step(state, cast("CaseAction", action), roles_in(row), guards, row.one_of("next", statuses))
    for guard in sorted(guards - GUARDS.keys()):
        raise row.error(f"guard {guard!r} is not known")
    if statuses[state].final and guards != {"danger"}:  # what the applicant has ended may still hold a danger (АППК art. 64(7-2))
        raise row.error(f"{state} is final")
    if status_after(state, row.text("fact")) != step.next:
        raise row.error(f"the other services would not read {step.next} out of {row.text('fact')}")
    return step


def _check(steps: Steps) -> None:
    edges = {(step.state, step.next) for step in steps.values()}
    edges |= {(state, following) for (state, fact), following in transitions().items() if fact in OTHERS_FACTS}
    states = {FIRST, *(step.state for step in steps.values()), *(step.next for step in steps.values())}
    reached, ahead = set[str](), {FIRST}
    while ahead:
        reached |= ahead
        ahead = {following for state, following in edges if state in reached} - reached
    if lost := (states - reached):
        raise ReferenceDataError(FILE, 1, f"never reached: {', '.join(sorted(lost))}")
    own_exits = {step.state for step in steps.values() if step.next != step.state}
    if stuck := {state for state in reached if not taxonomy().statuses[state].final} - own_exits:
        raise ReferenceDataError(FILE, 1, f"no way out of: {', '.join(sorted(stuck))}")


@cache
def steps() -> Steps:
    return build(read_rows(FILE))


@cache
def _offers(kind: str) -> Mapping[CaseAction, NextAction]:
    """Every action as it is offered for a case of this kind: label and fields."""
    labels = read_table("actions.csv", Row.label)
    return {action: NextAction(action=action, fields=found, **labels[action].as_dict()) for action, found in _fields(kind).items()}


def _fields(kind: str) -> Mapping[CaseAction, list[ActionField]]:
    codes, gate = taxonomy(), closure_gate()[kind]

    def field(name: str, options: list[str] | None = None, *, required: bool = True) -> ActionField:
        return ActionField(name=name, required=required, options=options)

    return {
        "claim": [],
        "assign": [field("assignee")],
        "classify": [
            field("kind", list(codes.kinds)),
            field("category", list(codes.categories), required=False),
            field("topic", list(codes.topics), required=False),
            field("statutory_form", list(codes.forms), required=False),
        ],
        "escalate": [field("reason", list(escalation_reasons()))],
        "answer": [
            field("language", list(LANGUAGES)),
            field("text"),
            field("findings", list(closing_outcomes()), required=gate.findings),
            field("next_steps", required=gate.next_steps),
            field("how_to_complain", required=gate.how_to_complain),
        ],
        "close": [field("outcome", list(closing_outcomes()))],
        "ask": [field("text"), field("language", list(LANGUAGES))],
        "request-completion": [
            field("missing", list(missing_data())),
            field("text", required=False),
            field("language", list(LANGUAGES)),
        ],
        "return": [field("ground", list(return_grounds()))],
        "terminate": [field("ground", list(termination_grounds()))],
        "forward": [
            field("body", [code for code, body in bodies().items() if body.forwards]),
            field("part", required=False),
            field("text", required=False),
        ],
        "redirect": [field("body", [code for code, body in bodies().items() if body.redirects])],
    }


def next_actions(case: AppealCase, principal: Principal) -> list[NextAction]:
    """What this principal may do with this case at this moment: nothing with a case it does not see."""
    if not visible_cases(principal).allows(case.region, case.tier, case.provider_id):
        return []
    open_steps = (step for (state, _), step in steps().items() if state == case.status and step.is_open_to(principal, case))
    return [_offered(_offers(case.kind)[step.action], case, principal) for step in open_steps]


def _offered(offer: NextAction, case: AppealCase, principal: Principal) -> NextAction:
    """The action as it is offered for this very case: grounds that are the principal's, what policy proposes, and the law's term."""
    given = proposals(case).get(offer.action)
    if offer.action == "terminate":
        grounds = grounds_of(principal)
        offer = offer.model_copy(update={"fields": [offer.fields[0].model_copy(update={"options": grounds})]})
        given = given if given and given["ground"] in grounds else None
    due_at = term_of(offer.action, case)
    if given is None and due_at is None:
        return offer
    fields = [field.model_copy(update={"value": given[field.name]}) if given and field.name in given else field for field in offer.fields]
    return offer.model_copy(update={"fields": fields, "suggested": given is not None, "due_at": due_at})


def grounds_of(principal: Principal) -> list[str]:
    """The grounds on which this principal may terminate a consideration (АППК art. 88(2))."""
    return [code for code, ground in termination_grounds().items() if not ground.roles.isdisjoint(principal.roles)]


def proposals(case: AppealCase) -> Mapping[str, Mapping[str, str | list[str]]]:
    """What policy proposes to do with the case, by action with the fields filled in. Nothing of it happens without a person."""
    found: dict[str, Mapping[str, str | list[str]]] = {}
    if case.danger is not None:
        found["redirect"] = {"body": dangers()[case.danger].body}
    if _reports_crime(case):
        return found  # it is looked into whoever reports it (АППК art. 88(1)2)
    if case.fix_passed:
        found["return"] = {"ground": NOT_COMPLETED}
    elif case.anonymous and anonymous_policy()[case.statutory_form] == "terminate":
        found["terminate"] = {"ground": ANONYMOUS}
    elif case.anonymous:
        found["request-completion"] = {"missing": [code for code, datum in missing_data().items() if datum.anonymous]}
    return found


_TERMS: Mapping[str, str] = {"forward": "FORWARD", "return": "RETURN"}


def term_of(action: str, case: AppealCase) -> datetime | None:
    """When the law's term for the action ends; None for an action without one, outside the calendar, or where it began with another day."""
    if action not in _TERMS or (action == "return" and case.fix_passed):  # then it runs from the end of the period set (АППК art. 64(7))
        return None
    policy = policies()[_TERMS[action]]
    start = case.received_at if policy.starts_at == "receipt" else case.registered_at
    day = start.astimezone(regions()[case.region].timezone).date()
    try:
        return due_at(due_on(day, policy, planning_calendar()).due_on, case.region)
    except CalendarGap:
        return None


def may_ever(principal: Principal, action: CaseAction) -> bool:
    """Whether a role of the principal's carries out the action in any state."""
    return any(step.action == action and not step.roles.isdisjoint(principal.roles) for step in steps().values())
