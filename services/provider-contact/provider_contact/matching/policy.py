"""The thresholds of the decision rule."""

from functools import cache

from pydantic import BaseModel, ConfigDict, Field

from shared.policy_files import policy_model


class MatchingPolicy(BaseModel):
    """Thresholds of the decision rule; the file gives the reason for each."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: str
    country_threshold: float = Field(gt=0, le=1)
    candidates: int = Field(ge=1, le=20)


@cache
def matching_policy() -> MatchingPolicy:
    """Return the thresholds. Raises ValidationError for a missing or wrong value."""
    return policy_model("provider_contact.matching", "matching.toml", MatchingPolicy)
