"""What the other services' events change here: where an appeal stands, its timeline, and the replica of the provider directory.

Each handler is a rule from an event and the row it concerns to what changes in that row and what the timeline keeps; `_project` applies a
rule to a batch in three statements, whatever the batch's size. Claims, warnings and acknowledgements move nothing that a citizen sees.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from intake import repository
from shared.contracts import (
    AnswerGiven,
    AppealRouted,
    CaseClosed,
    ClassificationCorrected,
    ClockStarted,
    InquiryAnswered,
    InquirySent,
    ProviderMatched,
    ProviderRecorded,
    TierRaised,
)
from shared.domain.lifecycle import holder_of, status_after
from shared.messaging.handling import Batch, Handlers, Received


@dataclass(frozen=True, slots=True)
class Change:
    """Columns of the tracking row that change, and what the timeline keeps of it (None: no row)."""

    values: dict[str, Any] = field(default_factory=dict)
    kept: dict[str, Any] | None = None


Rule = Callable[[Received[Any], Row[Any]], Change]


def _project(rule: Rule) -> Callable[[AsyncSession, Batch[Any]], Awaitable[None]]:
    async def handle(session: AsyncSession, batch: Batch[Any]) -> None:
        rows = await repository.trackings(session, [one.event.appeal_id for one in batch.received])
        trackings, timeline = [], []
        for one in batch.received:
            row = rows.get(one.event.appeal_id)
            if row is None:  # not registered here: nothing to show to anybody
                continue
            change = rule(one, row)
            tracking = row._asdict() | change.values
            tracking["status"] = status_after(row.status, one.event.FACT)
            tracking["holder"] = holder_of(tracking["status"], tracking["tier"])
            tracking["version"] += 1
            trackings.append(tracking)
            if change.kept is not None:
                timeline.append(_timeline_row(one, change.kept, tracking["holder"]))
        await repository.put_trackings(session, trackings)
        await repository.add_timeline(session, timeline)

    return handle


def _timeline_row(one: Received[Any], kept: dict[str, Any], holder: str) -> dict[str, Any]:
    return {
        "event_id": one.envelope.id,
        "appeal_id": one.event.appeal_id,
        "at": one.envelope.time,
        "type": one.event.FACT,
        "data": kept,
        "holder": holder,
    }


def routed(one: Received[AppealRouted], _row: Row[Any]) -> Change:
    return Change({"tier": one.event.tier, "region": one.event.region}, {"tier": one.event.tier})


def clock_started(one: Received[ClockStarted], row: Row[Any]) -> Change:
    """The clock of the law replaces the date on the talon; the citizen is told when that moves the day."""
    if not one.event.statutory:
        return Change()
    due_at = one.event.due_at
    return Change({"due_at": due_at, "due_provisional": False}, {"due_at": due_at.isoformat()} if due_at != row.due_at else None)


def tier_raised(one: Received[TierRaised], _row: Row[Any]) -> Change:
    return Change({"tier": one.event.tier}, {"tier": one.event.tier})


def corrected(one: Received[ClassificationCorrected], row: Row[Any]) -> Change:
    tier = one.event.tier
    return Change({"tier": tier}, {"tier": tier} if tier != row.tier else None)


def provider_matched(one: Received[ProviderMatched], _row: Row[Any]) -> Change:
    return Change({"provider_id": one.event.provider_id})


def inquiry_sent(one: Received[InquirySent], _row: Row[Any]) -> Change:
    event = one.event
    return Change({"provider_id": event.provider_id}, {"provider_id": str(event.provider_id), "due_at": event.due_at.isoformat()})


def inquiry_answered(one: Received[InquiryAnswered], _row: Row[Any]) -> Change:
    return Change({}, {"provider_id": str(one.event.provider_id)})


def answer_given(one: Received[AnswerGiven], _row: Row[Any]) -> Change:
    return Change({"answer_id": one.event.answer_id, "answered_at": one.envelope.time}, {})


def closed(one: Received[CaseClosed], _row: Row[Any]) -> Change:
    return Change({"outcome": one.event.outcome}, {"outcome": one.event.outcome})


async def copy_providers(session: AsyncSession, batch: Batch[ProviderRecorded]) -> None:
    rows = []
    for one in batch.received:
        values = one.event.model_dump()
        values["id"] = values.pop("provider_id")
        rows.append(values)
    await repository.put_providers(session, rows)


HANDLERS: Handlers = {
    AppealRouted: _project(routed),
    ClockStarted: _project(clock_started),
    TierRaised: _project(tier_raised),
    ClassificationCorrected: _project(corrected),
    ProviderMatched: _project(provider_matched),
    InquirySent: _project(inquiry_sent),
    InquiryAnswered: _project(inquiry_answered),
    AnswerGiven: _project(answer_given),
    CaseClosed: _project(closed),
    ProviderRecorded: copy_providers,
}
