"""From events to grains. Every event of an appeal leaves a transition; most also change the appeal's fact.

A handler reads the facts of its batch, works out what becomes of them, and writes facts and transitions: four statements a batch,
whatever its size. An event that was applied before changes nothing.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from analytics import repository
from analytics.errors import UnknownAppeal
from shared.auth import STAFF
from shared.contracts import (
    AnswerGiven,
    AppealEvent,
    AppealImported,
    AppealRegistered,
    AppealRouted,
    CaseClaimed,
    CaseClosed,
    ClassificationCorrected,
    ClockBreached,
    ClockStarted,
    ClockWarned,
    Event,
    InquiryAcknowledged,
    InquiryAnswered,
    InquiryOverdue,
    InquirySent,
    ProviderMatched,
    ProviderRecorded,
    TierRaised,
)
from shared.domain.lifecycle import holder_of, status_after
from shared.domain.regions import regions
from shared.domain.taxonomy import LOWEST_TIER, taxonomy
from shared.messaging.handling import Batch, Handler, Received

E = TypeVar("E", bound=AppealEvent)
Values = dict[str, Any]
Change = Callable[[Any, Row[Any], datetime], Values]
"""What an event changes in the fact it finds; the same keys whenever the type is the same."""
Actor = Callable[[Any], str]

CITIZEN, FUND, PROVIDER, SYSTEM = "citizen", "fund", "provider", "system"


def local_day(moment: datetime, region: str) -> date:
    """The date of a moment in a region's own time (KZ-00: Asia/Almaty); raises KeyError for an unknown region."""
    return moment.astimezone(regions()[region].timezone).date()


def _actor_by_role(event: AnswerGiven | CaseClaimed | CaseClosed | ClassificationCorrected) -> str:
    if event.actor_role in STAFF:
        return FUND
    return {"applicant": CITIZEN, "provider": PROVIDER}.get(event.actor_role, SYSTEM)


def _matcher(event: ProviderMatched) -> str:
    return FUND if event.matched_by == "clerk" else SYSTEM


def _always(actor: str) -> Actor:
    return lambda _event: actor


# -- the first event of an appeal --


def _registered(event: AppealRegistered) -> Values:
    return {
        "language": event.language,
        "provider_id": event.provider_id,
        "imported": False,
        "status": "REGISTERED",
        "outcome": None,
        "registered_at": event.registered_at,
        "due_at": event.due_at,
        "closed_at": None,
    }


def _imported(event: AppealImported) -> Values:
    return {
        "language": event.language,
        "provider_id": None,
        "imported": True,
        "status": "CLOSED",
        "outcome": event.outcome,
        "registered_at": None,
        "due_at": None,
        "closed_at": event.closed_at,
    }


def _opening(values: Callable[[Any], Values], actor: str) -> Handler:
    async def open_facts(session: AsyncSession, batch: Batch[Any]) -> None:
        facts, transitions = [], []
        for one in batch.received:
            fact = _new_fact(one) | values(one.event)
            facts.append(fact)
            transitions.append(_transition(one, actor, before=None, after=fact))
        await repository.add_facts(session, facts)
        await repository.add_transitions(session, transitions)

    return open_facts


def _new_fact(one: Received[Any]) -> Values:
    event: AppealRegistered | AppealImported = one.event
    return {
        "appeal_id": event.appeal_id,
        "region": event.region,
        "channel": event.channel,
        "kind": event.kind,
        "category": event.category,
        "topic": event.topic,
        "tier": None,
        "urgency": None,
        "received_at": event.received_at,
        "received_on": local_day(event.received_at, event.region),
        "routed_at": None,
        "answered_at": None,
        "moved_at": one.envelope.time,
    }


# -- what comes after --


def _unchanged(_event: AppealEvent, _fact: Row[Any], _at: datetime) -> Values:
    return {}


def _routed(event: AppealRouted, _fact: Row[Any], at: datetime) -> Values:
    return _current_codes(event) | {"urgency": event.urgency, "language": event.language, "routed_at": at}


def _corrected(event: ClassificationCorrected, _fact: Row[Any], _at: datetime) -> Values:
    return _current_codes(event)


def _current_codes(event: AppealRouted | ClassificationCorrected) -> Values:
    return {"kind": event.kind, "category": event.category, "topic": event.topic, "tier": event.tier}


def _tier_raised(event: TierRaised, _fact: Row[Any], _at: datetime) -> Values:
    return {"tier": event.tier}


def _clock_started(event: ClockStarted, fact: Row[Any], _at: datetime) -> Values:
    return {"due_at": event.due_at if event.statutory else fact.due_at}


