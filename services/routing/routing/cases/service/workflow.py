"""The workflow: which actions are possible in which status, by whom and under which conditions. Checked before the service starts."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, reduce
from typing import Final

from routing.cases.codes import DeskStatus
from routing.cases.policy import (
    ApprovalRule,
    ClosureGate,
    NamedCode,
    action_labels,
    approval_rules,
    closing_outcomes,
    closing_rules,
    closure_gate,
    confirmed_outcomes,
    finding_outcomes,
    letter_texts,
    roles_in,
    termination_grounds,
    workflow_rows,
)
from routing.cases.schemas import commands
from routing.cases.schemas.command import CaseAction, Command
from routing.cases.schemas.fields import APPLICANTS_OUTCOME
from routing.cases.schemas.rows import CaseRecord
from routing.cases.schemas.views import ActionField, NextAction
from routing.cases.service.closing import unanswered_outcomes
from routing.cases.service.foreign_facts import FOREIGN_FACTS
from routing.cases.service.issues import is_removable
from routing.cases.service.protection_rules import bodies_of, is_releasable
from routing.cases.service.suggestions import TERMS, Values, letter_for, proposals, reports_crime, term_of
from routing.clocks import service as clocks
from shared.auth import Principal, Role
from shared.code_fields import options_of
from shared.domain.deadlines import policies
from shared.domain.labels import LANGUAGES
from shared.domain.lifecycle import CaseStatus, status_after, transitions
from shared.domain.tables import ReferenceDataError, Row
from shared.domain.taxonomy import HIGHEST_TIER, taxonomy
from shared.errors import InvalidInput
from shared.visibility import visible_cases

FILE: Final = "workflow.csv"
APPROVALS: Final = "approvals.csv"
FIRST: Final = CaseStatus.IN_REVIEW
EXTENSION: Final = "EXTENSION"
"""The rule of `approvals.csv` for extensions of the term, which wait as requests of their own."""


class Guard(StrEnum):
    """The conditions that `workflow.csv` may require of a case."""

    UNASSIGNED = "unassigned"
    BELOW_TOP_TIER = "below-top-tier"
    DANGER = "danger"
    PASSED_ON = "passed-on"
    NO_CRIME = "no-crime"
    COMPLAINT = "complaint"
    HAS_CATEGORY = "has-category"
    OWN_ANSWER = "own-answer"
    EXTENDABLE = "extendable"
    EXTENSION_OF_ANOTHER = "extension-of-another"
    EXTENSION_DECIDER = "extension-decider"
    APPROVAL_OF_ANOTHER = "approval-of-another"
    APPROVAL_DECIDER = "approval-decider"
    NOTHING_AWAITS_APPROVAL = "nothing-awaits-approval"
    REMOVABLE_ISSUE = "removable-issue"
    LINKED = "linked"
    UNLINKED = "unlinked"
    UNPROTECTED = "unprotected"
    RELEASABLE = "releasable"
    UNPROVED = "unproved"
    PROVED = "proved"


def _awaits_redirection(case: CaseRecord) -> bool:
    return case.danger is not None and case.redirected_to is None


def _is_extendable(case: CaseRecord) -> bool:
    """Return whether the statutory term runs, may be extended, and neither was extended before nor waits for a decision."""
    is_untouched = case.extended_until is None and case.extension_id is None and case.reopened_at is None
    return case.answer_id is None and is_untouched and clocks.is_extendable(case.statutory_form)


def _decides(rule: str | None, author: str | None, principal: Principal) -> bool:
    """Return whether the principal decides on a request under a rule: nobody on an own one. Under a rule that is gone the head does."""
    found = approval_rules().get(rule or "")
    return author != principal.subject and not (found.decided_by if found else {"head"}).isdisjoint(principal.roles)


def _is_still_possible(case: CaseRecord, principal: Principal) -> bool:
    """Return whether the action that waits for a second person could be carried out now: the case may have changed meanwhile."""
    step = next((step for step in _steps_from(case.desk_status) if step.action == case.approval_action), None)
    return step is not None and step.is_possible(principal, case, step.guards - {Guard.NOTHING_AWAITS_APPROVAL})


GUARDS: Final[Mapping[Guard, Callable[[CaseRecord, Principal], bool]]] = {
    Guard.UNASSIGNED: lambda case, _principal: case.assignee is None,
    Guard.BELOW_TOP_TIER: lambda case, _principal: case.tier < HIGHEST_TIER,
    Guard.DANGER: lambda case, _principal: _awaits_redirection(case),
    Guard.PASSED_ON: lambda case, _principal: not _awaits_redirection(case),  # no case ends while its danger is known here alone
    Guard.HAS_CATEGORY: lambda case, _principal: case.category is not None,  # an inquiry is about a category
    Guard.NO_CRIME: lambda case, _principal: not reports_crime(case),  # АППК art. 64(7-2)
    Guard.COMPLAINT: lambda case, _principal: case.statutory_form == NamedCode.COMPLAINT,  # against an act of the Fund, not of a provider
    Guard.OWN_ANSWER: lambda case, principal: case.sending_by == principal.subject,
    Guard.EXTENDABLE: lambda case, _principal: _is_extendable(case),
    Guard.EXTENSION_OF_ANOTHER: lambda case, principal: case.awaits_extension and _decides(EXTENSION, case.extension_by, principal),
    Guard.EXTENSION_DECIDER: lambda case, principal: (
        case.awaits_extension and (case.extension_by == principal.subject or _decides(EXTENSION, case.extension_by, principal))
    ),
    Guard.APPROVAL_OF_ANOTHER: lambda case, principal: (
        case.awaits_second_person and _decides(case.approval_rule, case.approval_by, principal) and _is_still_possible(case, principal)
    ),
    Guard.APPROVAL_DECIDER: lambda case, principal: (
        case.awaits_second_person and (case.approval_by == principal.subject or _decides(case.approval_rule, case.approval_by, principal))
    ),
    Guard.NOTHING_AWAITS_APPROVAL: lambda case, _principal: not case.awaits_second_person,
    Guard.REMOVABLE_ISSUE: lambda case, _principal: any(is_removable(case, issue) for issue in case.issues),
    Guard.LINKED: lambda case, _principal: case.duplicate_of is not None,
    Guard.UNLINKED: lambda case, _principal: case.duplicate_of is None,
    Guard.UNPROTECTED: lambda case, _principal: case.protection is None,
    Guard.RELEASABLE: lambda case, _principal: is_releasable(case),
    Guard.UNPROVED: lambda case, _principal: case.unproved_body is not None,
    Guard.PROVED: lambda case, _principal: case.unproved_body is None,  # nor while nothing proves that the body knows of it
}
WorkflowStatus = CaseStatus | DeskStatus
_STATUSES: Final[Mapping[str, WorkflowStatus]] = {status: status for status in (*CaseStatus, *DeskStatus)}


@dataclass(frozen=True, slots=True)
class Step:
    """A step of the workflow: the action in a status, the roles that may carry it out, the guards, and the next status.

    `held`: the step may wait in SENDING first.
    """

    state: WorkflowStatus
    action: CaseAction
    roles: frozenset[Role]
    guards: frozenset[Guard]
    next: WorkflowStatus
    held: bool

    def is_open_to(self, principal: Principal, case: CaseRecord) -> bool:
        """Return whether the principal may carry out the action on the case, which is in this status."""
        return not self.roles.isdisjoint(principal.roles) and self.is_possible(principal, case, self.guards)

    def is_possible(self, principal: Principal, case: CaseRecord, guards: Collection[Guard]) -> bool:
        """Return whether these guards hold, whatever the role."""
        needs_answer = self.action in closing_rules().get(case.channel, ()) and case.answer_id is None
        return not needs_answer and all(GUARDS[guard](case, principal) for guard in guards)


Steps = Mapping[tuple[WorkflowStatus, CaseAction], Step]


def build(table: list[Row]) -> Steps:
    """Return the steps by (state, action).

    Raises ReferenceDataError for an unknown code, an action given twice, a state that is never reached, or a stuck unfinished state.
    """
    steps: dict[tuple[WorkflowStatus, CaseAction], Step] = {}
    for row in table:
        for step in _steps_of(row):
            if (step.state, step.action) in steps:
                raise row.error(f"{step.action} is given twice for {step.state}")
            steps[step.state, step.action] = step
    _check(steps)
    return steps


def _steps_of(row: Row) -> Iterator[Step]:
    """Yield the step of an action in each of its states."""
    action, facts = CaseAction(row.one_of("action", frozenset(CaseAction))), (row.optional("fact") or "").split()
    named = frozenset((row.optional("guard") or "").split())
    for guard in sorted(named - frozenset(Guard)):
        raise row.error(f"guard {guard!r} is not known")
    guards, roles = frozenset(map(Guard, named)), roles_in(row)
    following = CaseStatus(row.one_of("next", frozenset(CaseStatus))) if row.optional("next") else None
    held = row.optional("held") is not None and row.flag("held")
    for code in row.text("states").split():
        if code not in _STATUSES:
            raise row.error(f"state {code!r} is not known")
        state = _STATUSES[code]
        # An ended case may still hold a danger (АППК art. 64(7-2)), or wait for the proof that the body received it.
        if _is_final(state) and guards not in ({Guard.DANGER}, {Guard.UNPROVED}):
            raise row.error(f"{state} is final")
        if state in DeskStatus and (facts or following):
            raise row.error(f"nothing may be published out of {state}, which the other services do not know")
        if state in CaseStatus and reduce(status_after, facts, state) != (following or state):
            raise row.error(f"the other services would not read {following or state} out of {' '.join(facts)}")
        yield Step(state, action, roles, guards, following or state, held)


def _is_final(status: str) -> bool:
    return status in taxonomy().statuses and taxonomy().statuses[status].final


def _own_edges(steps: Steps) -> set[tuple[str, str]]:
    """Return every pair of statuses between which an action of staff, or the end of the wait of an answer, moves a case."""
    edges: set[tuple[str, str]] = {(step.state, step.next) for step in steps.values()}
    held = [step for step in steps.values() if step.held]
    edges |= {(step.state, DeskStatus.SENDING) for step in held} | {(DeskStatus.SENDING, step.next) for step in held}
    if any(step.state == DeskStatus.SENDING for step in steps.values()):  # an answer taken back leaves the case where it was
        edges |= {(DeskStatus.SENDING, step.state) for step in held}
    return edges


def _check(steps: Steps) -> None:
    own = _own_edges(steps)
    edges = own | {(state, following) for (state, fact), following in transitions().items() if fact in FOREIGN_FACTS}
    states: set[str] = {FIRST, *(step.state for step in steps.values()), *(step.next for step in steps.values())}
    reached, ahead = set[str](), {str(FIRST)}
    while ahead:
        reached |= ahead
        ahead = {following for state, following in edges if state in reached} - reached
    if lost := (states - reached):
        raise ReferenceDataError(FILE, 1, f"never reached: {', '.join(sorted(lost))}")
    own_exits = {state for state, following in own if following != state}
    if stuck := {state for state in reached if not _is_final(state)} - own_exits:
        raise ReferenceDataError(FILE, 1, f"no way out of: {', '.join(sorted(stuck))}")
    if DeskStatus.SENDING in reached and all(step.state != DeskStatus.SENDING for step in steps.values()):
        raise ReferenceDataError(FILE, 1, f"no action of staff in: {DeskStatus.SENDING}")


def _check_approvals(steps: Steps) -> None:
    """Raise ReferenceDataError if somebody could wait for a decision that nobody can take, or nobody can withdraw."""
    if EXTENSION not in approval_rules():
        raise ReferenceDataError(APPROVALS, 1, f"missing: {EXTENSION}")
    for rule in approval_rules().values():
        decides, rejects = _DECIDING if rule.code != EXTENSION else (CaseAction.APPROVE_EXTENSION, CaseAction.REJECT_EXTENSION)
        for step in (step for step in steps.values() if step.action in rule.actions):
            approve, reject = steps.get((step.state, decides)), steps.get((step.state, rejects))
            if approve is None or not rule.decided_by <= approve.roles:
                raise ReferenceDataError(APPROVALS, 1, f"{rule.code}: nobody may {decides} in {step.state} as the rule says")
            if reject is None or not rule.decided_by | step.roles <= reject.roles:
                raise ReferenceDataError(APPROVALS, 1, f"{rule.code}: somebody may not {rejects} in {step.state}")
            if rule.code != EXTENSION and Guard.NOTHING_AWAITS_APPROVAL not in step.guards:
                raise ReferenceDataError(APPROVALS, 1, f"{rule.code}: {step.action} is possible while a request waits")


_DECIDING: Final = (CaseAction.APPROVE, CaseAction.REJECT)
_WITH_HOLD: Final = frozenset(command.ACTION for command in commands.COMMANDS if issubclass(command, commands.GiveAnswer))


@cache
def steps() -> Steps:
    """Return the product's own workflow."""
    if missing := set(TERMS.values()) - policies().keys():
        raise ReferenceDataError("deadlines", 1, f"missing: {', '.join(sorted(missing))}")
    if different := set(CaseAction) ^ action_labels().keys():
        raise ReferenceDataError(FILE, 1, f"differs from the actions: {', '.join(sorted(different))}")
    found = build(workflow_rows())
    _check_approvals(found)
    if (held := {step.action for step in found.values() if step.held}) != _WITH_HOLD:
        raise ReferenceDataError(FILE, 1, f"held differs from the actions with `hold_seconds`: {', '.join(sorted(held ^ _WITH_HOLD))}")
    return found


