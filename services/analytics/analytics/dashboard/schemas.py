"""Responses of the live figures."""

from datetime import datetime

from pydantic import BaseModel


class InTime(BaseModel):
    """`value`: in per cent of `n`; null if `n` is 0."""

    value: float | None
    n: int


class LiveStatus(BaseModel):
    """What everybody may read: whether events are being counted, and the time of the newest event in the figures."""

    ready: bool
    as_of: datetime


class Live(LiveStatus):
    """The present state, for staff, analysts and admins. Days are days in Asia/Almaty."""

    received_today: int
    received_yesterday_by_now: int
    answered_in_time_30d: InTime
    in_progress: int
    urgent_open: int
