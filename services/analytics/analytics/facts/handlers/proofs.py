"""What the applicant says of a solution: how each event changes the proof of it."""

from collections.abc import Callable, Mapping
from typing import Any

from analytics.facts.models import FactState
from analytics.facts.schemas import Proof
from shared.contracts import (
    AppealEvent,
    AppealWithdrawn,
    CaseReopened,
    OutcomeDenied,
    OutcomeVerified,
    ProposalAnswered,
    ProposalUnanswered,
    SolutionProposed,
)
from shared.domain.lifecycle import CaseStatus

_PROMISE_BROKEN = "PROMISE_BROKEN"
_STANDING = frozenset({Proof.CONFIRMED, Proof.VERIFIED})
_CHECKED: Mapping[tuple[str, str, Proof | None], Proof] = {
    ("PROPOSAL", "VERIFIED", Proof.CONFIRMED): Proof.VERIFIED,
    ("WITHDRAWAL", "VERIFIED", Proof.WITHDRAWN): Proof.WITHDRAWAL_VERIFIED,
    ("WITHDRAWAL", "REFUTED", Proof.WITHDRAWN): Proof.WITHDRAWAL_REFUTED,
}
_REFUTED: Mapping[str, Proof] = {"PROPOSAL": Proof.REFUTED, "ANSWER": Proof.ANSWER_REFUTED}
"""What a refuted confirmation leaves, whatever was known before."""


def _checked_proof(event: OutcomeVerified, known: Proof | None) -> Proof | None:
    if event.result == "REFUTED" and event.about in _REFUTED:
        return _REFUTED[event.about]
    if (event.about, event.result) == ("ANSWER", "VERIFIED"):
        # the answer came after what was proposed, refuted or broken before; a confirmed solution stands for itself
        return known if known in _STANDING else Proof.ANSWER_VERIFIED
    return _CHECKED.get((event.about, event.result, known), known)


_PROOFS: Mapping[type[AppealEvent], Callable[[Any, Proof | None], Proof | None]] = {
    SolutionProposed: lambda _event, known: known if known in _STANDING else Proof.PROPOSED,
    ProposalUnanswered: lambda _event, known: Proof.NO_ANSWER if known is Proof.PROPOSED else known,
    OutcomeDenied: lambda _event, known: Proof.DENIED if known in _STANDING else known,
    OutcomeVerified: _checked_proof,
    CaseReopened: lambda event, known: Proof.BROKEN if known is not None and event.reason == _PROMISE_BROKEN else known,
}


def proof_after(before: FactState, event: AppealEvent, status: CaseStatus) -> Proof | None:
    """Return what is known of the solution after an event that leads to this status. Neither a proposal nor silence is a solution."""
    known = before["proof"]
    if type(event) in _PROOFS:
        return _PROOFS[type(event)](event, known)
    if isinstance(event, ProposalAnswered):
        return _answered_proof(known, event, before["outcome"])
    if status == before["status"]:
        return known
    if isinstance(event, AppealWithdrawn):
        return Proof.WITHDRAWN
    return None if before["status"] == CaseStatus.WITHDRAWN else known  # a decision overrules a withdrawal that came too late


def _answered_proof(known: Proof | None, event: ProposalAnswered, outcome: str | None) -> Proof | None:
    if event.confirmed:
        return Proof.VERIFIED if known is Proof.VERIFIED else Proof.CONFIRMED
    return known if known in _STANDING and outcome is not None else Proof.DENIED  # an ended case stands with its confirmation
