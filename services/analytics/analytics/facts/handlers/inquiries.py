"""Follows inquiries to providers and their promises: rows of their own, because an appeal may have several."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, TypedDict, cast
from uuid import UUID

from analytics.facts import repository
from analytics.facts.handlers.days import local_day
from analytics.facts.models import CommitmentRow, FactState, InquiryRow
from analytics.facts.schemas import CommitmentResult
from shared.contracts import (
    AppealEvent,
    CommitmentEnded,
    CommitmentMade,
    InquiryAccepted,
    InquiryAnswered,
    InquiryCancelled,
    InquiryReturned,
    InquirySent,
    TimeGranted,
)
from shared.messaging.handling import Received
from shared.unit_of_work import UnitOfWork


class InquiryChange(TypedDict, total=False):
    """What an event changes in an inquiry."""

    due_at: datetime
    answered_at: datetime
    late: bool
    cancelled: bool
    refusal_reason: str | None
    refusal_lawful: bool | None


_Change = Callable[[Any, InquiryRow, datetime], InquiryChange]


def _answered(event: InquiryAnswered, inquiry: InquiryRow, at: datetime) -> InquiryChange:
    """Record the first answer, and the refusal that the latest answer names."""
    refusal: InquiryChange = {"refusal_reason": event.refusal_reason, "refusal_lawful": None}
    return refusal if inquiry["answered_at"] else {**refusal, "answered_at": at, "late": event.late}


def _accepted(event: InquiryAccepted, _inquiry: InquiryRow, _at: datetime) -> InquiryChange:
    return {"refusal_reason": event.refusal_reason, "refusal_lawful": event.refusal_lawful}


_CHANGES: Final[Mapping[type[AppealEvent], _Change]] = {
    InquiryAnswered: _answered,
    InquiryAccepted: _accepted,
    InquiryReturned: lambda event, _inquiry, _at: {"due_at": event.due_at},
    TimeGranted: lambda event, _inquiry, _at: {"due_at": event.due_at},
    InquiryCancelled: lambda _event, _inquiry, _at: {"cancelled": True},
}
_FOLLOWED: Final = frozenset({*_CHANGES, InquirySent, CommitmentMade, CommitmentEnded})


async def follow_inquiries(work: UnitOfWork, received: Sequence[Received[Any]], facts: Mapping[UUID, FactState]) -> None:
    """Store what these events say of inquiries and promises. `facts`: their appeals.

    The first event of an inquiry or promise opens it; later ones of what is not known change nothing.
    """
    followed = [each for each in received if type(each.event) in _FOLLOWED]
    if not followed:
        return
    of_promises = (CommitmentMade, CommitmentEnded)
    asked = {each.event.inquiry_id: None for each in followed if not isinstance(each.event, of_promises)}
    promised = {each.event.commitment_id: None for each in followed if isinstance(each.event, of_promises)}
    inquiries = await repository.inquiries(work.session, list(asked))
    promises = await repository.commitments(work.session, list(promised))
    for event, envelope, _position in followed:
        region = facts[event.appeal_id]["region"]
        if isinstance(event, InquirySent):
            inquiries.setdefault(event.inquiry_id, _sent(event, region, envelope.time))
        elif isinstance(event, CommitmentMade):
            promises.setdefault(event.commitment_id, _made(event, region))
        elif isinstance(event, CommitmentEnded):
            if event.commitment_id in promises:
                promises[event.commitment_id]["result"] = CommitmentResult(event.result)
        elif event.inquiry_id in inquiries:
            before = inquiries[event.inquiry_id]
            inquiries[event.inquiry_id] = cast("InquiryRow", {**before, **_CHANGES[type(event)](event, before, envelope.time)})
    await repository.upsert_inquiries(work.session, list(inquiries.values()))
    await repository.upsert_commitments(work.session, list(promises.values()))


def _sent(event: InquirySent, region: str, at: datetime) -> InquiryRow:
    return {
        "inquiry_id": event.inquiry_id, "appeal_id": event.appeal_id, "region": region, "provider_id": event.provider_id,
        "category": event.category, "sent_at": at, "sent_on": local_day(at, region), "due_at": event.due_at, "answered_at": None,
        "late": False, "cancelled": False, "refusal_reason": None, "refusal_lawful": None,
    }  # fmt: skip


def _made(event: CommitmentMade, region: str) -> CommitmentRow:
    return {
        "commitment_id": event.commitment_id, "appeal_id": event.appeal_id, "region": region, "provider_id": event.provider_id,
        "due_on": event.due_on, "result": None,
    }  # fmt: skip
