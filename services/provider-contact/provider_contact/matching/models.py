"""The table of matching."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import JSON, Column, Index
from sqlmodel import Field
from typing_extensions import TypedDict  # pydantic reads the annotations of `NameMatch` and needs this one before Python 3.12

from provider_contact.base import ProviderContactModel


class StoredCandidate(TypedDict):
    """A candidate as stored in JSON: the provider's id in its canonical form, and a score from 0 to 1."""

    provider_id: str
    score: float


class NameMatch(ProviderContactModel, table=True):
    """A typed name that no rule could decide, so that a clerk has to: the candidates with their scores, never the name."""

    __tablename__ = "name_match"
    __table_args__ = (Index("ix_name_match_order", "noted_at", "appeal_id"),)

    appeal_id: UUID = Field(primary_key=True)
    candidates: list[StoredCandidate] = Field(sa_column=Column(JSON, nullable=False))
    noted_at: datetime


class NameMatchRow(TypedDict):
    """A row of `name_match` for bulk statements."""

    appeal_id: UUID
    candidates: list[StoredCandidate]
    noted_at: datetime
