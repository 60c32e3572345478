"""A case and its clocks while a batch of events is applied to it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from routing.cases.schemas.rows import CaseChange, CaseState
from routing.cases.schemas.staffing import queue_of
from routing.clocks import service as clocks
from routing.clocks.codes import ClockCode, ClockState, ClockTrigger
from routing.clocks.schemas import NEVER, ClockChange, ClockRow, RunningClock
from shared.contracts import AppealEvent
from shared.domain.lifecycle import CaseStatus
from shared.domain.taxonomy import HIGHEST_TIER, taxonomy
from shared.ids import derived
from shared.messaging.envelope import Envelope


@dataclass
class CaseProgress:
    """A locked case and its clocks as the events of a batch change them. `before`: the status before the current event."""

    case: CaseState
    running: list[RunningClock]
    before: CaseStatus
    started: list[ClockRow] = field(default_factory=list)
    stopped: list[ClockChange] = field(default_factory=list)

    @property
    def is_finished(self) -> bool:
        """Whether the current status is final."""
        return taxonomy().statuses[self.case.status].final

    def stop_clocks(self, at: datetime, *, only: ClockTrigger | None = None) -> None:
        """Stop the running clocks, or those with one trigger. The clock of a danger runs until the danger is redirected."""
        if only is None:
            stopped = [clock for clock in self.running if clock.policy != ClockCode.REDIRECT_CRIME]
            self.started = [clocks.met_at_once(row, at) for row in self.started]
        else:
            stopped = [clock for clock in self.running if clock.policy in clocks.triggered_by(only)]
        for clock in stopped:
            state = ClockState.MET if at <= clock.due_at else ClockState.MISSED
            self.stopped.append({"clock_id": clock.clock_id, "state": state, "stopped_at": at, "next_at": None})
        self.running = [clock for clock in self.running if clock not in stopped]
        if self.case.unsorted and any(clock.policy == ClockCode.TRIAGE for clock in stopped):
            self.case.unsorted = False
            self.case.queue = queue_of(self.case.region, self.case.tier, self.case.language, protected=self.case.protection is not None)
        self._update_next_due()

    def start_clocks(self, rows: Sequence[ClockRow]) -> None:
        """Add clocks that start in this batch."""
        self.started += rows
        self._update_next_due()

    def start(self, trigger: ClockTrigger, envelope: Envelope) -> None:
        """Start the clocks with this trigger at the time of the event."""
        case, at = self.case, envelope.time
        asked = clocks.ClockStart(case.region, at, at, asked_at=at)
        policies = clocks.triggered_by(trigger)
        self.start_clocks(clocks.begin(case.appeal_id, policies, asked, lambda policy: derived(envelope.id, f"clock/{policy}")))

    def raise_tier(self) -> bool:
        """Move the case one tier up, where it is unassigned; return whether there is a higher tier."""
        case = self.case
        if case.tier == HIGHEST_TIER:
            return False
        case.tier, case.assignee = case.tier + 1, None
        case.queue = queue_of(case.region, case.tier, case.language, unsorted=case.unsorted, protected=case.protection is not None)
        return True

    def _update_next_due(self) -> None:
        ends = [clock.due_at for clock in self.running]
        started = (row["due_at"] for row in self.started if row["state"] is ClockState.RUNNING)
        self.case.next_due_at = min([*ends, *started], default=NEVER)

    def end(self, outcome: str, at: datetime) -> None:
        """Record the outcome and stop the clocks."""
        self.case.outcome, self.case.closed_at = outcome, at
        self.case.approval_id = None  # what waits for a second person lapses
        self.stop_clocks(at)

    def change(self) -> CaseChange:
        """Return the columns that these events may have changed."""
        case = self.case
        return {
            "appeal_id": case.appeal_id,
            "status": case.status,
            "tier": case.tier,
            "version": case.version,
            "queue": case.queue,
            "holder": case.holder,
            "assignee": case.assignee,
            "outcome": case.outcome,
            "closed_at": case.closed_at,
            "has_news": case.has_news,
            "unsorted": case.unsorted,
            "fix_passed": case.fix_passed,
            "score": case.score,
            "confirmed_outcome": case.confirmed_outcome,
            "proposals": case.proposals,
            "reopened_at": case.reopened_at,
            "next_due_at": case.next_due_at,
            "sends_at": case.sends_at,
            "sending_by": case.sending_by,
            "approval_id": case.approval_id,
        }


Reaction = Callable[[CaseProgress, Any, Envelope], Sequence[AppealEvent]]
"""What an event changes in a case whose status has already followed it. Returns the events that routing publishes because of it."""
