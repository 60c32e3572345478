"""The table of ratings. Nothing in it says who rated: `id` is a keyed hash of person, provider and month."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import JSON, Column
from sqlmodel import Field

from intake.base import IntakeModel


class Rating(IntakeModel, table=True):
    """The latest rating of a provider by one person in one calendar month."""

    __tablename__ = "rating"

    id: UUID = Field(primary_key=True)
    """The first half of a keyed hash of person, provider and month: ratings of one person are not linked with each other."""
    provider_id: UUID
    doctor_id: UUID | None
    score: int
    aspects: dict[str, int] = Field(sa_column=Column(JSON, nullable=False))
    month: date = Field(index=True)
    channel: str
    at: datetime
