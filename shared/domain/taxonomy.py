"""The codes of the appeal desk: kinds, forms, categories, topics, tiers, outcomes, channels, statuses, holders.

Codes are never reused and never renamed; labels may change. All tables are loaded once and checked when loaded.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from types import MappingProxyType
from typing import Literal, cast

from shared.domain.labels import Label
from shared.domain.tables import Row, rows, table

Subject = Literal["category", "topic"]
Priority = Literal["low", "normal", "high", "urgent"]

PRIORITIES = frozenset({"low", "normal", "high", "urgent"})
LOWEST_TIER, HIGHEST_TIER = 1, 3


@dataclass(frozen=True, slots=True)
class Entry:
    """A code with its label and no other properties."""

    code: str
    label: Label


@dataclass(frozen=True, slots=True)
class StatutoryForm(Entry):
    """A statutory form, which determines the legal clock (АППК art. 4, 87). `is_appeal`: the law calls it жолданым / обращение."""

    is_appeal: bool
    procedure: str
    definition: str


@dataclass(frozen=True, slots=True)
class Kind(Entry):
    """A kind of appeal in everyday terms. `subject` says whether it has a complaint category or a topic."""

    default_form: str
    default_tier: int
    reply_required: bool
    subject: Subject


@dataclass(frozen=True, slots=True)
class Category(Entry):
    """The subject of a complaint. `spp_first=False`: it never goes to the provider's own support service alone."""

    parent: str | None
    priority: Priority
    tier: int
    spp_first: bool


@dataclass(frozen=True, slots=True)
class Tier(Entry):
    number: int
    who: str
    entry_rule: str
    target: str


@dataclass(frozen=True, slots=True)
class Outcome(Entry):
    counts_as_complaint: bool
    basis: str


@dataclass(frozen=True, slots=True)
class Channel(Entry):
    """An intake channel. `valid_from` and `valid_to` are inclusive days, None for an open end."""

    endpoint: str | None
    valid_from: date | None
    valid_to: date | None


class AnswerType(StrEnum):
    """What the answer to a question for a provider is."""

    TEXT = "TEXT"
    DATE = "DATE"
    YES_NO = "YES_NO"
    MONEY = "MONEY"
    """An amount in tenge."""
    CHOICE = "CHOICE"


@dataclass(frozen=True, slots=True)
class ProviderQuestion(Entry):
    """A standing question of the Fund to a provider. `options`: what a CHOICE chooses from, empty for the other types."""

    answer_type: AnswerType
    options: Mapping[str, Entry]


@dataclass(frozen=True, slots=True)
class Status(Entry):
    """A status as the citizen sees it. `holder` is a code of `holders`, or FUND for the Fund's tier that the appeal has reached."""

    holder: str
    final: bool


@dataclass(frozen=True, slots=True)
class Taxonomy:
    """All tables as read-only mappings from code to entry, in the order of their files."""

    forms: Mapping[str, StatutoryForm]
    kinds: Mapping[str, Kind]
    categories: Mapping[str, Category]
    topics: Mapping[str, Entry]
    tiers: Mapping[int, Tier]
    outcomes: Mapping[str, Outcome]
    channels: Mapping[str, Channel]
    provider_kinds: Mapping[str, Entry]
    ownerships: Mapping[str, Entry]
    statuses: Mapping[str, Status]
    holders: Mapping[str, Entry]
    response_codes: Mapping[str, Entry]
    provider_questions: Mapping[str, ProviderQuestion]
    refusal_reasons: Mapping[str, Entry]
    concerned_services: Mapping[str, Entry]
    departments: Mapping[str, Entry]

    def root_category(self, code: str) -> str:
        """Return the top-level category of a code, or the code itself if it is one. Raises KeyError for an unknown code."""
        return self.categories[code].parent or code

    def subject_field(self, kind: str) -> Subject:
        """Return which of the two fields an appeal of this kind has. Raises KeyError for an unknown kind."""
        return self.kinds[kind].subject

    def subject_errors(self, kind: str | None, category: str | None, topic: str | None) -> list[tuple[str, str]]:
        """Return the errors of the three codes together as (field, error code) pairs. Empty if the combination is valid.

        A kind requires either a category or a topic. Without a kind either may be given, but not both.
        """
        given = (("kind", kind, self.kinds), ("category", category, self.categories), ("topic", topic, self.topics))
        errors = [(field, "unknown-code") for field, code, known in given if code is not None and code not in known]
        if kind is None:
            if category is not None and topic is not None:
                errors.append(("topic", "category-or-topic"))
            return errors
        if kind in self.kinds:
            subject = self.subject_field(kind)
            if category is not None and subject == "topic":
                errors.append(("category", "not-for-this-kind"))
            if topic is not None and subject == "category":
                errors.append(("topic", "not-for-this-kind"))
        return errors


