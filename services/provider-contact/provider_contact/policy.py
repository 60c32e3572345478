"""This service's reviewed files: how names are matched, what may be done with an inquiry, who may read answers and why."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from pydantic import BaseModel, ConfigDict, Field

from shared.auth import ROLES
from shared.contents import Purpose
from shared.domain.deadlines import policies
from shared.domain.labels import Label
from shared.domain.tables import ReferenceDataError, Row, parse_rows
from shared.domain.taxonomy import taxonomy

STATUSES = ("DRAFT", "SENT", "DELIVERED", "ACKNOWLEDGED", "RESPONDED", "ACCEPTED", "RETURNED")


class MatchingPolicy(BaseModel):
    """Thresholds and weights of the matching of names; each with its reason in the file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: str
    region_threshold: float = Field(gt=0, le=1)
    country_threshold: float = Field(gt=0, le=1)
    margin: float = Field(ge=0, lt=1)
    candidates: int = Field(ge=1, le=20)
    candidate_floor: float = Field(gt=0, lt=1)
    query_share: float = Field(gt=0, lt=1)
    word_weight: float = Field(gt=0)
    number_weight: float = Field(gt=0)
    number_missing: float = Field(gt=0, lt=1)
    evidence: float = Field(gt=0)
    likeness_cutoff: float = Field(gt=0, lt=1)
    prefix_likeness: float = Field(gt=0, lt=1)


@dataclass(frozen=True, slots=True)
class InquiryAction:
    """What a role may do with an inquiry in a status, and where it leads."""

    status: str
    action: str
    role: str
    next: str
    label: Label


class InquiryRule(BaseModel):
    """Which kinds of appeal are put to the provider by themselves, until when it answers, and by which channel it is asked."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kinds: frozenset[str]
    deadline_policy: str
    channel: str


@cache
def inquiry_rule() -> InquiryRule:
    """Raises ReferenceDataError for a kind or a deadline that is not known."""
    rule = InquiryRule.model_validate(tomllib.loads(_text("inquiry_rule.toml")))
    if not (rule.kinds <= taxonomy().kinds.keys() and rule.deadline_policy in policies()):
        raise ReferenceDataError("inquiry_rule.toml", 1, "a kind or the deadline is not known")
    return rule


@cache
def matching_policy() -> MatchingPolicy:
    return MatchingPolicy.model_validate(tomllib.loads(_text("matching.toml")))


@cache
def name_weights() -> Mapping[str, float]:
    """How much a common word counts, above 0 and up to 1."""
    found: dict[str, float] = {}
    for row in _rows("name_weights.csv"):
        token, weight = row.text("token"), float(row.text("weight"))
        if token in found or not 0 < weight <= 1 or not row.text("reason"):
            raise row.error(f"{token} is given twice or weighs nothing")
        found[token] = weight
    return found


@cache
def inquiry_actions() -> Mapping[tuple[str, str], InquiryAction]:
    """(status, action) to what it takes and gives. Raises ReferenceDataError for an unknown status or role."""
    found: dict[tuple[str, str], InquiryAction] = {}
    statuses = frozenset(STATUSES)
    for row in _rows("inquiry_actions.csv"):
        one = InquiryAction(
            row.one_of("status", statuses), row.text("action"), row.one_of("role", ROLES), row.one_of("next", statuses), row.label()
        )
        if (one.status, one.action) in found:
            raise row.error("the pair is given twice")
        found[one.status, one.action] = one
    return found


@cache
def content_purposes() -> Mapping[str, Purpose]:
    rows = _rows("content_purposes.csv")
    return {row.text("purpose"): Purpose(row.words("readers"), row.flag("for_a_person")) for row in rows}


def question(category: str) -> Label:
    """The Fund's standing question about a category; raises KeyError for an unknown one."""
    return _question().filled(category=taxonomy().categories[category].label)


def check() -> None:
    """Load every file, so that a process does not start with a wrong one."""
    for load in (matching_policy, name_weights, inquiry_rule, inquiry_actions, content_purposes, _question):
        load()


@cache
def _question() -> Label:
    return Label(**tomllib.loads(_text("inquiry_texts.toml"))["question"])


def _rows(file: str) -> list[Row]:
    return parse_rows(file, _text(file))


def _text(file: str) -> str:
    return (files("provider_contact") / "data" / file).read_text(encoding="utf-8")