@cache
def _offers(kind: str) -> Mapping[CaseAction, NextAction]:
    """Return every action for a case of this kind, with label and fields."""
    labels = action_labels()
    return {
        command.ACTION: NextAction(action=command.ACTION, fields=_fields(command, kind), **labels[command.ACTION].as_dict())
        for command in commands.COMMANDS
    }


def _fields(command: type[Command], kind: str) -> list[ActionField]:
    """Return the fields of an action as its command declares them; those of an answer depend on the gate of the kind."""
    if issubclass(command, commands.GiveAnswer):
        return [*_answer_fields(closure_gate()[kind]), *_plain_fields(command, {"outcome", "hold_seconds"})]
    return _plain_fields(command, command.model_fields.keys() - {"expected_version"})


def _plain_fields(command: type[Command], names: Collection[str]) -> list[ActionField]:
    given = {name: field for name, field in command.model_fields.items() if name in names}
    return [ActionField(name=name, required=field.is_required(), options=options_of(field)) for name, field in given.items()]


def _answer_fields(gate: ClosureGate) -> list[ActionField]:
    return [
        ActionField(name="language", required=True, options=list(LANGUAGES)),
        ActionField(name="text", required=True),
        ActionField(name="findings", required=gate.findings, options=list(finding_outcomes())),
        ActionField(name="next_steps", required=gate.next_steps),
        ActionField(name="how_to_complain", required=gate.how_to_complain),
    ]


