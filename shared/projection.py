"""The life cycle as events project it: the one answer to what an event changes in the state of an appeal, for every service.

Each service stores the state in its own table and adds columns of its own; the columns here follow the same rules everywhere.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, Final, TypedDict
from uuid import UUID

from shared.contracts import (
    AnswerGiven,
    AppealEvent,
    AppealRouted,
    AppealWithdrawn,
    CaseClosed,
    CaseForwarded,
    CaseReopened,
    CaseReturned,
    CaseTerminated,
    ClassificationCorrected,
    ComplaintPassedUp,
    InquirySent,
    ProviderMatched,
    TierRaised,
)
from shared.domain.lifecycle import CaseStatus, status_after
from shared.domain.protection import Protection


class EndingOutcome(StrEnum):
    """The outcomes with which an event itself ends an appeal; a closed case names its outcome."""

    WITHDRAWN = "WITHDRAWN"
    RETURNED = "RETURNED"
    TERMINATED = "TERMINATED"
    FORWARDED = "FORWARDED"


class AppealState(TypedDict):
    """The state of an appeal that every service projects."""

    status: CaseStatus
    kind: str | None
    tier: int | None
    provider_id: UUID | None
    """The provider that the appeal is about."""
    outcome: str | None
    protection: str | None
    """A code of `Protection`, which decides who may see the appeal; None: it is not protected."""


def state_after(state: AppealState, event: AppealEvent) -> AppealState:
    """Return the state of an appeal after `event`.

    The outcome changes only with the status: an appeal that an event does not move keeps the outcome with which it ended.
    Raises KeyError for an unknown status.
    """
    found: AppealState = {
        "status": status_after(state["status"], event.FACT),
        "kind": state["kind"],
        "tier": state["tier"],
        "provider_id": state["provider_id"],
        "outcome": state["outcome"],
        "protection": state["protection"],
    }
    if isinstance(event, AppealRouted | ClassificationCorrected):
        found["kind"], found["tier"] = event.kind, event.tier
        found["protection"] = protection_after(state["protection"], event)
    elif isinstance(event, TierRaised):
        found["tier"] = event.tier
    elif isinstance(event, CaseReopened):
        found["tier"], found["outcome"] = event.tier, None
    elif isinstance(event, ProviderMatched):
        found["provider_id"] = event.provider_id
    elif isinstance(event, InquirySent):
        # An inquiry may go to another provider as well: the one found in the directory stays that of the appeal.
        found["provider_id"] = state["provider_id"] or event.provider_id
    elif type(event) in _OUTCOMES and found["status"] != state["status"]:
        found["outcome"] = _OUTCOMES[type(event)](event)
    return found


def protection_after(before: str | None, event: AppealRouted | ClassificationCorrected) -> str | None:
    """Return the protection that an event says, None for an appeal that is not protected; an earlier version's event changes nothing."""
    return before if event.protection is None else (None if event.protection == Protection.OPEN else event.protection)


_OUTCOMES: Final[Mapping[type[AppealEvent], Callable[[Any], str | None]]] = {
    AnswerGiven: lambda _event: None,  # a decision that overrules a withdrawal takes its outcome away
    CaseClosed: lambda event: str(event.outcome),
    CaseReturned: lambda _event: EndingOutcome.RETURNED,
    CaseTerminated: lambda _event: EndingOutcome.TERMINATED,
    CaseForwarded: lambda _event: EndingOutcome.FORWARDED,
    ComplaintPassedUp: lambda _event: EndingOutcome.FORWARDED,
    AppealWithdrawn: lambda _event: EndingOutcome.WITHDRAWN,
}
