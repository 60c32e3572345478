"""What applicants do after filing, what providers propose and promise them, and what becomes of the case.

A constant number of statements, whatever the size of the batch.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, cast
from uuid import UUID

from routing.cases import repository
from routing.cases.errors import UnknownAppeal
from routing.cases.handlers.outcomes import OUTCOME_REACTIONS, entry_type_of, outcome_codes, supersede
from routing.cases.handlers.progress import CaseProgress, Reaction
from routing.cases.policy import NamedCode, closure_gate
from routing.cases.schemas.rows import HistoryCodes, HistoryRow
from routing.cases.service.history import SERVICE_ROLE, entry
from routing.clocks import service as clocks
from routing.clocks.codes import ClockTrigger
from shared.contracts import (
    AppealEvent,
    AppealRated,
    AppealWithdrawn,
    CaseClosed,
    CommitmentDue,
    CommitmentMade,
    MessageAdded,
    OutcomeConfirmed,
    OutcomeDenied,
    TierRaised,
)
from shared.domain.lifecycle import WITHDRAWN, CaseStatus, holder_of, status_after
from shared.ids import derived
from shared.messaging.envelope import Envelope
from shared.messaging.handling import Batch, InOrder
from shared.unit_of_work import UnitOfWork

APPLICANT: Final = "applicant"
LATE_WITHDRAWAL: Final = "withdrawal-late"
_IRRELEVANT: Final = frozenset({AppealRated, CommitmentMade, CommitmentDue})
"""The events that change nothing that a clerk acts upon, so that the version of the case stays."""


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
    case = progress.case
    supersede(case)
    progress.start(ClockTrigger.DENIED, envelope)
    case.has_news = True
    if not progress.raise_tier():
        return ()
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
    **OUTCOME_REACTIONS,
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
    case.version += type(event) not in _IRRELEVANT
    for fact in published:
        work.publish(fact, cause=envelope)
    rows = [_entry(fact, envelope, derived(envelope.id, fact.FACT), cause=event) for fact in published]
    if isinstance(event, AppealWithdrawn) and case.status != WITHDRAWN:  # the earlier decision stands (АППК art. 64(9))
        rows.append(entry(case.appeal_id, derived(envelope.id, LATE_WITHDRAWAL), envelope.time, LATE_WITHDRAWAL))
    return rows


def _entry(event: AppealEvent, envelope: Envelope, source: UUID | None = None, *, cause: AppealEvent | None = None) -> HistoryRow:
    values = {name: getattr(event, name) for name in ("tier", "reason", "outcome", "score") if hasattr(event, name)}
    codes = cast("HistoryCodes", values | outcome_codes(event))
    role = _role_of(cause or event)
    return entry(event.appeal_id, source or envelope.id, envelope.time, entry_type_of(event), actor_role=role, **codes)


def _role_of(event: AppealEvent) -> str:
    """Return who acted: the role that the event names, the applicant for an event of intake, the system for any other."""
    named: str | None = getattr(event, "actor_role", None)
    return named or (APPLICANT if event.SERVICE == MessageAdded.SERVICE else SERVICE_ROLE)
