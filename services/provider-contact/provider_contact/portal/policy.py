"""The reviewed files of the portal: limits and answer templates."""

import re
from collections.abc import Sequence
from functools import cache
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from provider_contact.portal.codes import TemplateValue
from shared.domain.tables import ReferenceDataError
from shared.policy_files import policy_model

PACKAGE: Final = "provider_contact.portal"
VALUE: Final = re.compile(r"\{\{([a-z_]{1,20})\}\}")


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


def check_policies() -> None:
    """Load every file, so that no process starts with a wrong one."""
    portal_policy()
    answer_templates()
