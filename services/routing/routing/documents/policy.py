"""The fixed texts of the documents (`data/document_texts.toml`)."""

from collections.abc import Mapping
from functools import cache

from pydantic import BaseModel

from routing.cases.codes import EntryType
from routing.clocks.codes import ClockState
from shared.domain.labels import Label, Language
from shared.policy_files import policy_model


class LetterTexts(BaseModel):
    """The fixed texts of a letter. {number}, {n}, {address} are filled in."""

    fund: Label
    title: Label
    date: Label
    to: Label
    applicant: Label
    subject: Label
    finding: Label
    fact: Label
    rule: Label
    next_steps: Label
    how_to_complain: Label
    signature: Label
    code: Label
    check: Label
    qr: Label
    page: Label

    def in_(self, language: Language) -> Mapping[str, str]:
        """Return the texts in one language by name."""
        return {name: text.in_(language) for name, text in self}


class CaseFileTexts(BaseModel):
    """The fixed texts of a case file. {number} and, in the fact `finding`, {n} are filled in."""

    fund: Label
    title: Label
    basis: Label
    left_out: Label
    made: Label
    about: Label
    applicant: Label
    anonymous: Label
    conversation: Label
    statuses: Label
    clocks: Label
    inquiries: Label
    reads: Label
    nobody: Label
    none: Label
    no_text: Label
    unreadable: Label
    files: Label
    page: Label
    facts: Mapping[str, Label]
    entries: Mapping[EntryType, Label]
    parts: Mapping[str, Label]
    clock_states: Mapping[ClockState, Label]


class DocumentTexts(BaseModel):
    """The form of `document_texts.toml`."""

    letter: LetterTexts
    case_file: CaseFileTexts


@cache
def texts() -> DocumentTexts:
    """Return the fixed texts. Raises ReferenceDataError or ValidationError for a wrong file."""
    return policy_model("routing.documents", "document_texts.toml", DocumentTexts)
