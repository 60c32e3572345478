"""What providers propose and promise, what applicants say of it, and the checks by telephone: what each changes in the case.

Only the applicant's confirmation makes a proposal a solution. A proposal, silence and a withdrawal never do. A broken promise, a refuted
confirmation and a refuted withdrawal reopen the case one tier higher, also when it has ended, without a new appeal.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from routing.cases.codes import STANDING, ProposalState
from routing.cases.handlers.progress import CaseProgress, Reaction
from routing.cases.policy import NamedCode
from routing.cases.schemas.rows import CaseState, HistoryCodes
from routing.clocks.codes import ClockTrigger
from shared.contracts import (
    AppealEvent,
    CaseReopened,
    CommitmentDue,
    CommitmentEnded,
    CommitmentMade,
    ConsentAnswered,
    ConsentWithdrawn,
    OutcomeVerified,
    ProposalAnswered,
    ProposalUnanswered,
    SolutionProposed,
)
from shared.domain.lifecycle import WITHDRAWN, CaseStatus, status_after
from shared.messaging.envelope import Envelope

_UNDECIDED: Final = frozenset({None, ProposalState.PROPOSED, ProposalState.NO_ANSWER})
"""The first answer to a proposal counts, also after the term; later answers change nothing."""


def supersede(case: CaseState) -> None:
    """Let no confirmation of a proposal stand any more."""
    if case.is_solution_confirmed:
        known = case.proposals or {}
        case.proposals = {key: ProposalState.SUPERSEDED if state in STANDING else state for key, state in known.items()}


def _state(case: CaseState, event: SolutionProposed | ProposalAnswered | ProposalUnanswered) -> ProposalState | None:
    return (case.proposals or {}).get(str(event.proposal_id))


def _set_state(case: CaseState, key: object, state: ProposalState) -> None:
    case.proposals = {**(case.proposals or {}), str(key): state}


def _proposed(progress: CaseProgress, event: SolutionProposed, _envelope: Envelope) -> Sequence[AppealEvent]:
    if _state(progress.case, event) is None:
        _set_state(progress.case, event.proposal_id, ProposalState.PROPOSED)
    return ()


def _answered(progress: CaseProgress, event: ProposalAnswered, _envelope: Envelope) -> Sequence[AppealEvent]:
    case = progress.case
    if _state(case, event) not in _UNDECIDED:
        return ()
    if not event.confirmed and not progress.is_finished:
        supersede(case)  # the latest word counts; the outcome of an ended case stands with the confirmation that it has
    _set_state(case, event.proposal_id, ProposalState.CONFIRMED if event.confirmed else ProposalState.DENIED)
    case.has_news = case.has_news or not progress.is_finished
    return ()


def _unanswered(progress: CaseProgress, event: ProposalUnanswered, _envelope: Envelope) -> Sequence[AppealEvent]:
    if _state(progress.case, event) in {None, ProposalState.PROPOSED}:
        _set_state(progress.case, event.proposal_id, ProposalState.NO_ANSWER)
        progress.case.has_news = progress.case.has_news or not progress.is_finished
    return ()


def _verified(progress: CaseProgress, event: OutcomeVerified, envelope: Envelope) -> Sequence[AppealEvent]:
    case, key = progress.case, str(event.proposal_id)
    is_refuted = event.result == "REFUTED"
    if event.about == "WITHDRAWAL":
        # A withdrawal that came after the decision changed nothing, so there is nothing to reopen.
        return _reopen(progress, envelope, NamedCode.WITHDRAWAL_REFUTED) if is_refuted and case.status == WITHDRAWN else ()
    if event.about == "ANSWER":
        # A case that goes on already, or that ended with a later answer, has nothing to reopen.
        is_current = case.status == CaseStatus.CLOSED and case.answer_id == event.answer_id
        return _reopen(progress, envelope, NamedCode.CONFIRMATION_REFUTED) if is_refuted and is_current else ()
    if is_refuted:
        _set_state(case, key, ProposalState.REFUTED)
        return _reopen(progress, envelope, NamedCode.CONFIRMATION_REFUTED)
    if event.result == "VERIFIED" and (case.proposals or {}).get(key) == ProposalState.CONFIRMED:
        _set_state(case, key, ProposalState.VERIFIED)
    return ()


def _promise_ended(progress: CaseProgress, event: CommitmentEnded, envelope: Envelope) -> Sequence[AppealEvent]:
    if event.result == "BROKEN":
        return _reopen(progress, envelope, NamedCode.PROMISE_BROKEN)
    if event.result == "NO_ANSWER":
        progress.case.has_news = progress.case.has_news or not progress.is_finished
    return ()


def _reopen(progress: CaseProgress, envelope: Envelope, reason: NamedCode) -> Sequence[AppealEvent]:
    """Return the case to the desk, one tier higher if there is one, with a clock of its own. The statutory clock is not started again."""
    case = progress.case
    case.status, case.reopened_at = status_after(case.status, CaseReopened.FACT), envelope.time
    case.outcome = case.closed_at = case.confirmed_outcome = None
    case.approval_id = None  # what waits for a second person was meant for a case that was not reopened
    case.sends_at = case.sending_by = None  # an answer that waits has not been given: it stays its author's draft
    supersede(case)
    progress.raise_tier()
    progress.stop_clocks(envelope.time, only=ClockTrigger.REOPENED)
    progress.start(ClockTrigger.REOPENED, envelope)
    case.has_news = True
    return [CaseReopened(appeal_id=case.appeal_id, tier=case.tier, queue=case.queue, reason=reason)]


def _consent_changed(progress: CaseProgress, _event: ConsentAnswered | ConsentWithdrawn, _envelope: Envelope) -> Sequence[AppealEvent]:
    progress.case.has_news = progress.case.has_news or not progress.is_finished
    return ()


def _noted(_progress: CaseProgress, _event: AppealEvent, _envelope: Envelope) -> Sequence[AppealEvent]:
    return ()


OUTCOME_REACTIONS: Final[Mapping[type[AppealEvent], Reaction]] = {
    SolutionProposed: _proposed,
    ProposalAnswered: _answered,
    ProposalUnanswered: _unanswered,
    OutcomeVerified: _verified,
    CommitmentMade: _noted,
    CommitmentDue: _noted,
    CommitmentEnded: _promise_ended,
    ConsentAnswered: _consent_changed,
    ConsentWithdrawn: _consent_changed,
}

_RESULTS: Final[Mapping[type[AppealEvent], Callable[[Any], str]]] = {
    ProposalAnswered: lambda event: "proposal-confirmed" if event.confirmed else "proposal-denied",
    OutcomeVerified: lambda event: f"{event.about}-{event.result}".lower(),
    CommitmentEnded: lambda event: f"commitment-{event.result}".lower().replace("_", "-"),
    ConsentAnswered: lambda event: "consent-given" if event.given else "consent-refused",
}
"""The entry in the history of the events that have several."""
RESULT_ENTRIES: Final = (
    "proposal-confirmed",
    "proposal-denied",
    *(f"{about}-{result}" for about in ("proposal", "withdrawal", "answer") for result in ("verified", "refuted", "unreached")),
    *(f"commitment-{result}" for result in ("kept", "broken", "excused", "no-answer")),
    "consent-given",
    "consent-refused",
)
EVENTS_WITH_RESULTS: Final = frozenset(_RESULTS)


def entry_type_of(event: AppealEvent) -> str:
    """Return the type of the event's entry in the history."""
    named = _RESULTS.get(type(event))
    return named(event) if named else event.FACT


_CODES: Final[Mapping[type[AppealEvent], Callable[[Any], HistoryCodes]]] = {
    SolutionProposed: lambda event: {"due": event.answer_until.isoformat()},
    CommitmentMade: lambda event: {"day": event.due_on.isoformat()},
    CommitmentDue: lambda event: {"due": event.answer_until.isoformat()},
}


def outcome_codes(event: AppealEvent) -> HistoryCodes:
    """Return the codes that fill the event's sentence, in addition to those that all events have."""
    found = _CODES.get(type(event))
    return found(event) if found else {}
