"""The consents of the forms and their texts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from intake.forms.policy import ConsentEntry, consent_entries
from shared.domain.labels import Label, Language


@dataclass(frozen=True, slots=True)
class Consent:
    """A consent in one language: what is agreed to, and its whole content as (term, text)."""

    code: str
    label: str
    content: Sequence[tuple[str, str]]


def consents(language: Language) -> Sequence[Consent]:
    """Return the consents in the order of the file. Raises ReferenceDataError if they differ from those of the register."""
    return [_consent(entry, language) for entry in consent_entries()]


def consent(code: str, language: Language) -> Consent:
    """Return a consent. Raises KeyError for an unknown code."""
    return {entry.code: entry for entry in consents(language)}[code]


def consent_labels() -> Mapping[str, Label]:
    """Return the labels of the consents by code."""
    return {entry["code"]: entry["label"] for entry in consent_entries()}


def _consent(entry: ConsentEntry, language: Language) -> Consent:
    lines = [(line["term"].in_(language), line["text"].in_(language)) for line in entry["content"]]
    return Consent(entry["code"], entry["label"].in_(language), lines)
