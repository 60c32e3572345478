"""Constructors of the events that clocks publish."""

from routing.clocks.models import CaseClock
from routing.clocks.schemas import ClockRow
from shared.contracts import ClockBreached, ClockStarted, ClockWarned


def clock_started(clock: ClockRow) -> ClockStarted:
    """Return the event of a clock that has just started."""
    return ClockStarted.model_validate(clock)


def clock_warned(clock: CaseClock) -> ClockWarned:
    """Return the event of a clock that is close to its end."""
    return ClockWarned(appeal_id=clock.appeal_id, clock_id=clock.clock_id, policy=clock.policy, due_at=clock.due_at)


def clock_breached(clock: CaseClock) -> ClockBreached:
    """Return the event of a clock that ran past its end."""
    return ClockBreached(appeal_id=clock.appeal_id, clock_id=clock.clock_id, policy=clock.policy, due_at=clock.due_at)
