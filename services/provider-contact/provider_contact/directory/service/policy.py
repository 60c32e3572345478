"""The directory's reviewed files: how names are scored, and which words are common."""

from collections.abc import Mapping
from functools import cache

from pydantic import BaseModel, ConfigDict, Field

from shared.policy_files import policy_model, policy_rows

PACKAGE = "provider_contact.directory"


class NameSearchPolicy(BaseModel):
    """Weights of the name search; the file gives the reason for each."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: str
    candidate_floor: float = Field(gt=0, lt=1)
    query_share: float = Field(gt=0, lt=1)
    word_weight: float = Field(gt=0)
    number_weight: float = Field(gt=0)
    number_missing: float = Field(gt=0, lt=1)
    evidence: float = Field(gt=0)
    likeness_cutoff: float = Field(gt=0, lt=1)
    prefix_likeness: float = Field(gt=0, lt=1)


@cache
def name_search_policy() -> NameSearchPolicy:
    """Return the weights of the name search. Raises ValidationError for a missing or wrong value."""
    return policy_model(PACKAGE, "name_search.toml", NameSearchPolicy)


@cache
def name_weights() -> Mapping[str, float]:
    """Return the weight of each common word, above 0 and up to 1. Raises ReferenceDataError for a wrong row."""
    found: dict[str, float] = {}
    for row in policy_rows(PACKAGE, "name_weights.csv"):
        token, weight = row.text("token"), float(row.text("weight"))
        if token in found or not 0 < weight <= 1 or not row.text("reason"):
            raise row.error(f"{token} is listed twice or its weight is not above 0 and up to 1")
        found[token] = weight
    return found


def check_policies() -> None:
    """Load every file of this slice. Raises ReferenceDataError or ValidationError, so that no process starts with a wrong file."""
    name_search_policy()
    name_weights()
