from datetime import datetime
from uuid import UUID

from sqlalchemy import Column
from sqlmodel import Field

from routing.base import RoutingModel
from routing.clocks.codes import ClockState
from shared.enum_column import EnumColumn


class CaseClock(RoutingModel, table=True):
    """A term that runs on a case. The end is stored as an absolute time, never as a remainder."""

    __tablename__ = "clock"

    clock_id: UUID = Field(primary_key=True)
    appeal_id: UUID = Field(index=True, foreign_key="appeal_case.appeal_id")
    policy: str
    statutory: bool
    started_at: datetime
    due_at: datetime
    calendar_version: str
    state: ClockState = Field(sa_column=Column(EnumColumn(ClockState), nullable=False))
    warn_at: datetime | None
    next_at: datetime | None = Field(index=True)
    """When the clock job has to process the clock next."""
    stopped_at: datetime | None