def _answered(_event: AnswerGiven, fact: Row[Any], at: datetime) -> Values:
    return {"answered_at": fact.answered_at or at}


def _closed(event: CaseClosed, _fact: Row[Any], at: datetime) -> Values:
    return {"outcome": event.outcome, "closed_at": at}


def _provider_matched(event: ProviderMatched, _fact: Row[Any], _at: datetime) -> Values:
    return {"provider_id": event.provider_id}


def _inquiry_sent(event: InquirySent, fact: Row[Any], _at: datetime) -> Values:
    return {"provider_id": fact.provider_id or event.provider_id}


def _moving(change: Change, actor: Actor) -> Handler:
    async def move_facts(session: AsyncSession, batch: Batch[Any]) -> None:
        applied = await repository.applied(session, [one.envelope.id for one in batch.received])
        fresh = [one for one in batch.received if one.envelope.id not in applied]
        facts = await repository.facts(session, [one.event.appeal_id for one in fresh])
        updates, transitions = [], []
        for one in fresh:
            before = _found(facts, one.event.appeal_id)
            after = _moved(one, before, change)
            updates.append(after)
            transitions.append(_transition(one, actor(one.event), before=before, after=before._asdict() | after))
        await repository.update_facts(session, updates)
        await repository.add_transitions(session, transitions)

    return move_facts


def _found(facts: Mapping[UUID, Row[Any]], appeal_id: UUID) -> Row[Any]:
    try:
        return facts[appeal_id]
    except KeyError:
        raise UnknownAppeal from None


def _moved(one: Received[Any], before: Row[Any], change: Change) -> Values:
    return {
        "appeal_id": before.appeal_id,
        "status": status_after(before.status, one.event.FACT),
        "moved_at": max(before.moved_at, one.envelope.time),
        **change(one.event, before, one.envelope.time),
    }


def _transition(one: Received[Any], actor: str, *, before: Row[Any] | None, after: Values) -> Values:
    at = one.envelope.time
    return {
        "event_id": one.envelope.id,
        "appeal_id": one.event.appeal_id,
        "type": one.event.FACT,
        "at": at,
        "actor_kind": actor,
        "holder_before": holder_of(before.status, before.tier) if before else None,
        "holder_after": holder_of(after["status"], after["tier"]),
        # Services' clocks differ by a little: a negative dwell would be theirs, not the appeal's.
        "dwell_seconds": max(0, int((at - before.moved_at).total_seconds())) if before else None,
        "backward": before is not None and _place(after["status"], after["tier"]) < _place(before.status, before.tier),
    }


def _place(status: str, tier: int | None) -> tuple[int, int]:
    """How far an appeal has come: stage, then tier within the Fund."""
    if taxonomy().statuses[status].final:
        return 3, 0
    stages = {"RECEIVED": 0, "REGISTERED": 0, "ANSWERED": 2}
    return stages.get(status, 1), tier or LOWEST_TIER


async def name_providers(session: AsyncSession, batch: Batch[ProviderRecorded]) -> None:
    events = [one.event for one in batch.received]
    rows = [{"provider_id": e.provider_id, "name_kk": e.name_kk, "name_ru": e.name_ru, "region": e.region} for e in events]
    await repository.name_providers(session, rows)


HANDLERS: Mapping[type[Event], Handler] = {
    AppealRegistered: _opening(_registered, CITIZEN),
    AppealImported: _opening(_imported, SYSTEM),
    AppealRouted: _moving(_routed, _always(SYSTEM)),
    ClassificationCorrected: _moving(_corrected, _actor_by_role),
    TierRaised: _moving(_tier_raised, _always(FUND)),
    CaseClaimed: _moving(_unchanged, _actor_by_role),
    AnswerGiven: _moving(_answered, _actor_by_role),
    CaseClosed: _moving(_closed, _actor_by_role),
    ClockStarted: _moving(_clock_started, _always(SYSTEM)),
    ClockWarned: _moving(_unchanged, _always(SYSTEM)),
    ClockBreached: _moving(_unchanged, _always(SYSTEM)),
    ProviderMatched: _moving(_provider_matched, _matcher),
    InquirySent: _moving(_inquiry_sent, _always(FUND)),
    InquiryAcknowledged: _moving(_unchanged, _always(PROVIDER)),
    InquiryAnswered: _moving(_unchanged, _always(PROVIDER)),
    InquiryOverdue: _moving(_unchanged, _always(SYSTEM)),
    ProviderRecorded: name_providers,
}
