"""The rules of the provider index and its sentences, read from data files and checked before the service starts."""

from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from typing import Final, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from analytics.sentences.service import parse_texts
from shared.auth import Role
from shared.domain.labels import Label
from shared.policy_files import policy_model, policy_text

PACKAGE: Final = "analytics.providers"
READERS: Final[tuple[Role, ...]] = ("analyst", "supervisor", "head", "admin")
_PERCENT: Final = 100


class IndexPart(StrEnum):
    """The parts of the index."""

    COMPLAINTS = "complaints"
    WITHDRAWALS = "withdrawals"
    RATINGS = "ratings"
    PROMISES = "promises"


class IndexText(StrEnum):
    """The codes of the sentences."""

    SUMMARY = "summary"
    NOTHING = "nothing"
    SUSPICIOUS = "suspicious"
    ABOVE = "above"


class SuspicionRules(BaseModel):
    """When too few complaints are suspicious. The file explains each value."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    unproven: int = Field(ge=1)
    unproven_percent: int = Field(ge=1, le=_PERCENT)
    penalty: int = Field(ge=1, le=_PERCENT)


class IndexRules(BaseModel):
    """The rules of the index. The file explains each value."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    minimum_complaints: int = Field(ge=1)
    minimum_peers: int = Field(ge=2)
    minimum_ratings: int = Field(ge=5)
    minimum_promises: int = Field(ge=1)
    prior_complaints: int = Field(ge=0)
    suspicion: SuspicionRules
    weights: Mapping[IndexPart, int]

    @model_validator(mode="after")
    def _weights_are_complete(self) -> Self:
        if set(self.weights) != set(IndexPart) or sum(self.weights.values()) != _PERCENT:
            raise ValueError("the weights are those of all parts and add up to 100")
        return self


@cache
def index_rules() -> IndexRules:
    """Return the rules. Raises ValueError for a wrong file."""
    return policy_model(PACKAGE, "provider_index.toml", IndexRules)


@cache
def index_texts() -> Mapping[str, Label]:
    """Return the sentences by code. Raises ReferenceDataError for a wrong file."""
    return parse_texts("sentences.toml", policy_text(PACKAGE, "sentences.toml"), IndexText)


def check_policies() -> None:
    """Raise ValueError if a data file of the index is wrong."""
    index_rules()
    index_texts()
