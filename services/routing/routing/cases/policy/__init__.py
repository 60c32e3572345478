"""The policy files of the cases. Each function reads and checks one file and raises ReferenceDataError for a file that is wrong."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Final, cast

from pydantic import RootModel

from routing.cases.codes import DeskStatus
from routing.cases.policy.files import PACKAGE, NamedCode, labels_of, require
from routing.cases.policy.outcomes import applicant_outcomes, closing_outcomes, confirmed_outcomes, finding_outcomes
from shared.auth import ROLES, STAFF, Role
from shared.contents import Purpose
from shared.domain.labels import Label
from shared.domain.protection import protection_grounds
from shared.domain.tables import ReferenceDataError, Row
from shared.domain.taxonomy import taxonomy
from shared.policy_files import policy_model, policy_rows, policy_table

__all__ = [
    "MOST_CASES",
    "AnonymousAction",
    "ApprovalRule",
    "ClosureGate",
    "DangerGround",
    "DangerRule",
    "HistoryTexts",
    "NamedCode",
    "ReceivingBody",
    "RequiredDatum",
    "RoleStaffing",
    "Signer",
    "TerminationGround",
    "action_labels",
    "anonymous_policy",
    "applicant_outcomes",
    "approval_rules",
    "bodies",
    "body_delivery_methods",
    "closing_outcomes",
    "closing_rules",
    "closure_gate",
    "confirmed_outcomes",
    "content_purposes",
    "danger_in",
    "dangers",
    "escalation_reasons",
    "finding_outcomes",
    "history_texts",
    "letter_texts",
    "missing_data",
    "protected_bodies",
    "return_grounds",
    "role_staffing",
    "roles_in",
    "status_labels",
    "termination_grounds",
    "workflow_rows",
]

MOST_CASES: Final = 1_000  # open cases of one person at once


@dataclass(frozen=True, slots=True)
class ClosureGate:
    """What an answer to a kind of appeal must contain in addition to its text. `outcome`: that of an answer without a finding."""

    findings: bool
    next_steps: bool
    how_to_complain: bool
    outcome: str


@cache
def closure_gate() -> Mapping[str, ClosureGate]:
    """Return the gate of every kind (АППК art. 65, 80, 89)."""

    def build(row: Row) -> ClosureGate:
        outcome = row.one_of("outcome", frozenset(closing_outcomes()))
        return ClosureGate(row.flag("findings"), row.flag("next_steps"), row.flag("how_to_complain"), outcome)

    gates = policy_table(PACKAGE, "closure_gate.csv", build, key="kind")
    if gates.keys() != taxonomy().kinds.keys():
        raise ReferenceDataError("closure_gate.csv", 1, "the kinds are not those of the taxonomy")
    return gates


@cache
def escalation_reasons() -> Mapping[str, Label]:
    """Return the reasons to pass a case to the next tier, by code."""
    named = (NamedCode.NOT_SATISFIED, NamedCode.PROMISE_BROKEN, NamedCode.CONFIRMATION_REFUTED, NamedCode.WITHDRAWAL_REFUTED)
    return labels_of("escalation_reasons.csv", *named)


@cache
def content_purposes() -> Mapping[str, Purpose]:
    """Return the purposes for which other services may read answers and letters."""
    return policy_table(PACKAGE, "content_purposes.csv", lambda row: Purpose(row.codes("readers"), row.flag("for_a_person")), key="purpose")


@cache
def return_grounds() -> Mapping[str, Label]:
    """Return the grounds on which an appeal is returned (АППК art. 64(7))."""
    return labels_of("return_grounds.csv", NamedCode.NOT_COMPLETED)


@dataclass(frozen=True, slots=True)
class TerminationGround:
    """A ground to terminate a consideration, and the roles that may decide so."""

    label: Label
    roles: frozenset[Role]


@cache
def termination_grounds() -> Mapping[str, TerminationGround]:
    """Return the grounds of АППК art. 70 and 88(1); the roles follow art. 88(2)."""
    found = policy_table(PACKAGE, "termination_grounds.csv", lambda row: TerminationGround(row.label(), roles_in(row)))
    require("termination_grounds.csv", found, NamedCode.ANONYMOUS)
    return found


def roles_in(row: Row, column: str = "roles") -> frozenset[Role]:
    """Return the roles that a row names. Raises ReferenceDataError for an unknown role."""
    named = row.codes(column)
    if not named <= ROLES:
        raise row.error("a role is not known")
    return cast("frozenset[Role]", named)


class Signer(StrEnum):
    """In whose name an approved action is carried out: of its author, or of the person who decides."""

    AUTHOR = "author"
    DECIDER = "decider"


@dataclass(frozen=True, slots=True)
class ApprovalRule:
    """Actions that need a second person: of which forms and tiers, and with which outcomes; None: all. `decided_by`: who decides."""

    code: str
    label: Label
    actions: frozenset[str]
    forms: frozenset[str] | None
    tiers: frozenset[str] | None
    outcomes: frozenset[str] | None
    decided_by: frozenset[Role]
    signed_by: Signer

    def concerns(self, action: str, form: str, tier: int) -> bool:
        """Return whether the rule may apply to an action on a case of this form and tier."""
        return action in self.actions and (self.forms is None or form in self.forms) and (self.tiers is None or str(tier) in self.tiers)


@cache
def approval_rules() -> Mapping[str, ApprovalRule]:
    """Return the rules in the order in which they are tried. Who decides is of the staff."""

    def among(row: Row, column: str, known: Collection[str]) -> frozenset[str] | None:
        named = row.codes(column)
        if named == {"*"}:
            return None
        if not named <= set(known):
            raise row.error(f"{column} names an unknown code")
        return named

    def build(row: Row) -> ApprovalRule:
        codes = taxonomy()
        actions = row.codes("actions")
        if not actions <= action_labels().keys():
            raise row.error("an action is not known")
        decided_by = roles_in(row, "decided_by")
        if not decided_by <= STAFF:
            raise row.error("only staff decides")
        return ApprovalRule(
            code=row.text("rule"),
            label=row.label(),
            actions=actions,
            forms=among(row, "forms", codes.forms),
            tiers=among(row, "tiers", [str(tier) for tier in codes.tiers]),
            outcomes=among(row, "outcomes", closing_outcomes()),
            decided_by=decided_by,
            signed_by=Signer(row.one_of("signed_by", frozenset(Signer))),
        )

    return policy_table(PACKAGE, "approvals.csv", build, key="rule")


@dataclass(frozen=True, slots=True)
class RoleStaffing:
    """What is assigned by rule to a colleague of a role: how many open cases at once, and of which tiers."""

    capacity: int
    tiers: frozenset[int]


@cache
def role_staffing() -> Mapping[str, RoleStaffing]:
    """Return the rule of every role of the staff."""
    known = {str(tier): tier for tier in taxonomy().tiers}

    def build(row: Row) -> RoleStaffing:
        if not row.codes("tiers") <= known.keys():
            raise row.error("a tier is not known")
        return RoleStaffing(row.number_in("capacity", 0, MOST_CASES), frozenset(known[code] for code in row.codes("tiers")))

    found = policy_table(PACKAGE, "staffing.csv", build, key="role")
    if found.keys() != STAFF:
        raise ReferenceDataError("staffing.csv", 1, "the roles are not those of the staff")
    return found


@dataclass(frozen=True, slots=True)
class ReceivingBody:
    """A body to which appeals are forwarded (АППК art. 65), crimes and dangers redirected (64(7-2)), or complaints passed up (91(4))."""

    label: Label
    forwards: bool
    redirects: bool
    superiors: bool


@cache
def bodies() -> Mapping[str, ReceivingBody]:
    """Return the bodies by code."""
    return policy_table(
        PACKAGE, "bodies.csv", lambda row: ReceivingBody(row.label(), row.flag("forwards"), row.flag("redirects"), row.flag("superiors"))
    )


@cache
def body_delivery_methods() -> Mapping[str, Label]:
    """Return the means by which appeals are passed on to other bodies, by code: each records delivery (АППК art. 66(2))."""
    return labels_of("body_delivery_methods.csv")


@cache
def protected_bodies() -> Mapping[str, tuple[str, ...]]:
    """Return the bodies to which an appeal protected on a ground is passed on, the proposed one first. Every ground has a row."""

    def build(row: Row) -> tuple[str, ...]:
        if not row.codes("bodies") <= bodies().keys():
            raise row.error("a body is not known")
        return tuple(row.text("bodies").split())

    found = policy_table(PACKAGE, "protected_bodies.csv", build, key="ground")
    if found.keys() != protection_grounds().keys():
        raise ReferenceDataError("protected_bodies.csv", 1, "the grounds are not those of protection_grounds.csv")
    return found


class DangerGround(StrEnum):
    """Why an appeal is redirected at once: it reports a crime, or a danger to life or health."""

    CRIME = "CRIME"
    DANGER = "DANGER"


@dataclass(frozen=True, slots=True)
class DangerRule:
    """A rule for appeals that are redirected at once: the text is urgent, or the complaint is of the category."""

    ground: DangerGround
    urgent: bool
    category: str | None
    body: str
    label: Label


@cache
def dangers() -> Mapping[str, DangerRule]:
    """Return the rules by name, in the order in which they are tried. A body must be one that takes dangers."""

    def build(row: Row) -> DangerRule:
        category = row.one_of("category", taxonomy().categories) if row.optional("category") else None
        body = row.one_of("body", frozenset(code for code, receiver in bodies().items() if receiver.redirects))
        ground = DangerGround(row.one_of("ground", frozenset(DangerGround)))
        return DangerRule(ground, row.flag("urgent"), category, body, row.label())

    return policy_table(PACKAGE, "dangers.csv", build, key="rule")


def danger_in(category: str | None, *, urgent: bool) -> str | None:
    """Return the name of the first rule that applies to such an appeal, None for most."""
    root = taxonomy().root_category(category) if category else None
    named = {category, root} - {None}
    return next((name for name, rule in dangers().items() if (rule.urgent and urgent) or rule.category in named), None)


class AnonymousAction(StrEnum):
    """The actions of which one is proposed for an anonymous appeal."""

    TERMINATE = "terminate"
    REQUEST_COMPLETION = "request-completion"


@cache
def anonymous_policy() -> Mapping[str, AnonymousAction]:
    """Return the action that is proposed for an anonymous appeal, by statutory form. Every form has a row."""

    def build(row: Row) -> AnonymousAction:
        return AnonymousAction(row.one_of("action", frozenset(AnonymousAction)))

    found = policy_table(PACKAGE, "anonymous_policy.csv", build, key="form")
    if found.keys() != taxonomy().forms.keys():
        raise ReferenceDataError("anonymous_policy.csv", 1, "the forms are not those of the taxonomy")
    return found


@dataclass(frozen=True, slots=True)
class RequiredDatum:
    """Something that an appeal must contain. `anonymous`: requested when nothing is known of the applicant."""

    label: Label
    anonymous: bool


@cache
def missing_data() -> Mapping[str, RequiredDatum]:
    """Return what may be missing in an appeal (АППК art. 63(2), 93(2)), by code."""
    return policy_table(PACKAGE, "missing_data.csv", lambda row: RequiredDatum(row.label(), row.flag("anonymous")))


@cache
def status_labels() -> Mapping[str, Label]:
    """Return the label of every status that a case can have at the desk: those of the life cycle, and the desk's own."""
    own = policy_table(PACKAGE, "desk_statuses.csv", Row.label)
    if own.keys() != set(DeskStatus):
        raise ReferenceDataError("desk_statuses.csv", 1, "the statuses are not those of DeskStatus")
    return {**{code: status.label for code, status in taxonomy().statuses.items()}, **own}


