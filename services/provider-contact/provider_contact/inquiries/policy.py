"""The reviewed files of inquiries: when a provider is asked and what, which actions a status allows, and who may read the answers."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from pydantic import BaseModel, ConfigDict

from provider_contact.inquiries.codes import DeliveryMethod, InquiryAction, InquiryStatus
from shared.auth import ROLES
from shared.contents import Purpose
from shared.domain.deadlines import policies
from shared.domain.labels import Label
from shared.domain.tables import ReferenceDataError
from shared.domain.taxonomy import taxonomy
from shared.policy_files import policy_document, policy_model, policy_rows

PACKAGE = "provider_contact.inquiries"
_STATUSES = frozenset[str](InquiryStatus)
_ACTIONS = frozenset[str](InquiryAction)


@dataclass(frozen=True, slots=True)
class ActionRule:
    """What a role may do with an inquiry in a status, and the status that follows."""

    status: InquiryStatus
    action: InquiryAction
    role: str
    next: InquiryStatus
    label: Label


class InquiryRule(BaseModel):
    """Which kinds of appeal are put to the provider automatically, the deadline of its answer, and the delivery method."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kinds: frozenset[str]
    deadline_policy: str
    channel: DeliveryMethod


@cache
def inquiry_rule() -> InquiryRule:
    """Return the rule. Raises ReferenceDataError for an unknown kind or deadline, ValidationError for an unknown delivery method."""
    rule = policy_model(PACKAGE, "inquiry_rule.toml", InquiryRule)
    if not (rule.kinds <= taxonomy().kinds.keys() and rule.deadline_policy in policies()):
        raise ReferenceDataError("inquiry_rule.toml", 1, "a kind or the deadline is not known")
    return rule


@cache
def action_rules() -> Mapping[tuple[InquiryStatus, InquiryAction], ActionRule]:
    """Return the rules by status and action. Raises ReferenceDataError for an unknown status, action or role."""
    found: dict[tuple[InquiryStatus, InquiryAction], ActionRule] = {}
    for row in policy_rows(PACKAGE, "inquiry_actions.csv"):
        rule = ActionRule(
            InquiryStatus(row.one_of("status", _STATUSES)),
            InquiryAction(row.one_of("action", _ACTIONS)),
            row.one_of("role", ROLES),
            InquiryStatus(row.one_of("next", _STATUSES)),
            row.label(),
        )
        if (rule.status, rule.action) in found:
            raise row.error("the pair of status and action is listed twice")
        found[rule.status, rule.action] = rule
    return found


@cache
def content_purposes() -> Mapping[str, Purpose]:
    """Return the purposes for which other services may read providers' answers, by code."""
    rows = policy_rows(PACKAGE, "content_purposes.csv")
    return {row.text("purpose"): Purpose(row.codes("readers"), row.flag("for_a_person")) for row in rows}


def question_about(category: str) -> Label:
    """Return the Fund's standing question about a category. Raises KeyError for an unknown category."""
    return _question().filled(category=taxonomy().categories[category].label)


def check_policies() -> None:
    """Load every file of this slice. Raises ReferenceDataError or ValidationError, so that no process starts with a wrong file."""
    for load in (inquiry_rule, action_rules, content_purposes, _question):
        load()


@cache
def _question() -> Label:
    return Label(**policy_document(PACKAGE, "inquiry_texts.toml")["question"])
