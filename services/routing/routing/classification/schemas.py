"""Classifications as they are stored and sent."""

from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, with_config
from typing_extensions import TypedDict

from shared.http import StrictModel, Text


class Decision(StrEnum):
    """AUTO: the choice stands by itself. SUGGEST: a person should check it. TRIAGE: a person has to choose."""

    AUTO = "auto"
    SUGGEST = "suggest"
    TRIAGE = "triage"


class Method(StrEnum):
    """Who or what chose: the applicant, the trained model, or the dictionary alone."""

    DECLARED = "declared"
    MODEL = "model"
    LEXICON = "lexicon"


class StoredEvidence(TypedDict):
    """One piece of evidence as JSON: a position in the text, the term of the dictionary that matched, and the code it argues for."""

    start: int
    end: int
    term: str
    code: str


@with_config(ConfigDict(extra="allow"))
class StoredClassification(TypedDict, total=False):
    """A classification as JSON. A case imported from a former register has `decision` and `versions` alone.

    `decision` is a code of `Decision`; JSON returns it as text. `protected`: matters that a person reviews, and nobody else; `junk`:
    a code of `shared.language.junk.Junk`. Classifications of earlier versions lack both.
    """

    kind: str
    category: str | None
    topic: str | None
    tier: int
    urgent: bool
    language: str
    confidence: float
    decision: str
    evidence: list[StoredEvidence]
    versions: dict[str, str]
    protected: list[str]
    junk: str | None


class ClassifyText(StrictModel):
    """A text to be classified, at most 20 000 characters."""

    text: Annotated[str, Text(20_000, as_sent=True)]


class EvidenceView(BaseModel):
    """A position in the text as it was sent, the matching term and the code it argues for."""

    start: int
    end: int
    term: str
    code: str


class ClassificationView(BaseModel):
    """The classification of a text; `confidence` is 0..1."""

    kind: str
    category: str | None
    topic: str | None
    tier: int
    urgent: bool
    language: str
    confidence: float
    decision: Decision
    evidence: list[EvidenceView]
    versions: dict[str, str]
