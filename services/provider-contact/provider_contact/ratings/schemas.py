"""Responses and rows of ratings."""

from datetime import date
from typing import NamedTuple
from uuid import UUID

from pydantic import BaseModel, Field
from typing_extensions import TypedDict

from shared.http import ListResponse


class RankedItem(BaseModel):
    """A provider in the ranking of a month. Providers with equal bounds have one rank."""

    rank: int
    provider_id: UUID
    name_kk: str
    name_ru: str
    region: str
    positive: int = Field(description="share of scores 4 and 5, in percent")
    low: int = Field(description="lower bound of the share by Wilson with 95 % confidence, in percent: the ranking goes by it")
    high: int
    mean: float
    ratings_at_least: int = Field(description="the number of ratings, rounded down to a band")


class Ranking(ListResponse[RankedItem]):
    """The ranking of a whole calendar month. A provider with fewer than `minimum` ratings is not in it."""

    month: str | None = Field(None, description="null: no month is ranked yet", examples=["2026-01"])
    months: list[str] = Field([], description="the months that are ranked, latest first")
    minimum: int


class RatedDoctor(BaseModel):
    """The ratings of a doctor in a month, for the staff of the Fund alone."""

    doctor_id: UUID
    provider_id: UUID
    positive: int
    low: int
    high: int
    mean: float
    ratings_at_least: int


class Tally(NamedTuple):
    """Counts of ratings."""

    subject_id: UUID
    ratings: int
    positive: int
    total: int
    """The sum of the scores."""


class RatingRow(TypedDict):
    """A row of `rating`."""

    rating_id: UUID
    provider_id: UUID
    doctor_id: UUID | None
    score: int
    aspects: dict[str, int]
    month: date


class RankedRow(TypedDict):
    """A row of `ranked_provider`."""

    month: date
    provider_id: UUID
    ratings_at_least: int
    positive: int
    low: int
    high: int
    mean_tenths: int
    order: int
