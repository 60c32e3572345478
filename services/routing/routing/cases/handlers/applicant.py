"""What applicants do after filing, and what becomes of the case: a constant number of statements, whatever the size of the batch."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, cast
from uuid import UUID

from routing.cases import repository
from routing.cases.errors import UnknownAppeal
from routing.cases.models import queue_of
from routing.cases.policy import NamedCode, closure_gate
from routing.cases.schemas.rows import CaseChange, CaseState, HistoryCodes, HistoryRow
from routing.cases.service.history import entry
from routing.clocks import service as clocks
from routing.clocks.codes import ClockCode, ClockState, ClockTrigger
from routing.clocks.schemas import NEVER, ClockChange, ClockRow, RunningClock
from shared.contracts import (
    AppealEvent,
    AppealRated,
    AppealWithdrawn,
    CaseClosed,
    MessageAdded,
    OutcomeConfirmed,
    OutcomeDenied,
    TierRaised,
)
from shared.domain.lifecycle import WITHDRAWN, CaseStatus, holder_of, status_after
from shared.domain.taxonomy import HIGHEST_TIER, taxonomy
from shared.ids import derived
from shared.messaging.envelope import Envelope
from shared.messaging.handling import Batch, InOrder
from shared.unit_of_work import UnitOfWork

APPLICANT: Final = "applicant"
LATE_WITHDRAWAL: Final = "withdrawal-late"


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
        self._update_next_due()

    def start_clocks(self, rows: Sequence[ClockRow]) -> None:
        """Add clocks that start in this batch."""
        self.started += rows
        self._update_next_due()

    def _update_next_due(self) -> None:
        ends = [clock.due_at for clock in self.running]
        started = (row["due_at"] for row in self.started if row["state"] is ClockState.RUNNING)
        self.case.next_due_at = min([*ends, *started], default=NEVER)

    def end(self, outcome: str, at: datetime) -> None:
        """Record the outcome and stop the clocks."""
        self.case.outcome, self.case.closed_at = outcome, at
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
            "fix_passed": case.fix_passed,
            "score": case.score,
            "next_due_at": case.next_due_at,
            "sends_at": case.sends_at,
            "sending_by": case.sending_by,
        }


Reaction = Callable[[CaseProgress, Any, Envelope], Sequence[AppealEvent]]
"""What an event changes in a case whose status has already followed it. Returns the events that routing publishes because of it."""


def _message(progress: CaseProgress, _event: MessageAdded, envelope: Envelope) -> Sequence[AppealEvent]:
    progress.case.has_news, progress.case.fix_passed = not progress.is_finished, False
    progress.stop_clocks(envelope.time, only=ClockTrigger.APPLICANT)
    return ()


def _withdrawn(progress: CaseProgress, _event: AppealWithdrawn, envelope: Envelope) -> Sequence[AppealEvent]:
    if progress.case.status == WITHDRAWN and progress.case.closed_at is None:
        progress.end(WITHDRAWN, envelope.time)
        progress.case.sends_at = progress.case.sending_by = None  # an answer that waits has not been given: it stays its author's draft
    return ()


def _confirmed(progress: CaseProgress, event: OutcomeConfirmed, envelope: Envelope) -> Sequence[AppealEvent]:
    is_latest = progress.before == CaseStatus.ANSWERED and progress.case.answer_id == event.answer_id
    return _closed(progress, envelope, progress.case.confirmed_outcome) if is_latest else ()


def _denied(progress: CaseProgress, event: OutcomeDenied, envelope: Envelope) -> Sequence[AppealEvent]:
    if progress.before != CaseStatus.ANSWERED:
        return ()
    if event.followed_by is not None:
        return _closed(progress, envelope, None)
    case, at = progress.case, envelope.time
    start = clocks.ClockStart(case.region, at, at, asked_at=at)
    policies = clocks.triggered_by(ClockTrigger.DENIED)
    progress.start_clocks(clocks.begin(case.appeal_id, policies, start, lambda policy: derived(envelope.id, f"clock/{policy}")))
    case.has_news = True
    if case.tier == HIGHEST_TIER:
        return ()
    case.tier, case.assignee = case.tier + 1, None
    case.queue = queue_of(case.region, case.tier, case.language)
    return [TierRaised(appeal_id=case.appeal_id, tier=case.tier, queue=case.queue, reason=NamedCode.NOT_SATISFIED)]


def _closed(progress: CaseProgress, envelope: Envelope, outcome: str | None) -> Sequence[AppealEvent]:
    """Close the case with the outcome, by default that of its answer."""
    case = progress.case
    outcome = outcome or case.answer_outcome or closure_gate()[case.kind].outcome
    case.status = status_after(case.status, CaseClosed.FACT)
    progress.end(outcome, envelope.time)
    return [CaseClosed(appeal_id=case.appeal_id, outcome=outcome, actor_role=APPLICANT)]


def _rated(progress: CaseProgress, event: AppealRated, _envelope: Envelope) -> Sequence[AppealEvent]:
    progress.case.score = event.score
    return ()


REACTIONS: Final[Mapping[type[AppealEvent], Reaction]] = {
    MessageAdded: _message,
    AppealWithdrawn: _withdrawn,
    OutcomeConfirmed: _confirmed,
    OutcomeDenied: _denied,
    AppealRated: _rated,
}


@InOrder
async def apply_applicant_events(work: UnitOfWork, batch: Batch[Any]) -> None:
    """Apply the events of applicants to their cases. Raises UnknownAppeal for an appeal without a case."""
    wanted = list({record.event.appeal_id: None for record in batch.received})
    locked = await repository.lock_cases(work.session, wanted)
    if len(locked) < len(wanted):
        raise UnknownAppeal
    running = await clocks.running_clocks_by_case(work.session, wanted)
    progresses = {case.appeal_id: CaseProgress(case, running.get(case.appeal_id, []), case.status) for case in locked.values()}
    fresh = await repository.add_history(work.session, [_entry(record.event, record.envelope) for record in batch.received])
    entries: list[HistoryRow] = []
    changed: dict[UUID, CaseProgress] = {}
    for record in batch.received:
        if record.envelope.id in fresh:
            progress = changed[record.event.appeal_id] = progresses[record.event.appeal_id]
            entries += _apply(work, progress, record.event, record.envelope)
    await repository.add_history(work.session, entries)
    await clocks.add_clocks(work.session, [row for progress in changed.values() for row in progress.started])
    await clocks.change_clocks(work.session, [row for progress in changed.values() for row in progress.stopped])
    await repository.change_cases(work.session, [progress.change() for progress in changed.values()], work.clock.now())


def _apply(work: UnitOfWork, progress: CaseProgress, event: AppealEvent, envelope: Envelope) -> list[HistoryRow]:
    """Apply one event, publish what follows from it, and return the history entries of what was published."""
    case = progress.case
    progress.before, case.status = case.status, status_after(case.status, event.FACT)
    published = REACTIONS[type(event)](progress, event, envelope)
    case.holder = holder_of(case.status, case.tier)
    case.version += not isinstance(event, AppealRated)  # a rating changes nothing that a clerk acts upon
    for fact in published:
        work.publish(fact, cause=envelope)
    rows = [_entry(fact, envelope, derived(envelope.id, fact.FACT)) for fact in published]
    if isinstance(event, AppealWithdrawn) and case.status != WITHDRAWN:  # the earlier decision stands (АППК art. 64(9))
        rows.append(entry(case.appeal_id, derived(envelope.id, LATE_WITHDRAWAL), envelope.time, LATE_WITHDRAWAL))
    return rows


def _entry(event: AppealEvent, envelope: Envelope, source: UUID | None = None) -> HistoryRow:
    values = {name: getattr(event, name) for name in ("tier", "reason", "outcome", "score") if hasattr(event, name)}
    codes = cast("HistoryCodes", values)
    return entry(event.appeal_id, source or envelope.id, envelope.time, event.FACT, actor_role=APPLICANT, **codes)
