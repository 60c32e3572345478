"""Follows inquiries to providers and their promises: rows of their own, because an appeal may have several."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, cast
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

_Change = Callable[[Any, InquiryRow, datetime], Mapping[str, object]]


def _answered(event: InquiryAnswered, inquiry: InquiryRow, at: datetime) -> Mapping[str, object]:
    """Record the first answer, and the refusal that the latest answer names."""
    refusal = {"refusal_reason": event.refusal_reason, "refusal_lawful": None}
    return refusal if inquiry["answered_at"] else {**refusal, "answered_at": at, "late": event.late}


def _accepted(event: InquiryAccepted, _inquiry: InquiryRow, _at: datetime) -> Mapping[str, object]:
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
    """Store what these events say of inquiries and promises. `facts`: their appeals. An inquiry that is not known changes nothing."""
    followed = [each for each in received if type(each.event) in _FOLLOWED]
    if not followed:
        return
    asked = {each.event.inquiry_id: None for each in followed if type(each.event) in _CHANGES}
    inquiries = await repository.inquiries(work.session, list(asked))
    changed: dict[UUID, InquiryRow] = {}
    promises: dict[UUID, CommitmentRow] = {}
    for event, envelope, _position in followed:
        region = facts[event.appeal_id]["region"]
        if isinstance(event, InquirySent):
            inquiries.setdefault(event.inquiry_id, _sent(event, region, envelope.time))
            changed[event.inquiry_id] = inquiries[event.inquiry_id]
        elif isinstance(event, CommitmentMade | CommitmentEnded):
            promises[event.commitment_id] = _promise(event, region, promises.get(event.commitment_id))
        elif event.inquiry_id in inquiries:
            before = inquiries[event.inquiry_id]
            after = cast("InquiryRow", {**before, **_CHANGES[type(event)](event, before, envelope.time)})
            inquiries[event.inquiry_id] = changed[event.inquiry_id] = after
    await repository.upsert_inquiries(work.session, list(changed.values()))
    await repository.upsert_commitments(work.session, [each for each in promises.values() if each["due_on"] is not None])
    await repository.end_commitments(work.session, [each for each in promises.values() if each["due_on"] is None])


def _sent(event: InquirySent, region: str, at: datetime) -> InquiryRow:
    return {
        "inquiry_id": event.inquiry_id, "appeal_id": event.appeal_id, "region": region, "provider_id": event.provider_id,
        "category": event.category, "sent_at": at, "sent_on": local_day(at, region), "due_at": event.due_at, "answered_at": None,
        "late": False, "cancelled": False, "refusal_reason": None, "refusal_lawful": None,
    }  # fmt: skip


def _promise(event: CommitmentMade | CommitmentEnded, region: str, before: CommitmentRow | None) -> CommitmentRow:
    """Return the promise; without `due_on` its first event came in an earlier batch."""
    result = CommitmentResult(event.result) if isinstance(event, CommitmentEnded) else before and before["result"]
    due_on = event.due_on if isinstance(event, CommitmentMade) else before and before["due_on"]
    return cast(
        "CommitmentRow",
        {
            "commitment_id": event.commitment_id, "appeal_id": event.appeal_id, "region": region, "provider_id": event.provider_id,
            "due_on": due_on, "result": result,
        },
    )  # fmt: skip
