"""The tables of the desk: what belongs to a member of staff."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import JSON, Column, LargeBinary, UniqueConstraint
from sqlmodel import Field

from routing.base import RoutingModel

VIEWS_LIMIT: Final = 20
SEARCH_LIFETIME: Final = timedelta(hours=12)  # a working day: the page of a search may be reloaded as long


class CaseVisit(RoutingModel, table=True):
    """The version of a case that a person last opened on the desk: a later one is marked as unread in that person's lists."""

    __tablename__ = "case_visit"

    subject: str = Field(primary_key=True)
    appeal_id: UUID = Field(primary_key=True)
    version: int


class CasePresence(RoutingModel, table=True):
    """A member of staff who has the case open on the desk, or had a moment ago. `writing`: an answer is being typed."""

    __tablename__ = "case_presence"

    appeal_id: UUID = Field(primary_key=True)
    subject: str = Field(primary_key=True)
    writing: bool
    at: datetime = Field(index=True)
    """When the page was last renewed: after `presence.LIFETIME` the row counts no more, and a job deletes it."""


class DeskSearch(RoutingModel, table=True):
    """What a person's search found, for the page that shows it and its reloads. What was typed is not stored."""

    __tablename__ = "desk_search"

    id: UUID = Field(primary_key=True)
    subject: str
    """The subject of the person's token: nobody else opens the page."""
    appeal_ids: list[str] = Field(sa_column=Column(JSON, nullable=False))
    provider_ids: list[str] = Field(sa_column=Column(JSON, nullable=False))
    is_complete: bool
    """Every service answered."""
    at: datetime = Field(index=True)


class SavedView(RoutingModel, table=True):
    """A list that a member of staff saved under a name. The name is text typed by a person, and sealed."""

    __tablename__ = "saved_view"
    __table_args__ = (UniqueConstraint("subject", "slot", name="uq_saved_view_slot"),)

    id: UUID = Field(primary_key=True)
    subject: str
    """The subject of the person's token."""
    slot: int
    """1 to VIEWS_LIMIT, unique for each person: a person cannot have more views, whatever runs at the same time."""
    name: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    address: str
    """The parameters of the list: codes, days and digits, no text."""
    saved_at: datetime
