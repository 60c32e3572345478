"""The reviewed files of inquiries: when a provider is asked and what, the actions, the clocks and steps, and who may read the answers."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Final, Literal, NamedTuple, cast

from pydantic import BaseModel, ConfigDict

from provider_contact.inquiries.codes import (
    ConsentState,
    DisclosureLevel,
    InquiryAction,
    InquiryClock,
    InquiryStatus,
    InquiryStep,
    ResponseCode,
)
from shared.contents import Purpose
from shared.domain.deadlines import DeadlinePolicy, policies
from shared.domain.labels import LANGUAGES, Label
from shared.domain.tables import ReferenceDataError, Row
from shared.domain.taxonomy import HIGHEST_TIER, LOWEST_TIER, PRIORITIES, taxonomy
from shared.policy_files import policy_document, policy_model, policy_rows, policy_table

PACKAGE: Final = "provider_contact.inquiries"
LAST_HOUR: Final = 23
LONGEST_STEP: Final = 60
"""Days from the due day within which a step is taken."""


@dataclass(frozen=True, slots=True)
class StatusRule:
    """A status with its label. `awaits`: an answer of the provider is expected; `final`: nothing moves it any more."""

    awaits: bool
    final: bool
    label: Label


class InquiryRule(BaseModel):
    """Which kinds of appeal are put to the provider automatically, and the terms that no clock rule gives."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kinds: frozenset[str]
    return_clock: str
    longest_time_days: int
    default_time_working_days: int
    consent_policy: str


@dataclass(frozen=True, slots=True)
class Clock:
    """The clock that governs an inquiry. `policy`: None if a person of the Fund set the day."""

    code: str
    policy: DeadlinePolicy | None
    label: Label


@dataclass(frozen=True, slots=True)
class ClockRule:
    """The clock of the inquiries that match. None matches anything; `category` is a code or the parent of one."""

    category: str | None
    priority: str | None
    tier: int | None
    clock: Clock

    def matches(self, category: str, tier: int | None) -> bool:
        """Return whether the rule is for an inquiry about this category of an appeal on this tier."""
        known = taxonomy().categories.get(category)
        is_about = self.category is None or self.category in {category, known.parent if known else None}
        has_priority = self.priority is None or (known is not None and known.priority == self.priority)
        return is_about and has_priority and self.tier in {None, tier}


@dataclass(frozen=True, slots=True)
class StepRule:
    """What happens to an inquiry without an answer, and when: working days from its due day, at a local hour (None: when it is due)."""

    step: InquiryStep
    days: int
    direction: Literal["before", "after"]
    hour: int | None
    body: str | None


@cache
def inquiry_rule() -> InquiryRule:
    """Return the rule. Raises ReferenceDataError for an unknown kind or clock, ValidationError for an unknown delivery method."""
    rule = policy_model(PACKAGE, "inquiry_rule.toml", InquiryRule)
    if not (rule.kinds <= taxonomy().kinds.keys() and rule.return_clock in clocks() and clocks()[rule.return_clock].policy):
        raise ReferenceDataError("inquiry_rule.toml", 1, "a kind or the clock is not known")
    if rule.consent_policy not in policies():
        raise ReferenceDataError("inquiry_rule.toml", 1, "the deadline of the consent is not known")
    return rule


@cache
def statuses() -> Mapping[InquiryStatus, StatusRule]:
    """Return the statuses. Raises ReferenceDataError if the file does not list each of them."""
    found = policy_table(PACKAGE, "inquiry_statuses.csv", lambda row: StatusRule(row.flag("awaits"), row.flag("final"), row.label()))
    _require("inquiry_statuses.csv", found, InquiryStatus)
    return {InquiryStatus(code): rule for code, rule in found.items()}


def action_rows() -> list[Row]:
    """Return the rows of the workflow, which `service.workflow` reads and checks."""
    return policy_rows(PACKAGE, "inquiry_actions.csv")


@cache
def clocks() -> Mapping[str, Clock]:
    """Return the clocks by code. Raises ReferenceDataError for an unknown deadline policy, or a clock of the code that is missing."""

    def build(row: Row) -> Clock:
        policy = policies()[row.one_of("policy", policies())] if row.optional("policy") else None
        return Clock(row.text("code"), policy, row.label())

    found = policy_table(PACKAGE, "inquiry_clocks.csv", build)
    if missing := set(InquiryClock) - found.keys():
        raise ReferenceDataError("inquiry_clocks.csv", 1, f"missing: {', '.join(sorted(missing))}")
    return found


