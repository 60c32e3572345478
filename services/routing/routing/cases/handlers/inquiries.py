"""Inquiries to providers: their events are entered into the history and move the status, the holder and the provider of the case."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from routing.cases import repository
from routing.cases.errors import UnknownAppeal
from routing.cases.schemas.rows import CaseChange, HistoryCodes
from routing.cases.service.history import SERVICE_ROLE, entry
from shared.contracts import (
    AppealEvent,
    ConsentAsked,
    ConsentDeclined,
    ConsentRequested,
    InquiryAccepted,
    InquiryAcknowledged,
    InquiryAnswered,
    InquiryCancelled,
    InquiryDelivered,
    InquiryEscalated,
    InquiryOverdue,
    InquiryReminded,
    InquiryReturned,
    InquirySent,
    ProviderMatched,
    TimeAsked,
    TimeGranted,
    TimeRefused,
)
from shared.domain.lifecycle import holder_of
from shared.domain.taxonomy import taxonomy
from shared.messaging.handling import Batch
from shared.projection import state_after
from shared.unit_of_work import UnitOfWork


def _sent_codes(event: InquirySent) -> HistoryCodes:
    codes: HistoryCodes = {"due": event.due_at.isoformat()}
    if event.request_id is not None:
        codes["request_id"] = str(event.request_id)
    return codes


CODES: Final[Mapping[type[AppealEvent], Callable[[Any], HistoryCodes]]] = {
    ProviderMatched: lambda _event: {},
    InquirySent: _sent_codes,
    InquiryAcknowledged: lambda _event: {},
    InquiryAnswered: lambda event: {"code": event.code, "response_id": str(event.response_id)},
    InquiryOverdue: lambda _event: {},
    InquiryDelivered: lambda _event: {},
    InquiryReminded: lambda event: {"due": event.due_at.isoformat()},
    InquiryEscalated: lambda event: {"body": event.body},
    InquiryAccepted: lambda _event: {},
    InquiryReturned: lambda event: {"due": event.due_at.isoformat()},
    InquiryCancelled: lambda _event: {},
    TimeAsked: lambda event: {"day": event.until.isoformat()},
    TimeGranted: lambda event: {"due": event.due_at.isoformat()},
    TimeRefused: lambda event: {"due": event.due_at.isoformat()},
    ConsentAsked: lambda _event: {},
    ConsentRequested: lambda event: {"due": event.answer_until.isoformat()},
    ConsentDeclined: lambda _event: {},
}
"""The events of provider-contact that change cases, each with the codes of its history entry."""

NEWS: Final[frozenset[type[AppealEvent]]] = frozenset({InquiryAnswered, TimeAsked, ConsentAsked})
"""The events after which a clerk has to act: an answer to judge, and a request to decide."""


async def follow_inquiries(work: UnitOfWork, batch: Batch[Any]) -> None:
    """Apply events of one type to their cases. Raises UnknownAppeal for an appeal without a case."""
    cases = await repository.lock_cases(work.session, [record.event.appeal_id for record in batch.received])
    if any(record.event.appeal_id not in cases for record in batch.received):
        raise UnknownAppeal
    codes = CODES[type(batch.received[0].event)]
    rows = [
        entry(
            record.event.appeal_id,
            record.envelope.id,
            record.envelope.time,
            record.event.FACT,
            actor_role=getattr(record.event, "actor_role", None) or SERVICE_ROLE,
            **codes(record.event),
        )
        for record in batch.received
    ]
    fresh = await repository.add_history(work.session, rows)
    changes: list[CaseChange] = []
    for record in batch.received:
        event, case = record.event, cases[record.event.appeal_id]
        state = state_after(case.projected, event)
        status, provider_id = state["status"], state["provider_id"]
        has_news = _has_news(case.has_news, status, event)
        if record.envelope.id in fresh and (status, provider_id, has_news) != (case.status, case.provider_id, case.has_news):
            changes.append(
                {
                    "appeal_id": case.appeal_id,
                    "status": status,
                    "holder": holder_of(status, case.tier),
                    "provider_id": provider_id,
                    "has_news": has_news,
                    "version": case.version + 1,
                }
            )
    await repository.change_cases(work.session, changes, work.clock.now())


def _has_news(before: bool, status: str, event: AppealEvent) -> bool:
    """Return whether a clerk has something new to act on: set by an answer or a request, cleared by what a clerk does."""
    if getattr(event, "actor_role", None) is not None:
        return False
    return before or (type(event) in NEWS and not taxonomy().statuses[status].final)
