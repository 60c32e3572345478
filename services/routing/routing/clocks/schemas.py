"""Clocks as other slices and clients see them."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Annotated, Final, NamedTuple, Protocol, TypedDict
from uuid import UUID

from pydantic import BaseModel, Field, WithJsonSchema

from routing.clocks.codes import ClockState

NEVER: Final = datetime(9999, 12, 31, tzinfo=UTC)
"""The due time of a case on which no clock runs: it comes last in every list and is never overdue."""


class ClockRow(TypedDict):
    """A row of the table `clock`."""

    clock_id: UUID
    appeal_id: UUID
    policy: str
    statutory: bool
    started_at: datetime
    due_at: datetime
    calendar_version: str
    state: ClockState
    warn_at: datetime | None
    next_at: datetime | None
    stopped_at: datetime | None


@dataclass(slots=True)
class ClockRecord:
    """A clock as it is stored. The fields are columns of `clock`."""

    clock_id: UUID
    appeal_id: UUID
    policy: str
    statutory: bool
    started_at: datetime
    due_at: datetime
    calendar_version: str
    state: ClockState
    warn_at: datetime | None
    next_at: datetime | None
    stopped_at: datetime | None


class ClockChange(TypedDict):
    """The columns of `clock` that a stop sets."""

    clock_id: UUID
    state: ClockState
    stopped_at: datetime
    next_at: None


class RunningClock(NamedTuple):
    """What a batch of events needs to know of a clock that runs."""

    appeal_id: UUID
    clock_id: UUID
    policy: str
    state: ClockState
    due_at: datetime


class ClockNotice(NamedTuple):
    """A warning or a breach, to be written into the history of the case; `source` is the id of the event."""

    appeal_id: UUID
    source: UUID
    at: datetime
    fact: str
    policy: str
    due_at: datetime


class TimedCase(Protocol):
    """What the clocks of a case depend on."""

    appeal_id: UUID
    kind: str
    statutory_form: str
    channel: str
    region: str
    received_at: datetime
    registered_at: datetime


_AnyText = WithJsonSchema({"type": "string"})  # the codes may grow; clients must accept new ones


class ClockView(BaseModel):
    """A clock of a case; times are UTC."""

    clock_id: UUID
    policy: str
    statutory: bool
    started_at: datetime
    due_at: datetime
    state: Annotated[ClockState, _AnyText]


class DayView(BaseModel):
    """A day in the calculation of a deadline; `counts` is its number in the term, None if it is not counted."""

    date: date
    counts: int | None
    kk: str
    ru: str
    en: str


class DeadlineView(BaseModel):
    """The end of a term, with the calculation day by day."""

    policy: str
    starts_at: str
    from_: Annotated[date, Field(serialization_alias="from")]
    due_on: date
    calendar_version: str
    explanation: list[DayView]