@cache
def clock_rules() -> Sequence[ClockRule]:
    """Return the rules in their order. Raises ReferenceDataError for an unknown code, or if the last row does not match everything."""
    found = []
    for row in policy_rows(PACKAGE, "inquiry_clock_rules.csv"):
        clock = clocks()[row.one_of("clock", clocks())]
        if clock.policy is None:
            raise row.error(f"{clock.code} has no policy")
        category = row.one_of("category", taxonomy().categories) if row.optional("category") else None
        priority = row.one_of("priority", PRIORITIES) if row.optional("priority") else None
        tier = row.number_in("tier", LOWEST_TIER, HIGHEST_TIER) if row.optional("tier") else None
        found.append(ClockRule(category, priority, tier, clock))
    if not found or (found[-1].category, found[-1].priority, found[-1].tier) != (None, None, None):
        raise ReferenceDataError("inquiry_clock_rules.csv", 1, "the last row does not match every inquiry")
    return found


def clock_of(category: str, tier: int | None) -> Clock:
    """Return the clock that governs an inquiry about this category of an appeal on this tier."""
    return next(rule.clock for rule in clock_rules() if rule.matches(category, tier))


@cache
def step_rules() -> Sequence[StepRule]:
    """Return the steps in their order. Raises ReferenceDataError for an unknown code, and for steps that are not in the order of time."""
    found = []
    for row in policy_rows(PACKAGE, "inquiry_steps.csv"):
        hour = row.number_in("at", 0, LAST_HOUR) if row.optional("at") else None
        direction = cast("Literal['before', 'after']", row.one_of("direction", frozenset({"before", "after"})))
        body = row.one_of("body", escalation_bodies()) if row.optional("body") else None
        step = InquiryStep(row.one_of("code", frozenset[str](InquiryStep)))
        if (body is not None) != (step is InquiryStep.ESCALATION):
            raise row.error("an escalation names its body, and nothing else does")
        found.append(StepRule(step, row.number_in("days", 0, LONGEST_STEP), direction, hour, body))
    _require("inquiry_steps.csv", [rule.step for rule in found], InquiryStep)
    offsets = [rule.days if rule.direction == "after" else -rule.days for rule in found]
    if offsets != sorted(offsets):
        raise ReferenceDataError("inquiry_steps.csv", 1, "the steps are not in the order of time")
    return found


@cache
def return_reasons() -> Mapping[str, Label]:
    """Return why an answer may be returned, by code."""
    return policy_table(PACKAGE, "return_reasons.csv", Row.label)


@cache
def cancel_reasons() -> Mapping[str, Label]:
    """Return why an inquiry may be cancelled, by code."""
    return policy_table(PACKAGE, "cancel_reasons.csv", Row.label)


@cache
def excuse_reasons() -> Mapping[str, Label]:
    """Return the reasons to release a provider from a promise, by code."""
    return policy_table(PACKAGE, "excuse_reasons.csv", Row.label)


@cache
def escalation_bodies() -> Mapping[str, Label]:
    """Return the bodies above a provider, by code."""
    return policy_table(PACKAGE, "escalation_bodies.csv", Row.label)


SENT: Final = "SENT"
"""The inquiry itself, in `inquiry_history.csv`."""
_SYSTEM: Final = frozenset({InquiryAction.SEND, InquiryAction.DELIVER})
RESULTS: Final[Mapping[InquiryAction, Sequence[str]]] = {
    InquiryAction.VERIFY: ("VERIFIED", "REFUTED", "UNREACHED"),
    InquiryAction.ANSWER_CONSENT: (ConsentState.GIVEN, ConsentState.REFUSED, ConsentState.WITHDRAWN),
}
"""The actions with a sentence for each result: that somebody called says nothing of what was found."""


@cache
def history_sentences() -> Mapping[str, Label]:
    """Return the sentences of the course of an inquiry by action, with its result where RESULTS has it, or step.

    Raises ReferenceDataError if one is missing or unknown.
    """
    with_result = {f"{action}.{result}" for action, results in RESULTS.items() for result in results}
    found = policy_table(PACKAGE, "inquiry_history.csv", Row.label)
    _require("inquiry_history.csv", found, {SENT, *InquiryStep, *(frozenset(InquiryAction) - _SYSTEM - RESULTS.keys()), *with_result})
    return found


@cache
def category_questions() -> Mapping[str, Sequence[str]]:
    """Return the questions about each category, in the order of the form.

    Raises ReferenceDataError for an unknown code, and if a category that goes to its provider has no questions.
    """

    def build(row: Row) -> Sequence[str]:
        row.one_of("category", taxonomy().categories)
        asked = tuple(row.text("questions").split())
        if unknown := set(asked) - taxonomy().provider_questions.keys():
            raise row.error(f"not known: {', '.join(sorted(unknown))}")
        return asked

    found = policy_table(PACKAGE, "category_questions.csv", build, key="category")
    roots = {each.parent or each.code for each in taxonomy().categories.values() if each.spp_first}
    if missing := roots - found.keys():
        raise ReferenceDataError("category_questions.csv", 1, f"missing: {', '.join(sorted(missing))}")
    return found


