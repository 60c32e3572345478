"""The consents of every form, worded in `data/consents.toml`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from intake.register.service.filing import CONSENTS
from shared.domain.labels import Label, Language
from shared.domain.tables import ReferenceDataError
from shared.policy_files import policy_document

FILE = "consents.toml"


@dataclass(frozen=True, slots=True)
class Consent:
    """A consent in one language: what is agreed to, and its whole content as (term, text)."""

    code: str
    label: str
    content: Sequence[tuple[str, str]]


def consents(language: Language) -> Sequence[Consent]:
    """Every consent, in the order of the file; raises ReferenceDataError if the file and the register know different ones."""
    return [_consent(entry, language) for entry in _entries()]


def consent(code: str, language: Language) -> Consent:
    """Raises KeyError for a code that is none."""
    return {one.code: one for one in consents(language)}[code]


def consent_labels() -> Mapping[str, Label]:
    """What is agreed to, by the consent's code."""
    return {entry["code"]: Label(**entry["label"]) for entry in _entries()}


@cache
def _entries() -> Sequence[dict[str, Any]]:
    entries: list[dict[str, Any]] = policy_document("intake.forms", FILE)["consents"]
    if {entry["code"] for entry in entries} != CONSENTS:
        raise ReferenceDataError(FILE, 1, "the consents are not those of the register")
    return entries


def _consent(entry: dict[str, Any], language: Language) -> Consent:
    lines = [(Label(**line["term"]).in_(language), Label(**line["text"]).in_(language)) for line in entry["content"]]
    return Consent(entry["code"], Label(**entry["label"]).in_(language), lines)
