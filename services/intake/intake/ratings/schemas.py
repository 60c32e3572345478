"""Requests, responses and rows of ratings."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field
from typing_extensions import TypedDict

from intake.register.schemas import Code, CodeText
from shared.domain.labels import Language
from shared.http import StrictModel, Text

Score = Annotated[int, Field(ge=1, le=5)]
PhoneText = Annotated[str, Text(40)]


class RatingCodeIn(StrictModel):
    """A phone number to which a one-time code is sent."""

    phone: PhoneText
    language: Language = "kk"


class RatingCodeSent(BaseModel):
    expires_at: datetime


class PhoneConfirmation(StrictModel):
    """A phone number with the code that was sent to it."""

    phone: PhoneText
    code: CodeText


class RatingIn(StrictModel):
    """A rating from 1 (very bad) to 5 (very good) of an organisation or of one of its doctors."""

    provider_id: UUID = Field(strict=False)
    doctor_id: UUID | None = Field(None, strict=False)
    score: Score
    aspects: dict[Code, Score] = Field(default={}, max_length=20, description="codes of `rating_aspects.csv`; none is required")
    confirmation: PhoneConfirmation | None = Field(None, description="without a token of a citizen; the number is not stored")


class RatingOut(BaseModel):
    """The rating as it counts. `replaced`: it took the place of an earlier one of the same month."""

    rating_id: UUID
    provider_id: UUID
    doctor_id: UUID | None
    month: date
    score: int
    replaced: bool


class RatingRow(TypedDict):
    """A row of `rating`."""

    id: UUID
    provider_id: UUID
    doctor_id: UUID | None
    score: int
    aspects: dict[str, int]
    month: date
    channel: str
    at: datetime
