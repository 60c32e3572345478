"""Reactions to events of other services: tracking rows, timeline, the Fund's questions, and the replica of the provider directory.

The state of an appeal changes as `shared.projection` says. Each event type also has a rule: a function of the event and the tracking row
that returns further changes of the row and the timeline entry. `track` applies both to a batch in three statements, whatever its size,
and in one more for corrections.
An event that only has a sentence in `data/texts.toml` needs no rule of its own. Claims, warnings and acknowledgements have neither: they
change nothing that a citizen sees.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from intake.register import repository
from intake.register.codes import MessageAuthor, MessageKind
from intake.register.repository.applicant import add_messages
from intake.register.schemas.rows import MessageRow, ProviderRow, TimelineData, TimelineRow, TrackingChange, TrackingRow
from intake.register.service.offers import OFFER_EVENTS, record_events
from intake.register.service.ports import TrackedChange, TrackingListener
from intake.register.service.texts import SERVICE, shown_events, timeline_data
from intake.register.service.withdrawal import overrule
from shared.contracts import (
    AnswerGiven,
    AppealEvent,
    AppealRouted,
    ApplicantAsked,
    CaseReopened,
    ClassificationCorrected,
    ClockStarted,
    CompletionAsked,
    ProviderMatched,
    ProviderRecorded,
    StartedClock,
    TermExtended,
    appeal_events,
)
from shared.domain.calendar import is_provisional
from shared.domain.lifecycle import WITHDRAWN, Holder, holder_of, transitions
from shared.domain.regions import regions
from shared.ids import derived
from shared.messaging.handling import Batch, Handler, InOrder, Received
from shared.projection import state_after
from shared.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Change:
    """Columns of the tracking row that change beside its state (`shared.projection`), and the codes of the timeline entry (None: none)."""

    values: TrackingChange = field(default_factory=TrackingChange)
    timeline: TimelineData | None = None
    carried: Received[Any] | None = None
    """The event that this one carries, if it has a timeline entry of its own; `values` include what it changes."""


FundQuestion = ApplicantAsked | CompletionAsked
Rule = Callable[[Received[Any], TrackingRow], Change]


def routed(received: Received[AppealRouted], row: TrackingRow) -> Change:
    """Set the region, and the statutory deadline if the event carries it: then the timeline gets an entry of it as by `clock-started`."""
    event = received.event
    timeline = TimelineData() if event.is_unsorted else timeline_data(event)  # a provisional tier is not shown
    if event.clock is None:
        return Change({"region": event.region}, timeline)
    due_at = event.clock.due_at
    carried = _first_clock(received, event.clock) if due_at != row["due_at"] else None
    return Change({"region": event.region, **_deadline(due_at, event.region)}, timeline, carried)


def _first_clock(received: Received[AppealRouted], clock: StartedClock) -> Received[ClockStarted]:
    """Return the event that earlier versions published after `appeal-routed`. It is later by the smallest difference of times."""
    routed_by = received.envelope
    event = ClockStarted(appeal_id=received.event.appeal_id, statutory=True, **dict(clock))
    event_id = derived(routed_by.id, ClockStarted.FACT)
    envelope = routed_by._replace(id=event_id, type=event.TYPE, time=routed_by.time + timedelta.resolution)
    return Received(event, envelope, received.position)


def clock_started(received: Received[ClockStarted], row: TrackingRow) -> Change:
    """Set the statutory deadline; the timeline gets an entry only if the date changes."""
    if not received.event.statutory:
        return Change()
    due_at = received.event.due_at
    return Change(_deadline(due_at, row["region"]), timeline_data(received.event) if due_at != row["due_at"] else None)


def term_extended(received: Received[TermExtended], row: TrackingRow) -> Change:
    """Set the new end of the statutory term. Its timeline entry is what `extended_until` is read from."""
    return Change(_deadline(received.event.due_at, row["region"]), timeline_data(received.event))


def _deadline(due_at: datetime, region: str) -> TrackingChange:
    """Return the columns that replace the date of the receipt by the statutory deadline."""
    is_open = is_provisional(due_at.astimezone(regions()[region].timezone).date())
    return {"due_at": due_at, "due_provisional": is_open}


def corrected(received: Received[ClassificationCorrected], row: TrackingRow) -> Change:
    return Change(timeline=timeline_data(received.event) if received.event.tier != row["tier"] else None)


def answer_given(received: Received[AnswerGiven], _row: TrackingRow) -> Change:
    event = received.event
    return Change({"answer_id": event.answer_id, "answered_at": received.envelope.time, "verdict": None}, timeline_data(event))


def timeline_only(received: Received[Any], _row: TrackingRow) -> Change:
    return Change(timeline=timeline_data(received.event))


_MOVING = [event for event in appeal_events(foreign_to=SERVICE) if event.FACT in {fact for _, fact in transitions()}]

RULES: Mapping[type[AppealEvent], Rule] = {
    **dict.fromkeys((ProviderMatched, *OFFER_EVENTS, *_MOVING, *shown_events()), timeline_only),
    AppealRouted: routed,
    ClockStarted: clock_started,
    TermExtended: term_extended,
    ClassificationCorrected: corrected,
    AnswerGiven: answer_given,
}
"""The events of other services that change the state of an appeal or have a sentence on the timeline. Most need no rule of their own."""


def track(listeners: Sequence[TrackingListener]) -> Handler:
    """Return the handler that applies a batch to the tracking rows of its appeals and then calls the listeners.

    An event of an appeal that is not registered here changes nothing.
    """

    async def handle(work: UnitOfWork, batch: Batch[Any]) -> None:
        session = work.session
        trackings = await repository.lock_trackings(session, list({received.event.appeal_id: None for received in batch.received}))
        unsorted = await _unsorted_of(session, batch)
        timeline, questions, changes = [], [], []
        for received in batch.received:
            tracking = trackings.get(received.event.appeal_id)
            if tracking is None:
                continue
            change = RULES.get(type(received.event), timeline_only)(received, tracking)
            if isinstance(received.event, ClassificationCorrected) and received.event.appeal_id in unsorted:
                unsorted.remove(received.event.appeal_id)
                change = replace(change, timeline=timeline_data(received.event))  # it was not known before who considers it
            state = state_after(tracking, received.event)
            is_decided = tracking["status"] == WITHDRAWN != state["status"]
            overrules = is_decided and not isinstance(received.event, CaseReopened)  # refuted or followed by a broken promise: not late
            tracking.update({"status": state["status"], "kind": state["kind"], "tier": state["tier"]})
            tracking.update({"provider_id": state["provider_id"], "outcome": state["outcome"], "protection": state["protection"]})
            tracking.update(change.values)
            tracking.update({"holder": holder_of(state["status"], state["tier"]), "version": tracking["version"] + 1})
            if change.timeline is not None:
                timeline.append(_timeline_row(received, change.timeline, tracking["holder"]))
            if isinstance(received.event, FundQuestion):
                questions.append(_question(received))
            changes.append(TrackedChange(received, tracking.copy(), change.timeline is not None, overrules))
            if change.carried is not None:
                timeline.append(_timeline_row(change.carried, timeline_data(change.carried.event) or {}, tracking["holder"]))
                changes.append(TrackedChange(change.carried, tracking.copy(), is_shown=True, overrules_withdrawal=False))
        await repository.update_trackings(session, list(trackings.values()))
        await repository.add_timeline(session, timeline)
        await add_messages(session, questions)
        await record_events(work, [change.received for change in changes])
        for listener in listeners:
            await listener(work, batch, changes)
        await overrule(work, [change for change in changes if change.overrules_withdrawal])

    return InOrder(handle)


async def _unsorted_of(session: AsyncSession, batch: Batch[Any]) -> set[UUID]:
    """Return the appeals of a batch that nobody has sorted before its corrections."""
    events = [received.event for received in batch.received]
    corrected_ids = {event.appeal_id for event in events if isinstance(event, ClassificationCorrected)}
    if not corrected_ids:
        return set()
    of_batch = {event.appeal_id for event in events if isinstance(event, AppealRouted) and event.is_unsorted}
    return await repository.unsorted_appeals(session, corrected_ids) | (of_batch & corrected_ids)


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
