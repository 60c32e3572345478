"""Tables of ratings. Nothing in them says who rated."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import JSON, Column, Index
from sqlmodel import Field

from provider_contact.base import ProviderContactModel


class Rating(ProviderContactModel, table=True):
    """The latest rating of one person, provider and month, as intake published it."""

    __tablename__ = "rating"
    __table_args__ = (Index("ix_rating_month", "month", "provider_id"),)

    rating_id: UUID = Field(primary_key=True)
    provider_id: UUID
    doctor_id: UUID | None
    score: int
    aspects: dict[str, int] = Field(sa_column=Column(JSON, nullable=False))
    month: date


class RankedMonth(ProviderContactModel, table=True):
    """A month whose ranking is published. It is computed once and never again, so that two versions of it reveal nobody."""

    __tablename__ = "ranked_month"

    month: date = Field(primary_key=True)
    ranked_at: datetime


class RankedProvider(ProviderContactModel, table=True):
    """The published figures of a provider in a month. A provider below the least number of ratings has no row."""

    __tablename__ = "ranked_provider"

    month: date = Field(primary_key=True)
    provider_id: UUID = Field(primary_key=True)
    ratings_at_least: int
    positive: int
    """Share of satisfied ratings in whole percent."""
    low: int
    """Lower bound of the share in whole percent (Wilson, 95 %)."""
    high: int
    mean_tenths: int
    """The mean score in tenths."""
    order: int
    """The lower bound in millionths, by which providers are ranked; not published."""
