from datetime import datetime
from uuid import UUID

from sqlalchemy import Column, Index, text
from sqlmodel import Field

from routing.base import RoutingModel
from routing.clocks.codes import ClockState
from shared.enum_column import EnumColumn

_WAITING = text("next_at IS NOT NULL")
_BREACHED = text("state = 'BREACHED'")


class CaseClock(RoutingModel, table=True):
    """A term that runs on a case. The end is stored as an absolute time, never as a remainder."""

    __tablename__ = "clock"
    __table_args__ = (
        Index("ix_clock_next_at", "next_at", sqlite_where=_WAITING, postgresql_where=_WAITING),
        Index("ix_clock_breached", "due_at", "clock_id", sqlite_where=_BREACHED, postgresql_where=_BREACHED),
    )

    clock_id: UUID = Field(primary_key=True)
    appeal_id: UUID = Field(index=True)
    policy: str
    statutory: bool
    started_at: datetime
    due_at: datetime
    calendar_version: str
    state: ClockState = Field(sa_column=Column(EnumColumn(ClockState), nullable=False))
    warn_at: datetime | None
    next_at: datetime | None
    """When the clock job has to process the clock next."""
    stopped_at: datetime | None
