"""The dictionary of the classifier as `data/lexicon.toml` has it."""

from dataclasses import dataclass
from functools import cache

from pydantic import BaseModel

from shared.policy_files import policy_model


@dataclass(frozen=True)
class LexiconSettings:
    """Thresholds and weights of the decision; the data file explains each."""

    auto_confidence: float
    suggest_confidence: float
    auto_evidence: float
    side_topic: float
    phrase_gap: int
    evidence_limit: int


class TermEntry(BaseModel):
    """Terms of one code as `lexicon.toml` has them."""

    group: str
    code: str
    weight: float
    stems: list[str]


class LexiconFile(BaseModel):
    """The form of `lexicon.toml`."""

    version: str
    settings: LexiconSettings
    priors: dict[str, float]
    terms: list[TermEntry]


@cache
def lexicon_file() -> LexiconFile:
    """Return the dictionary as written. Raises ReferenceDataError for a missing source, ValidationError for a wrong form."""
    return policy_model("routing.classification", "lexicon.toml", LexiconFile)
