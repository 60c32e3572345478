"""The policy file of suggestions: thresholds, weights and retention."""

from functools import cache
from typing import Final

from pydantic import Field

from shared.http import StrictModel
from shared.policy_files import policy_model

PACKAGE: Final = "intake.suggestions"


class SuggestionPolicy(StrictModel):
    shown: int = Field(ge=1, le=5)
    similarity: float = Field(ge=0)
    repeated: float = Field(ge=0, le=1)
    least_score: float = Field(ge=0, le=1)
    least_best: float = Field(ge=0, le=1)
    least_similarity: float = Field(ge=0, le=1)
    no_question: float = Field(ge=0, le=1)
    no_question_chosen: float = Field(ge=0, le=1)
    shortest: int = Field(ge=1)
    kept_days: int = Field(ge=1)


@cache
def suggestion_policy() -> SuggestionPolicy:
    """Return the file. Raises ValueError for a wrong one."""
    return policy_model(PACKAGE, "suggestion_policy.toml", SuggestionPolicy)