def _entry(row: Row) -> Entry:
    return Entry(row.text("code"), row.label())


def _form(row: Row) -> StatutoryForm:
    is_appeal, procedure = row.flag("is_obrashchenie"), row.one_of("procedure", frozenset({"ordinary", "appeal", "simplified"}))
    return StatutoryForm(row.text("code"), row.label(), is_appeal, procedure, row.text("definition_short"))


def _outcome(row: Row) -> Outcome:
    return Outcome(row.text("code"), row.label(), row.flag("counts_as_complaint"), row.text("basis"))


def _channel(row: Row) -> Channel:
    valid_from, valid_to = row.day("valid_from"), row.day("valid_to")
    if valid_from and valid_to and valid_to < valid_from:
        raise row.error("valid_to lies before valid_from")
    return Channel(row.text("code"), row.label(), row.optional("endpoint"), valid_from, valid_to)


def _kinds(forms: Mapping[str, StatutoryForm]) -> Mapping[str, Kind]:
    def build(row: Row) -> Kind:
        subject = cast("Subject", row.one_of("subject", frozenset({"category", "topic"})))
        form, tier = row.one_of("default_form", forms), row.number_in("default_tier", LOWEST_TIER, HIGHEST_TIER)
        return Kind(row.text("code"), row.label(), form, tier, row.flag("reply_required"), subject)

    return table("kinds.csv", build)


def _categories() -> Mapping[str, Category]:
    top_level = frozenset(row.text("code") for row in rows("categories.csv") if row.optional("parent") is None)

    def build(row: Row) -> Category:
        parent = row.one_of("parent", top_level) if row.optional("parent") else None
        priority = cast("Priority", row.one_of("priority", PRIORITIES))
        return Category(
            row.text("code"), row.label(), parent, priority, row.number_in("tier", LOWEST_TIER, HIGHEST_TIER), row.flag("spp_first")
        )

    return table("categories.csv", build)


def _tiers() -> Mapping[int, Tier]:
    def build(row: Row) -> Tier:
        number = row.number_in("code", LOWEST_TIER, HIGHEST_TIER)
        return Tier(row.text("code"), row.label(), number, row.text("who"), row.text("entry_rule"), row.text("target"))

    return MappingProxyType({tier.number: tier for tier in table("tiers.csv", build).values()})


def _statuses(holders: Mapping[str, Entry]) -> Mapping[str, Status]:
    allowed = frozenset(holders) | {"FUND"}
    return table("statuses.csv", lambda row: Status(row.text("code"), row.label(), row.one_of("holder", allowed), row.flag("final")))


def _provider_questions(refusal_reasons: Mapping[str, Entry]) -> Mapping[str, ProviderQuestion]:
    tables = {"REFUSAL_REASONS": refusal_reasons}

    def build(row: Row) -> ProviderQuestion:
        answer_type = AnswerType(row.one_of("answer_type", frozenset[str](AnswerType)))
        options = tables[row.one_of("options", tables)] if answer_type is AnswerType.CHOICE else MappingProxyType({})
        if answer_type is not AnswerType.CHOICE and row.optional("options"):
            raise row.error("only a CHOICE has options")
        return ProviderQuestion(row.text("code"), row.label(), answer_type, options)

    return table("provider_questions.csv", build)


@cache
def taxonomy() -> Taxonomy:
    """Return the whole taxonomy, loaded once. Raises ReferenceDataError naming the faulty file and row."""
    forms, holders = table("forms.csv", _form), table("holders.csv", _entry)
    refusal_reasons = table("refusal_reasons.csv", _entry)
    return Taxonomy(
        forms=forms,
        kinds=_kinds(forms),
        categories=_categories(),
        topics=table("topics.csv", _entry),
        tiers=_tiers(),
        outcomes=table("outcomes.csv", _outcome),
        channels=table("channels.csv", _channel),
        provider_kinds=table("provider_kinds.csv", _entry),
        ownerships=table("ownerships.csv", _entry),
        statuses=_statuses(holders),
        holders=holders,
        response_codes=table("response_codes.csv", _entry),
        provider_questions=_provider_questions(refusal_reasons),
        refusal_reasons=refusal_reasons,
        concerned_services=table("concerned_services.csv", _entry),
        departments=table("departments.csv", _entry),
    )
