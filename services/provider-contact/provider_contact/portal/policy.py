"""The reviewed files of the portal: limits, answer templates, and the sentences of the course of an inquiry."""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from provider_contact.checks.codes import CheckResult
from provider_contact.inquiries.codes import ConsentState, InquiryAction, InquiryStep
from provider_contact.portal.codes import TemplateValue
from shared.domain.labels import Label
from shared.domain.tables import ReferenceDataError, Row
from shared.policy_files import policy_model, policy_table

PACKAGE: Final = "provider_contact.portal"
SENT: Final = "SENT"
VALUE: Final = re.compile(r"\{\{([a-z_]{1,20})\}\}")
_SYSTEM: Final = frozenset({InquiryAction.SEND, InquiryAction.DELIVER})
_INTERNAL: Final = frozenset({InquiryAction.RECORD_CALL})
"""Entries that a provider does not see (`inquiries.service.entries.INTERNAL`)."""
RESULTS: Final[Mapping[InquiryAction, Sequence[str]]] = {
    InquiryAction.VERIFY: tuple(CheckResult),
    InquiryAction.ANSWER_CONSENT: (ConsentState.GIVEN, ConsentState.REFUSED, ConsentState.WITHDRAWN),
}
"""The actions with a sentence for each result: that somebody called says nothing of what was found."""


class PortalPolicy(BaseModel):
    """Limits of the portal; the file says what each is for."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    own_templates: int = Field(ge=1, le=500)
    figures_days: int = Field(ge=7, le=366)
    least_inquiries: int = Field(ge=2)
    least_providers: int = Field(ge=3)


class TemplateText(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str = Field(min_length=1, max_length=100)
    body: str = Field(min_length=1, max_length=4_000)


class TemplateEntry(BaseModel):
    """A template in both languages of answers."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kk: TemplateText
    ru: TemplateText

    def in_(self, language: str) -> TemplateText:
        return self.kk if language == "kk" else self.ru


class TemplateFile(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    template: tuple[TemplateEntry, ...]


@cache
def portal_policy() -> PortalPolicy:
    """Return the limits. Raises ValidationError for a value out of range."""
    return policy_model(PACKAGE, "portal_policy.toml", PortalPolicy)


@cache
def answer_templates() -> Sequence[TemplateEntry]:
    """Return the templates of the product. Raises ReferenceDataError for an unknown value in one."""
    found = policy_model(PACKAGE, "answer_templates.toml", TemplateFile).template
    for entry in found:
        for text in (entry.kk, entry.ru):
            if unknown := unknown_values(text.body):
                raise ReferenceDataError("answer_templates.toml", 1, f"unknown values: {', '.join(sorted(unknown))}")
    return found


def unknown_values(text: str) -> set[str]:
    """Return the names in double braces that the server cannot fill."""
    return set(VALUE.findall(text)) - frozenset[str](TemplateValue)


@cache
def timeline() -> Mapping[str, Label]:
    """Return the sentences by action, with its result where RESULTS has it, or step.

    Raises ReferenceDataError if one is missing or unknown.
    """
    found = policy_table(PACKAGE, "timeline.csv", Row.label)
    with_result = {f"{action}.{result}" for action, results in RESULTS.items() for result in results}
    needed = {SENT, *InquiryStep, *(frozenset(InquiryAction) - _SYSTEM - _INTERNAL - RESULTS.keys()), *with_result}
    if different := needed ^ found.keys():
        raise ReferenceDataError("timeline.csv", 1, f"differs from the actions: {', '.join(sorted(different))}")
    return found


def check_policies() -> None:
    """Load every file, so that no process starts with a wrong one."""
    portal_policy()
    answer_templates()
    timeline()
