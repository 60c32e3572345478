"""Requests and responses of the provider index."""

from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from analytics.kpis.schemas import RegionCode
from shared.http import DEFAULT_LIMIT, ListResponse, QueryModel


class FunnelPosition(StrEnum):
    """Where the complaints of a provider lie: outside, chance alone explains the distance from the expectation once in 500 times."""

    WITHIN = "within"
    ABOVE = "above"
    BELOW = "below"


class IndexSort(StrEnum):
    """The orders of the index; the provider that most needs attention comes first."""

    INDEX = "index"
    NAME = "name"
    COMPLAINTS = "complaints"
    RATIO = "ratio"
    WITHDRAWALS = "withdrawals"
    RATING = "rating"


class IndexQuery(QueryModel):
    period: str = Field(max_length=10, examples=["2026-Q3"])
    """A year, half-year, quarter or month: `2026`, `2026-H1`, `2026-Q3`, `2026-09`."""
    region: RegionCode | None = Field(None, examples=["KZ-43"])
    """The region of the providers; supervisors and heads read their own."""
    sort: IndexSort = IndexSort.INDEX


class IndexPageQuery(IndexQuery):
    limit: int = Field(DEFAULT_LIMIT, ge=1, le=200)
    cursor: str | None = None
    """`next_cursor` of the page before."""


class ComparedProvider(NamedTuple):
    """A provider with its complaints and what is expected of it; the fields are those of `ProviderIndexItem`."""

    provider_id: UUID
    name_kk: str
    name_ru: str
    region: str
    kind: str | None
    complaints: int
    unproven_withdrawals: int
    expected: float
    ratio: float | None
    funnel: FunnelPosition | None
    beyond: float | None
    suspicious: bool


class ProviderIndexItem(BaseModel):
    """A provider in the index."""

    provider_id: UUID
    name_kk: str
    name_ru: str
    region: str
    kind: str | None
    complaints: int
    """Complaints received in the period that name the provider."""
    expected: float
    """Complaints of an average provider of the same kind in the same region."""
    ratio: float | None
    """Complaints by expected complaints. Null if none are expected."""
    per_10000: float | None
    """Complaints for each 10 000 appeals received in the region; null without any."""
    low: float | None
    """The 95 % confidence limits of `per_10000`."""
    high: float | None
    funnel: FunnelPosition | None
    """Null if there are too few complaints to compare."""
    beyond: float | None
    """The funnel limits, in per cent, outside which the provider lies: 99.8, 95, or null."""
    unproven_withdrawals: int
    """Complaints that were withdrawn and not checked with the applicant."""
    promises: int
    """Promises that were due in the period and have a result."""
    promises_kept: int
    rating: float | None
    """The average of the ratings of the period, 1 to 5; null if there are too few."""
    ratings_n: int
    suspicious: bool
    """Implausibly few complaints, and many of them withdrawn without a check."""
    index: float | None
    """From 0 to 100, where more is better. Null if there are too few complaints to compare."""

    @property
    def has_figures(self) -> bool:
        """Return whether anything was counted of the provider, or expected of it in a number that can be compared."""
        return self.funnel is not None or bool(self.complaints or self.promises or self.ratings_n)


class ProviderIndex(ListResponse[ProviderIndexItem]):
    """The providers of a region, or of all regions, in a period."""

    model_config = ConfigDict(populate_by_name=True)

    first: date = Field(alias="from")
    last: date = Field(alias="to")
    region: str | None
    as_of: datetime
    """The time of the newest event in the figures."""
