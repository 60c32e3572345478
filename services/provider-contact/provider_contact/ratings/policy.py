"""The policy of the ranking: least numbers, and when a month is ranked."""

from functools import cache
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, PositiveInt, model_validator

from shared.policy_files import policy_model

PACKAGE, FILE = "provider_contact.ratings", "rating_policy.toml"


class RankingPolicy(BaseModel):
    """The file explains each value."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    minimum: int = Field(ge=10)
    doctor_minimum: int = Field(ge=3)
    positive_from: int = Field(ge=2, le=5)
    days_after: PositiveInt
    bands: tuple[int, ...]

    @model_validator(mode="after")
    def _bands_begin_with_the_minimum(self) -> Self:
        if not self.bands or self.bands[0] != self.minimum or list(self.bands) != sorted(set(self.bands)):
            raise ValueError("the bands begin with the minimum and rise")
        return self

    def band(self, count: int) -> int:
        """Return the largest band that a number of ratings reaches."""
        return max(band for band in self.bands if band <= count)


@cache
def ranking_policy() -> RankingPolicy:
    """Return the policy. Raises ValueError for a wrong file."""
    return policy_model(PACKAGE, FILE, RankingPolicy)