def questions_about(category: str) -> Sequence[str]:
    """Return the codes of the questions that a rule asks about a category; a category without a row asks what its parent asks."""
    found = category_questions()
    return found.get(category) or found.get(taxonomy().root_category(category), ())


@cache
def content_purposes() -> Mapping[str, Purpose]:
    """Return the purposes for which other services may read providers' answers, by code."""
    rows = policy_rows(PACKAGE, "content_purposes.csv")
    return {row.text("purpose"): Purpose(row.codes("readers"), row.flag("for_a_person")) for row in rows}


@cache
def _category_disclosure() -> Mapping[str, DisclosureLevel]:
    def build(row: Row) -> DisclosureLevel:
        row.one_of("category", taxonomy().categories)
        return DisclosureLevel(row.one_of("discloses", frozenset[str](DisclosureLevel)))

    return policy_table(PACKAGE, "category_disclosure.csv", build, key="category")


def disclosure_of(category: str) -> DisclosureLevel:
    """Return what a provider may read of an appeal in this category, if the applicant consented."""
    found = _category_disclosure()
    return found.get(category) or found.get(taxonomy().root_category(category)) or DisclosureLevel.PERSON


@cache
def refusal_texts() -> Mapping[str | None, Label]:
    """Return what a citizen is answered about a lawful refusal, by its reason; None: about an unlawful one.

    Raises ReferenceDataError if a reason has no text.
    """
    document = policy_document(PACKAGE, "refusal_texts.toml")
    lawful = {code: Label(**text) for code, text in document["lawful"].items()}
    _require("refusal_texts.toml", lawful, taxonomy().refusal_reasons)
    return {None: Label(**document["unlawful"]), **lawful}


def question_about(category: str) -> Label:
    """Return the Fund's standing question about a category. Raises KeyError for an unknown category."""
    return _text("question").filled(category=taxonomy().categories[category].label)


class ConcernedCare(NamedTuple):
    """What an appeal is about, in codes and local days; None is not known."""

    service: str | None
    department: str | None
    period_from: date | None
    period_to: date | None


def summary_of(category: str, region: Label, received_on: date, care: ConcernedCare) -> Label:
    """Return what a provider may know of an appeal without its text and its applicant. Raises KeyError for an unknown category."""
    codes = taxonomy()
    parts = [_text("summary").filled(category=codes.categories[category].label, region=region, day=_day(received_on))]
    if care.service is not None and care.service in codes.concerned_services:
        parts.append(_text("summary_service").filled(service=codes.concerned_services[care.service].label))
    if care.department is not None and care.department in codes.departments:
        parts.append(_text("summary_department").filled(department=codes.departments[care.department].label))
    if care.period_from is not None:
        last = care.period_to or care.period_from
        name = "summary_day" if last == care.period_from else "summary_period"
        parts.append(_text(name).filled(first=_day(care.period_from), last=_day(last)))
    return Label(*(". ".join(part.in_(language) for part in parts) for language in LANGUAGES))


def _day(day: date) -> Label:
    return Label(*(f"{day:%d.%m.%Y}" for _ in LANGUAGES))


def check_policies() -> None:
    """Load every file of this slice. Raises ReferenceDataError or ValidationError, so that no process starts with a wrong file."""
    for load in (
        inquiry_rule,
        statuses,
        clocks,
        clock_rules,
        step_rules,
        return_reasons,
        cancel_reasons,
        excuse_reasons,
        escalation_bodies,
        history_sentences,
        category_questions,
        _category_disclosure,
        refusal_texts,
        content_purposes,
        _texts,
    ):
        load()
    if missing := set(ResponseCode) - taxonomy().response_codes.keys():
        raise ReferenceDataError("response_codes.csv", 1, f"missing: {', '.join(sorted(missing))}")


def _require(file: str, found: Iterable[str], needed: Iterable[str]) -> None:
    if different := set(found) ^ set(needed):
        raise ReferenceDataError(file, 1, f"differs from the code: {', '.join(sorted(different))}")


@cache
def _texts() -> Mapping[str, Label]:
    return {name: Label(**text) for name, text in policy_document(PACKAGE, "inquiry_texts.toml").items()}


def _text(name: str) -> Label:
    return _texts()[name]
