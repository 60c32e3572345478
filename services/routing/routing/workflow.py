"""What may be done with a case: a table of states and actions, checked before the service starts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import cast, get_args

from pydantic import BaseModel

from routing.models import AppealCase
from routing.reference import closing_outcomes, closure_gate, escalation_reasons, read_rows, read_table
from shared.auth import ROLES, Principal, Role
from shared.domain.labels import LANGUAGES
from shared.domain.lifecycle import status_after, transitions
from shared.domain.tables import ReferenceDataError, Row
from shared.domain.taxonomy import HIGHEST_TIER, taxonomy
from shared.visibility import CaseAction, visible_cases

FILE = "workflow.csv"
FIRST = "IN_REVIEW"
OTHERS_FACTS = ("inquiry-sent", "inquiry-answered")
"""What other services tell of may move a case too."""

GUARDS: Mapping[str | None, Callable[[AppealCase], bool]] = {
    None: lambda _case: True,
    "unassigned": lambda case: case.assignee is None,
    "below-top-tier": lambda case: case.tier < HIGHEST_TIER,
}


@dataclass(frozen=True, slots=True)
class Step:
    """One way on: who may take it, what must hold, and the status after it."""

    state: str
    action: CaseAction
    roles: frozenset[Role]
    guard: str | None
    next: str

    def is_open_to(self, principal: Principal, case: AppealCase) -> bool:
        return not self.roles.isdisjoint(principal.roles) and GUARDS[self.guard](case)


class ActionField(BaseModel):
    name: str
    required: bool
    options: list[str] | None = None


class NextAction(BaseModel):
    """Something that the one who asks may do with the case now."""

    action: CaseAction
    kk: str
    ru: str
    en: str
    fields: list[ActionField]


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
    step = Step(state, cast("CaseAction", action), _roles(row), row.optional("guard"), row.one_of("next", statuses))
    if step.guard not in GUARDS:
        raise row.error(f"guard {step.guard!r} is not known")
    if statuses[state].final:
        raise row.error(f"{state} is final")
    if status_after(state, row.text("fact")) != step.next:
        raise row.error(f"the other services would not read {step.next} out of {row.text('fact')}")
    return step


def _roles(row: Row) -> frozenset[Role]:
    named = frozenset(row.text("roles").split())
    if not named <= ROLES:
        raise row.error("a role is not known")
    return cast("frozenset[Role]", named)


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
    }


def next_actions(case: AppealCase, principal: Principal) -> list[NextAction]:
    """What this principal may do with this case at this moment: nothing with a case it does not see."""
    if not visible_cases(principal).allows(case.region, case.tier, case.provider_id):
        return []
    open_steps = (step for (state, _), step in steps().items() if state == case.status and step.is_open_to(principal, case))
    return [_offers(case.kind)[step.action] for step in open_steps]


def may_ever(principal: Principal, action: CaseAction) -> bool:
    """Whether a role of the principal's carries out the action in any state."""
    return any(step.action == action and not step.roles.isdisjoint(principal.roles) for step in steps().values())