def next_actions(case: CaseRecord, principal: Principal) -> list[NextAction]:
    """Return the actions that the principal may carry out on the case now; none on a case that it does not see."""
    if case.concerned is not None and case.concerned == principal.subject:
        return []
    if not visible_cases(principal).allows(case.region, case.tier, case.provider_id, case.protection):
        return []
    open_steps = [step for step in _steps_from(case.desk_status) if step.is_open_to(principal, case)]
    proposed = proposals(case)
    return [_for_case(_offers(case.kind)[step.action], case, principal, proposed.get(step.action)) for step in open_steps]


@cache  # a page of a list asks for it with every case
def _steps_from(status: str) -> Sequence[Step]:
    return [step for (state, _), step in steps().items() if state == status]


_CHOOSES_ID: Final[Mapping[CaseAction, Callable[[CaseRecord], list[str]]]] = {
    CaseAction.SET_FINDING: lambda case: [issue["issue_id"] for issue in case.issues],
    CaseAction.REMOVE_ISSUE: lambda case: [issue["issue_id"] for issue in case.issues if is_removable(case, issue)],
}
"""The actions whose first field is an id, with the ids of the case to choose from."""


def _for_case(offer: NextAction, case: CaseRecord, principal: Principal, given: Values | None) -> NextAction:
    """Return the action for this case: with ids to choose from, the principal's grounds, the values proposed, and the term of the law."""
    if offer.action in _CHOOSES_ID:
        ids = _CHOOSES_ID[offer.action](case)
        return offer.model_copy(update={"fields": [offer.fields[0].model_copy(update={"options": ids}), *offer.fields[1:]]})
    allowed = bodies_of(case)
    if offer.action in _PASSES_ON and allowed is not None:
        offer = _only(offer, "body", allowed)
    if offer.action is CaseAction.CLOSE and (unanswered := unanswered_outcomes(case)):
        offer = _only(offer, "outcome", [code for code in closing_outcomes() if code not in unanswered])
    if offer.action in _CLOSES and case.is_solution_confirmed:
        offer = _with_options(offer, "outcome", confirmed_outcomes())
    rule = next((rule for rule in rules_for(case, offer.action) if rule.outcomes is None and rule.code != EXTENSION), None)
    if rule is not None:
        offer = offer.model_copy(update={"needs_approval": True})
    if offer.action is CaseAction.TERMINATE:
        grounds = grounds_of(rule.decided_by if rule else principal.roles)
        offer = offer.model_copy(update={"fields": [offer.fields[0].model_copy(update={"options": grounds})]})
        given = given if given and given["ground"] in grounds else None
    is_suggested, letter = given is not None, letter_texts().get(offer.action)
    if letter is not None:
        given = {**(given or {}), "text": letter_for(case, letter)}
    due_at = term_of(offer.action, case)
    if given is None and due_at is None:
        return offer
    fields = [field.model_copy(update={"value": given[field.name]}) if given and field.name in given else field for field in offer.fields]
    return offer.model_copy(update={"fields": fields, "suggested": is_suggested, "due_at": due_at})


