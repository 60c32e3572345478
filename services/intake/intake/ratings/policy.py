"""The policy files of ratings: the aspects that may be rated apart, and limits."""

from collections.abc import Mapping
from functools import cache
from typing import Final

from pydantic import Field

from shared.domain.labels import Label
from shared.http import StrictModel
from shared.policy_files import policy_model, policy_table

PACKAGE: Final = "intake.ratings"


class RatingPolicy(StrictModel):
    """The file explains each value."""

    a_day: int = Field(ge=1)
    kept_months: int = Field(ge=2)
    doctors_listed: int = Field(ge=1)
    roster_minutes: int = Field(ge=1)
    rosters_stored: int = Field(ge=1)
    roster_seconds: int = Field(ge=1, le=10)
    roster_pause_seconds: int = Field(ge=1)


@cache
def rating_policy() -> RatingPolicy:
    """Return the limits. Raises ValueError for a wrong file."""
    return policy_model(PACKAGE, "rating_policy.toml", RatingPolicy)


@cache
def rating_aspects() -> Mapping[str, Label]:
    """Return the aspects by code, in the order in which they are asked. Raises ReferenceDataError."""
    return policy_table(PACKAGE, "rating_aspects.csv", lambda row: row.label())


def check_policies() -> None:
    """Read both files. Raises ReferenceDataError or ValueError."""
    rating_policy(), rating_aspects()
