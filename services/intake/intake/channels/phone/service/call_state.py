"""The course of a call, folded from what was heard of it: whatever the order in which its events came in, they tell the same."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from intake.channels.phone.service.policy import OTHER_QUEUE, menu, queues
from shared.domain import registration
from shared.domain.calendar import CalendarGap

Outcome = Literal["ANSWERED", "ABANDONED", "AFTER_HOURS", "SELF_SERVICE"]

OVER: Final = frozenset({"ENDED", "ABANDONED"})
IN_TALK: Final = frozenset({"TALKING", "HELD"})
WAITING: Final = frozenset({"QUEUED", "RINGING"})
_STATES: Final[Mapping[str, str]] = {
    "offered": "OFFERED",
    "ivr_choice": "MENU",
    "queued": "QUEUED",
    "ringing": "RINGING",
    "answered": "TALKING",
    "held": "HELD",
    "transferred": "QUEUED",
    "abandoned": "ABANDONED",
    "ended": "ENDED",
}
SELF_SERVED: Final = frozenset({"STATUS", "URGENT"})


@dataclass(frozen=True, slots=True)
class Heard:
    """An event as it is kept: `data` holds direction, queue, agent, ivr_path, wait_s and talk_s, where given."""

    type: str
    seq: int
    at: datetime
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Course:
    """Where a call stands. Seconds are whole; `chosen`: where the voice menu led last."""

    state: str
    direction: str
    queue: str
    agent: str | None
    chosen: str | None
    offered_at: datetime
    queued_at: datetime | None
    answered_at: datetime | None
    ended_at: datetime | None
    waited_seconds: int
    talked_seconds: int
    last_at: datetime
    """When the last that was heard of it happened."""

    @property
    def outcome(self) -> Outcome | None:
        """None while it goes on. After hours: nobody was there to queue for, by the working hours of the branch."""
        if self.ended_at is None:
            return None
        if self.answered_at is not None:
            return "ANSWERED"
        if self.queued_at is None and self.chosen in SELF_SERVED:
            return "SELF_SERVICE"
        return "AFTER_HOURS" if self.queued_at is None and is_after_hours(self.offered_at, self.queue) else "ABANDONED"


def is_after_hours(at: datetime, queue: str) -> bool:
    """Whether what comes in at `at` is registered later only (АППК art. 64(3)); outside the calendar nothing is."""
    try:
        return registration.registered_at(at, queues()[queue].branch) != at
    except CalendarGap:
        return False


def fold(events: Iterable[Heard]) -> Course:
    """The course that the events tell, at least one. An end holds, whatever follows it; the first answer counts for the waiting."""
    heard = sorted(events, key=lambda one: (one.at, one.seq, one.type))
    by_type = {one.type: one for one in reversed(heard)}  # the first of each
    last = {one.type: one for one in heard}
    end = by_type.get("ended") or by_type.get("abandoned")
    answered, queued, offered_at = by_type.get("answered"), by_type.get("queued"), heard[0].at
    answered_at = answered.at if answered else None
    ended_at = end.at if end else None
    moves = [_STATES[one.type] for one in heard if one.type in _STATES]
    path = _latest(heard, "ivr_path")
    return Course(
        state=_final_state(answered_at, end) if end else moves[-1] if moves else "OFFERED",
        direction=_latest(heard, "direction") or "in",
        queue=_latest(heard, "queue") or OTHER_QUEUE,
        agent=_latest([one for one in heard if one.type in {"ringing", "answered", "transferred"}], "agent"),
        chosen=menu().get(path) if path else None,
        offered_at=offered_at,
        queued_at=queued.at if queued else None,
        answered_at=answered_at,
        ended_at=ended_at,
        waited_seconds=_given([answered, last.get("abandoned"), end], "wait_s", queued.at if queued else None, answered_at or ended_at),
        talked_seconds=_given([one for one in heard if one.type == "ended"], "talk_s", answered_at, ended_at),
        last_at=heard[-1].at,
    )


def _final_state(answered_at: datetime | None, end: Heard) -> str:
    return "ENDED" if answered_at is not None or end.type == "ended" else "ABANDONED"


def _latest(heard: Iterable[Heard], name: str) -> str | None:
    """What was said last of `name`."""
    found = None
    for one in heard:
        found = one.data.get(name) or found
    return found


def _given(said: Iterable[Heard | None], name: str, since: datetime | None, until: datetime | None) -> int:
    """The exchange's own count where it gave one, else the time between two moments; 0 where there was none."""
    for one in said:
        if one is not None and one.data.get(name) is not None:
            return int(one.data[name])
    return max(int((until - since).total_seconds()), 0) if since is not None and until is not None else 0
