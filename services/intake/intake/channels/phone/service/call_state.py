"""Summary of a call, computed from its events. The order in which the events were received does not matter."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from intake.channels.phone.codes import CallDirection, CallEventType, CallOutcome, CallState, MenuTarget
from intake.channels.phone.policy import OTHER_QUEUE, menu, queues
from intake.channels.phone.schemas.rows import CallEventData
from shared.domain import registration
from shared.domain.calendar import CalendarGap

OVER: Final = frozenset({CallState.ENDED, CallState.ABANDONED})
IN_TALK: Final = frozenset({CallState.TALKING, CallState.HELD})
WAITING: Final = frozenset({CallState.QUEUED, CallState.RINGING})
SELF_SERVED: Final = frozenset({MenuTarget.STATUS, MenuTarget.URGENT})
_STATE_AFTER: Final[Mapping[CallEventType, CallState]] = {
    CallEventType.OFFERED: CallState.OFFERED,
    CallEventType.IVR_CHOICE: CallState.MENU,
    CallEventType.QUEUED: CallState.QUEUED,
    CallEventType.RINGING: CallState.RINGING,
    CallEventType.ANSWERED: CallState.TALKING,
    CallEventType.HELD: CallState.HELD,
    CallEventType.TRANSFERRED: CallState.QUEUED,
    CallEventType.ABANDONED: CallState.ABANDONED,
    CallEventType.ENDED: CallState.ENDED,
}
_OF_AN_AGENT: Final = frozenset({CallEventType.RINGING, CallEventType.ANSWERED, CallEventType.TRANSFERRED})


@dataclass(frozen=True, slots=True)
class ReceivedEvent:
    """An event of a call as it is stored."""

    type: CallEventType
    seq: int
    at: datetime
    data: CallEventData


@dataclass(frozen=True, slots=True)
class CallSummary:
    """A call after its events so far. Seconds are whole; `menu_target`: where the voice menu led last."""

    state: CallState
    direction: CallDirection
    queue: str
    agent: str | None
    menu_target: MenuTarget | None
    offered_at: datetime
    queued_at: datetime | None
    answered_at: datetime | None
    ended_at: datetime | None
    waited_seconds: int
    talked_seconds: int
    last_at: datetime
    """When the latest event happened."""

    @property
    def outcome(self) -> CallOutcome | None:
        """The outcome; None while the call goes on. AFTER_HOURS: the call came in outside the working hours of the branch."""
        if self.ended_at is None:
            return None
        if self.answered_at is not None:
            return CallOutcome.ANSWERED
        if self.queued_at is None and self.menu_target in SELF_SERVED:
            return CallOutcome.SELF_SERVICE
        is_late = self.queued_at is None and is_after_hours(self.offered_at, self.queue)
        return CallOutcome.AFTER_HOURS if is_late else CallOutcome.ABANDONED


def is_after_hours(at: datetime, queue: str) -> bool:
    """Return whether an appeal received at `at` would be registered only later (АППК art. 64(3)); False outside the calendar."""
    try:
        return registration.registered_at(at, queues()[queue].branch) != at
    except CalendarGap:
        return False


def summarize(events: Iterable[ReceivedEvent]) -> CallSummary:
    """Return the summary of at least one event. An end is final whatever follows it; the first answer ends the waiting."""
    ordered = sorted(events, key=lambda event: (event.at, event.seq, event.type))
    first = {event.type: event for event in reversed(ordered)}
    last = {event.type: event for event in ordered}
    end = first.get(CallEventType.ENDED) or first.get(CallEventType.ABANDONED)
    answered, queued = first.get(CallEventType.ANSWERED), first.get(CallEventType.QUEUED)
    queued_at = queued.at if queued else None
    answered_at = answered.at if answered else None
    ended_at = end.at if end else None
    path = _latest(event.data.get("ivr_path") for event in ordered)
    wait_counts = [event.data.get("wait_s") for event in (answered, last.get(CallEventType.ABANDONED), end) if event is not None]
    talk_counts = [event.data.get("talk_s") for event in ordered if event.type == CallEventType.ENDED]
    return CallSummary(
        state=_final_state(answered_at, end) if end else _state_after(ordered),
        direction=CallDirection(_latest(event.data.get("direction") for event in ordered) or CallDirection.IN),
        queue=_latest(event.data.get("queue") for event in ordered) or OTHER_QUEUE,
        agent=_latest(event.data.get("agent") for event in ordered if event.type in _OF_AN_AGENT),
        menu_target=menu().get(path) if path else None,
        offered_at=ordered[0].at,
        queued_at=queued_at,
        answered_at=answered_at,
        ended_at=ended_at,
        waited_seconds=_seconds(wait_counts, queued_at, answered_at or ended_at),
        talked_seconds=_seconds(talk_counts, answered_at, ended_at),
        last_at=ordered[-1].at,
    )


def _state_after(ordered: Sequence[ReceivedEvent]) -> CallState:
    states = [_STATE_AFTER[event.type] for event in ordered if event.type in _STATE_AFTER]
    return states[-1] if states else CallState.OFFERED


def _final_state(answered_at: datetime | None, end: ReceivedEvent) -> CallState:
    return CallState.ENDED if answered_at is not None or end.type == CallEventType.ENDED else CallState.ABANDONED


def _latest(values: Iterable[str | None]) -> str | None:
    """Return the last value that was given."""
    found = None
    for value in values:
        found = value or found
    return found


def _seconds(counts: Iterable[int | None], since: datetime | None, until: datetime | None) -> int:
    """Return the exchange's own count if it gave one, else the time between two events; 0 if one of them is missing."""
    for count in counts:
        if count is not None:
            return count
    return max(int((until - since).total_seconds()), 0) if since is not None and until is not None else 0
