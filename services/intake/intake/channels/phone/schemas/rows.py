"""Rows of the tables of the phone channel as they are written in bulk."""

from datetime import datetime
from uuid import UUID

from typing_extensions import TypedDict  # pydantic, under SQLModel, accepts no other before Python 3.12

from intake.channels.phone.codes import (
    CallBackReason,
    CallBackState,
    CallDirection,
    CallEventType,
    CallOutcome,
    CallState,
)


class CallRow(TypedDict):
    """A row of `call`."""

    id: UUID
    external: bytes
    direction: CallDirection
    state: CallState
    queue: str
    region: str | None
    agent: str | None
    caller: bytes | None
    caller_tail: str | None
    number: bytes | None
    recording: bytes | None
    offered_at: datetime
    queued_at: datetime | None
    answered_at: datetime | None
    ended_at: datetime | None
    waited_seconds: int
    talked_seconds: int
    outcome: CallOutcome | None
    verified_by: list[str] | None
    received_at: datetime
    published_at: datetime | None


class CallEventData(TypedDict, total=False):
    """What an event says. A key that the exchange did not give is absent; `wait_s` and `talk_s` are seconds."""

    direction: CallDirection
    queue: str
    agent: str
    ivr_path: str
    wait_s: int
    talk_s: int
    disposition: str


class CallEventRow(TypedDict):
    """A row of `call_event`."""

    call_id: UUID
    type: CallEventType
    seq: int
    at: datetime
    data: CallEventData


class CallBackRow(TypedDict):
    """A new row of `call_back`."""

    id: UUID
    call_id: UUID
    reason: CallBackReason
    queue: str
    caller_tail: str | None
    number: bytes
    received_at: datetime
    state: CallBackState
    claimed_by: None
    attempts: int
    changed_at: datetime


class OralRecordRow(TypedDict):
    """A new row of `oral_record`."""

    appeal_id: UUID
    call_id: UUID | None
    receiver: str
    confirmed_at: datetime