_PASSES_ON: Final = frozenset({CaseAction.FORWARD, CaseAction.REDIRECT})
_CLOSES: Final = frozenset({CaseAction.CLOSE, CaseAction.ANSWER_AND_CLOSE})


def _with_options(offer: NextAction, name: str, codes: Sequence[str]) -> NextAction:
    """Return the action with further codes to choose from in a field, in front of the others."""
    fields = [
        field.model_copy(update={"options": [*codes, *(field.options or ())]}) if field.name == name else field for field in offer.fields
    ]
    return offer.model_copy(update={"fields": fields})


def _only(offer: NextAction, name: str, codes: Sequence[str]) -> NextAction:
    """Return the action with no more than these codes to choose from in a field."""
    fields = [
        field.model_copy(update={"options": [code for code in codes if code in (field.options or ())]}) if field.name == name else field
        for field in offer.fields
    ]
    return offer.model_copy(update={"fields": fields})


def require_confirmation(case: CaseRecord, outcome: str | None) -> None:
    """Raise InvalidInput for an outcome that needs the applicant's confirmation while none stands."""
    if outcome in confirmed_outcomes() and not case.is_solution_confirmed:
        raise InvalidInput.field("outcome", "applicants-outcome", APPLICANTS_OUTCOME)


def grounds_of(roles: Collection[str]) -> list[str]:
    """Return the grounds on which one of the roles may terminate a consideration (АППК art. 88(2))."""
    return [code for code, ground in termination_grounds().items() if not ground.roles.isdisjoint(roles)]


def rules_for(case: CaseRecord, action: CaseAction) -> Iterator[ApprovalRule]:
    """Yield the rules by which the action on the case may need a second person, the first one first."""
    return (rule for rule in approval_rules().values() if rule.concerns(action, case.statutory_form, case.tier))


@cache
def assignable_statuses() -> frozenset[CaseStatus]:
    """Return the statuses in which a case may be assigned."""
    return frozenset(CaseStatus(status) for status, action in steps() if action is CaseAction.ASSIGN)


def may_decide(principal: Principal) -> bool:
    """Return whether a role of the principal decides on what waits for a second person."""
    return any(not rule.decided_by.isdisjoint(principal.roles) for rule in approval_rules().values())


def may_ever(principal: Principal, action: CaseAction) -> bool:
    """Return whether a role of the principal carries out the action in any state."""
    return any(step.action == action and not step.roles.isdisjoint(principal.roles) for step in steps().values())