@cache
def workflow_rows() -> list[Row]:
    """Return the rows of the workflow table, one for each action."""
    return policy_rows(PACKAGE, "workflow.csv")


@cache
def action_labels() -> Mapping[str, Label]:
    """Return the labels of the actions by code."""
    return {row.text("action"): row.label() for row in workflow_rows()}


@cache
def closing_rules() -> Mapping[str, frozenset[str]]:
    """Return, by channel, the actions that are possible only after an answer."""

    def build(row: Row) -> frozenset[str]:
        row.one_of("channel", taxonomy().channels)
        if not row.codes("actions") <= action_labels().keys():
            raise row.error("an action is not known")
        return row.codes("actions")

    return policy_table(PACKAGE, "closing_rules.csv", build, key="channel")


class HistoryTexts(RootModel[dict[str, Label]]):
    """The sentences of the history, by type of entry."""


@cache
def history_texts() -> Mapping[str, Label]:
    """Return the sentence of each type of history entry."""
    return policy_model(PACKAGE, "history.toml", HistoryTexts).root


@cache
def letter_texts() -> Mapping[str, Label]:
    """Return the letter that is proposed with an action, by the action."""
    found = policy_model(PACKAGE, "letters.toml", HistoryTexts).root
    if unknown := found.keys() - action_labels().keys():
        raise ReferenceDataError("letters.toml", 1, f"not an action: {', '.join(sorted(unknown))}")
    for text in found.values():
        text.filled(number=Label("", "", ""))
    return found
