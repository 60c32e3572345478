"""The consents of the forms and their texts (`data/consents.toml`)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from pydantic import TypeAdapter
from typing_extensions import TypedDict  # pydantic accepts no other before Python 3.12

from intake.register.service.filing import CONSENTS
from shared.domain.labels import Label, Language
from shared.domain.tables import ReferenceDataError
from shared.policy_files import policy_document

FILE = "consents.toml"


class ConsentLine(TypedDict):
    """A term of a consent and its text."""

    term: Label
    text: Label


class ConsentEntry(TypedDict):
    """A consent of `consents.toml`."""

    code: str
    label: Label
    content: list[ConsentLine]


@dataclass(frozen=True, slots=True)
class Consent:
    """A consent in one language: what is agreed to, and its whole content as (term, text)."""

    code: str
    label: str
    content: Sequence[tuple[str, str]]


def consents(language: Language) -> Sequence[Consent]:
    """Return the consents in the order of the file. Raises ReferenceDataError if they differ from those of the register."""
    return [_consent(entry, language) for entry in _entries()]


def consent(code: str, language: Language) -> Consent:
    """Return a consent. Raises KeyError for an unknown code."""
    return {entry.code: entry for entry in consents(language)}[code]


def consent_labels() -> Mapping[str, Label]:
    """Return the labels of the consents by code."""
    return {entry["code"]: entry["label"] for entry in _entries()}


@cache
def _entries() -> Sequence[ConsentEntry]:
    entries = TypeAdapter(list[ConsentEntry]).validate_python(policy_document("intake.forms", FILE)["consents"])
    if {entry["code"] for entry in entries} != CONSENTS:
        raise ReferenceDataError(FILE, 1, "the consents are not those of the register")
    return entries


def _consent(entry: ConsentEntry, language: Language) -> Consent:
    lines = [(line["term"].in_(language), line["text"].in_(language)) for line in entry["content"]]
    return Consent(entry["code"], entry["label"].in_(language), lines)
