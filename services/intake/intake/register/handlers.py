"""Reactions to events of other services: tracking rows, timeline, the Fund's questions, and the replica of the provider directory.

Each event type of an appeal has a rule: a function of the event and the tracking row that returns the change of the row and the timeline
entry. `track` applies the rules to a batch in three statements, whatever its size. Claims, warnings and acknowledgements have no rule: they
change nothing that a citizen sees.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from intake.register import repository
from intake.register.repository.applicant import add_messages
from intake.register.schemas.codes import MessageAuthor, MessageKind
from intake.register.schemas.rows import MessageRow, ProviderRow, TimelineData, TimelineRow, TrackingChange, TrackingRow
from intake.register.service.ports import TrackedChange, TrackingListener
from intake.register.service.withdrawal import overrule
from shared.contracts import (
    AnswerGiven,
    AppealEvent,
    AppealRouted,
    ApplicantAsked,
    CaseClosed,
    CaseForwarded,
    CaseReturned,
    CaseTerminated,
    ClassificationCorrected,
    ClockStarted,
    CompletionAsked,
    DangerPassedOn,
    DangerReported,
    InquiryAnswered,
    InquirySent,
    PartForwarded,
    ProviderMatched,
    ProviderRecorded,
    TierRaised,
)
from shared.domain.calendar import is_provisional
from shared.domain.lifecycle import WITHDRAWN, Holder, holder_of, status_after
from shared.domain.regions import regions
from shared.messaging.handling import Batch, Handler, InOrder, Received
from shared.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Change:
    """Columns of the tracking row that change, and the codes of the timeline entry (None: no entry)."""

    values: TrackingChange = field(default_factory=TrackingChange)
    timeline: TimelineData | None = None


FundQuestion = ApplicantAsked | CompletionAsked
Rule = Callable[[Received[Any], TrackingRow], Change]


def routed(received: Received[AppealRouted], _row: TrackingRow) -> Change:
    event = received.event
    return Change({"kind": event.kind, "tier": event.tier, "region": event.region}, {"tier": event.tier})


def clock_started(received: Received[ClockStarted], row: TrackingRow) -> Change:
    """Replace the date of the receipt by the statutory deadline; the timeline gets an entry only if the date changes."""
    if not received.event.statutory:
        return Change()
    due_at = received.event.due_at
    is_open = is_provisional(due_at.astimezone(regions()[row["region"]].timezone).date())
    return Change({"due_at": due_at, "due_provisional": is_open}, {"due_at": due_at.isoformat()} if due_at != row["due_at"] else None)


def tier_raised(received: Received[TierRaised], _row: TrackingRow) -> Change:
    return Change({"tier": received.event.tier}, {"tier": received.event.tier})


def corrected(received: Received[ClassificationCorrected], row: TrackingRow) -> Change:
    tier = received.event.tier
    return Change({"kind": received.event.kind, "tier": tier}, {"tier": tier} if tier != row["tier"] else None)


def provider_matched(received: Received[ProviderMatched], _row: TrackingRow) -> Change:
    return Change({"provider_id": received.event.provider_id})


def inquiry_sent(received: Received[InquirySent], _row: TrackingRow) -> Change:
    event = received.event
    return Change({"provider_id": event.provider_id}, {"provider_id": str(event.provider_id), "due_at": event.due_at.isoformat()})


def inquiry_answered(received: Received[InquiryAnswered], _row: TrackingRow) -> Change:
    return Change({}, {"provider_id": str(received.event.provider_id)})


def answer_given(received: Received[AnswerGiven], row: TrackingRow) -> Change:
    values: TrackingChange = {"answer_id": received.event.answer_id, "answered_at": received.envelope.time, "verdict": None}
    values.update(_outcome(None, received, row))
    return Change(values, {})


def closed(received: Received[CaseClosed], row: TrackingRow) -> Change:
    return Change(_outcome(received.event.outcome, received, row), {"outcome": received.event.outcome})


def _outcome(outcome: str | None, received: Received[Any], row: TrackingRow) -> TrackingChange:
    """Return the outcome as a change. An appeal whose status the event leaves as it is keeps its outcome."""
    return {"outcome": outcome} if status_after(row["status"], received.event.FACT) != row["status"] else {}


def asked(received: Received[FundQuestion], _row: TrackingRow) -> Change:
    return Change({}, {"due_at": received.event.due_at.isoformat()})


def returned(received: Received[CaseReturned], row: TrackingRow) -> Change:
    return Change(_outcome("RETURNED", received, row), {})


def terminated(received: Received[CaseTerminated], row: TrackingRow) -> Change:
    return Change(_outcome("TERMINATED", received, row), {})


def forwarded(received: Received[CaseForwarded], row: TrackingRow) -> Change:
    return Change(_outcome("FORWARDED", received, row), {})


def timeline_only(_received: Received[PartForwarded | DangerReported | DangerPassedOn], _row: TrackingRow) -> Change:
    return Change({}, {})


RULES: Mapping[type[AppealEvent], Rule] = {
    AppealRouted: routed,
    ClockStarted: clock_started,
    TierRaised: tier_raised,
    ClassificationCorrected: corrected,
    ProviderMatched: provider_matched,
    InquirySent: inquiry_sent,
    InquiryAnswered: inquiry_answered,
    AnswerGiven: answer_given,
    CaseClosed: closed,
    ApplicantAsked: asked,
    CompletionAsked: asked,
    CaseReturned: returned,
    CaseTerminated: terminated,
    CaseForwarded: forwarded,
    PartForwarded: timeline_only,
    DangerReported: timeline_only,
    DangerPassedOn: timeline_only,
}


def track(listeners: Sequence[TrackingListener]) -> Handler:
    """Return the handler that applies a batch to the tracking rows of its appeals and then calls the listeners.

    An event of an appeal that is not registered here changes nothing.
    """

    async def handle(work: UnitOfWork, batch: Batch[Any]) -> None:
        session = work.session
        trackings = await repository.lock_trackings(session, list({received.event.appeal_id: None for received in batch.received}))
        timeline, questions, changes = [], [], []
        for received in batch.received:
            tracking = trackings.get(received.event.appeal_id)
            if tracking is None:
                continue
            change = RULES[type(received.event)](received, tracking)
            status, tier = status_after(tracking["status"], received.event.FACT), change.values.get("tier", tracking["tier"])
            overrules = tracking["status"] == WITHDRAWN != status
            tracking.update(change.values)
            tracking.update({"status": status, "holder": holder_of(status, tier), "version": tracking["version"] + 1})
            if change.timeline is not None:
                timeline.append(_timeline_row(received, change.timeline, tracking["holder"]))
            if isinstance(received.event, FundQuestion):
                questions.append(_question(received))
            changes.append(TrackedChange(received, tracking.copy(), change.timeline is not None, overrules))
        await repository.update_trackings(session, list(trackings.values()))
        await repository.add_timeline(session, timeline)
        await add_messages(session, questions)
        for listener in listeners:
            await listener(work, batch, changes)
        await overrule(work, [change for change in changes if change.overrules_withdrawal])

    return InOrder(handle)


def _question(received: Received[FundQuestion]) -> MessageRow:
    """Return the message of a question of the Fund. Its text stays in routing."""
    event = received.event
    return {
        "id": event.question_id,
        "appeal_id": event.appeal_id,
        "at": received.envelope.time,
        "by": MessageAuthor.FUND,
        "kind": MessageKind.QUESTION if isinstance(event, ApplicantAsked) else MessageKind.COMPLETION,
        "text": None,
        "due_at": event.due_at,
    }


def _timeline_row(received: Received[Any], data: TimelineData, holder: Holder) -> TimelineRow:
    return {
        "event_id": received.envelope.id,
        "appeal_id": received.event.appeal_id,
        "at": received.envelope.time,
        "type": received.event.FACT,
        "data": data,
        "holder": holder,
    }


async def copy_providers(work: UnitOfWork, batch: Batch[ProviderRecorded]) -> None:
    """Store the providers of a batch in the replica of the directory."""
    await repository.upsert_providers(work.session, [_provider_row(received.event) for received in batch.received])


def _provider_row(event: ProviderRecorded) -> ProviderRow:
    return {
        "id": event.provider_id,
        "name_kk": event.name_kk,
        "name_ru": event.name_ru,
        "short_name": event.short_name,
        "aliases": event.aliases,
        "region": event.region,
        "district": event.district,
        "kind": event.kind,
        "ownership": event.ownership,
        "active": event.active,
    }
