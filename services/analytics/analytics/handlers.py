"""From events to grains. Every event of an appeal leaves a transition; most also change the appeal's fact.

The events of appeals have one handler: it reads the facts of its batch, works out what becomes of each, and writes facts and transitions,
four statements whatever the batch's size and however many events an appeal has in it.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy.ext.asyncio import AsyncSession

from analytics import repository
from analytics.errors import UnknownAppeal
from shared.auth import STAFF
from shared.contracts import (
    AnswerGiven,
    AppealEvent,
    AppealImported,
    AppealRated,
    AppealRegistered,
    AppealRouted,
    AppealWithdrawn,
    ApplicantAsked,
    CallEnded,
    CaseClaimed,
    CaseClosed,
    CaseForwarded,
    CaseReturned,
    CaseTerminated,
    ClassificationCorrected,
    ClockBreached,
    ClockStarted,
    ClockWarned,
    CompletionAsked,
    DangerPassedOn,
    DangerReported,
    InquiryAcknowledged,
    InquiryAnswered,
    InquiryOverdue,
    InquirySent,
    MessageAdded,
    OutcomeConfirmed,
    OutcomeDenied,
    PartForwarded,
    ProviderMatched,
    ProviderRecorded,
    TierRaised,
)
from shared.domain.lifecycle import holder_of, status_after
from shared.domain.regions import CENTRAL_OFFICE, regions
from shared.domain.taxonomy import LOWEST_TIER, taxonomy
from shared.messaging.handling import Batch, Handlers, InOrder, Received

Values = dict[str, Any]
Change = Callable[[Any, Values, datetime], Values]
"""What an event changes in the fact it finds, the event's time given."""
Actor = Callable[[Any], str]

CITIZEN, FUND, PROVIDER, SYSTEM = "citizen", "fund", "provider", "system"


def local_day(moment: datetime, region: str) -> date:
    """The date of a moment in a region's own time (KZ-00: Asia/Almaty); raises KeyError for an unknown region."""
    return moment.astimezone(regions()[region].timezone).date()


def _actor_by_role(event: Any) -> str:
    """Of an event that bears the `actor_role`."""
    if event.actor_role in STAFF:
        return FUND
    return {"applicant": CITIZEN, "provider": PROVIDER}.get(event.actor_role, SYSTEM)


def _matcher(event: ProviderMatched) -> str:
    return FUND if event.matched_by == "clerk" else SYSTEM


def _always(actor: str) -> Actor:
    return lambda _event: actor


# -- the first event of an appeal --


_UNKNOWN_YET: Values = dict.fromkeys(
    (
        "provider_id", "tier", "urgency", "outcome", "registered_at", "due_at", "routed_at", "answered_at", "closed_at", "follows",
        "confirmed", "score",
    )
)  # fmt: skip


def _registered(event: AppealRegistered, at: datetime) -> Values:
    return _new_fact(event, "REGISTERED", at) | {
        "provider_id": event.provider_id,
        "registered_at": event.registered_at,
        "due_at": event.due_at,
        "follows": event.follows,
        "answered_at": event.registered_at if event.resolved_in_contact else None,
    }


def _imported(event: AppealImported, at: datetime) -> Values:
    return _new_fact(event, "CLOSED", at) | {"imported": True, "outcome": event.outcome, "closed_at": event.closed_at}


def _new_fact(event: AppealRegistered | AppealImported, status: str, at: datetime) -> Values:
    return _UNKNOWN_YET | {
        "appeal_id": event.appeal_id,
        "region": event.region,
        "channel": event.channel,
        "language": event.language,
        "kind": event.kind,
        "category": event.category,
        "topic": event.topic,
        "imported": False,
        "status": status,
        "received_at": event.received_at,
        "received_on": local_day(event.received_at, event.region),
        "moved_at": at,
    }


_OPENING: Mapping[type[AppealEvent], tuple[Callable[[Any, datetime], Values], Actor]] = {
    AppealRegistered: (_registered, _always(CITIZEN)),
    AppealImported: (_imported, _always(SYSTEM)),
}


# -- what comes after --


def _unchanged(_event: AppealEvent, _fact: Values, _at: datetime) -> Values:
    return {}


def _routed(event: AppealRouted, _fact: Values, at: datetime) -> Values:
    return _current_codes(event) | {"urgency": event.urgency, "language": event.language, "routed_at": at}


def _corrected(event: ClassificationCorrected, _fact: Values, _at: datetime) -> Values:
    return _current_codes(event)


def _current_codes(event: AppealRouted | ClassificationCorrected) -> Values:
    return {"kind": event.kind, "category": event.category, "topic": event.topic, "tier": event.tier}


def _tier_raised(event: TierRaised, _fact: Values, _at: datetime) -> Values:
    return {"tier": event.tier}


def _clock_started(event: ClockStarted, fact: Values, _at: datetime) -> Values:
    return {"due_at": event.due_at if event.statutory else fact["due_at"]}


def _answered(event: AnswerGiven, fact: Values, at: datetime) -> Values:
    """Also of an appeal that was withdrawn too late."""
    values = {"answered_at": fact["answered_at"] or at}
    return values | ({"outcome": None, "closed_at": None} if _moves(event, fact) else {})


def _closed(event: CaseClosed, fact: Values, at: datetime) -> Values:
    return _ends_as(event.outcome)(event, fact, at)


def _ends_as(outcome: str) -> Change:
    """What finishes an appeal; one that is finished for good stays as it was."""

    def change(event: AppealEvent, fact: Values, at: datetime) -> Values:
        return {"outcome": outcome, "closed_at": at} if _moves(event, fact) else {}

    return change


def _moves(event: AppealEvent, fact: Values) -> bool:
    status: str = fact["status"]
    return status_after(status, event.FACT) != status


def _says(*, confirmed: bool) -> Change:
    return lambda _event, _fact, _at: {"confirmed": confirmed}


def _rated(event: AppealRated, _fact: Values, _at: datetime) -> Values:
    return {"score": event.score}


def _provider_matched(event: ProviderMatched, _fact: Values, _at: datetime) -> Values:
    return {"provider_id": event.provider_id}


def _inquiry_sent(event: InquirySent, fact: Values, _at: datetime) -> Values:
    return {"provider_id": fact["provider_id"] or event.provider_id}


_MOVING: Mapping[type[AppealEvent], tuple[Change, Actor]] = {
    AppealRouted: (_routed, _always(SYSTEM)),
    ClassificationCorrected: (_corrected, _actor_by_role),
    TierRaised: (_tier_raised, _always(FUND)),
    CaseClaimed: (_unchanged, _actor_by_role),
    AnswerGiven: (_answered, _actor_by_role),
    CaseClosed: (_closed, _actor_by_role),
    ClockStarted: (_clock_started, _always(SYSTEM)),
    ClockWarned: (_unchanged, _always(SYSTEM)),
    ClockBreached: (_unchanged, _always(SYSTEM)),
    ProviderMatched: (_provider_matched, _matcher),
    InquirySent: (_inquiry_sent, _always(FUND)),
    InquiryAcknowledged: (_unchanged, _always(PROVIDER)),
    InquiryAnswered: (_unchanged, _always(PROVIDER)),
    InquiryOverdue: (_unchanged, _always(SYSTEM)),
    MessageAdded: (_unchanged, _always(CITIZEN)),
    AppealWithdrawn: (_ends_as("WITHDRAWN"), _always(CITIZEN)),
    OutcomeConfirmed: (_says(confirmed=True), _always(CITIZEN)),
    OutcomeDenied: (_says(confirmed=False), _always(CITIZEN)),
    AppealRated: (_rated, _always(CITIZEN)),
    ApplicantAsked: (_unchanged, _actor_by_role),
    CompletionAsked: (_unchanged, _actor_by_role),
    CaseReturned: (_ends_as("RETURNED"), _actor_by_role),
    CaseTerminated: (_ends_as("TERMINATED"), _actor_by_role),
    CaseForwarded: (_ends_as("FORWARDED"), _actor_by_role),
    PartForwarded: (_unchanged, _actor_by_role),
    DangerReported: (_unchanged, _always(SYSTEM)),
    DangerPassedOn: (_unchanged, _actor_by_role),
}


# -- the life of an appeal --


@InOrder
async def follow(session: AsyncSession, batch: Batch[Any]) -> None:
    """Bring facts forward and note the transitions. Raises UnknownAppeal for an event of an appeal that was never registered."""
    stored = await repository.facts(session, list({one.event.appeal_id: None for one in batch.received}))
    facts = dict(stored)
    transitions = []
    for one in batch.received:
        appeal_id = one.event.appeal_id
        before = facts.get(appeal_id)
        after, actor = _opened(one, before) if type(one.event) in _OPENING else _moved(one, before)
        facts[appeal_id] = after
        transitions.append(_transition(one, actor, before=before, after=after))
    await repository.add_facts(session, [fact for appeal_id, fact in facts.items() if appeal_id not in stored])
    await repository.update_facts(session, [facts[appeal_id] for appeal_id in stored])
    await repository.add_transitions(session, transitions)


def _opened(one: Received[Any], before: Values | None) -> tuple[Values, str]:
    values, actor = _OPENING[type(one.event)]
    return before or values(one.event, one.envelope.time), actor(one.event)


def _moved(one: Received[Any], before: Values | None) -> tuple[Values, str]:
    if before is None:
        raise UnknownAppeal
    change, actor = _MOVING[type(one.event)]
    at = one.envelope.time
    after = before | {"status": status_after(before["status"], one.event.FACT), "moved_at": max(before["moved_at"], at)}
    return after | change(one.event, before, at), actor(one.event)


def _transition(one: Received[Any], actor: str, *, before: Values | None, after: Values) -> Values:
    at = one.envelope.time
    left = _stand(before["status"], before["tier"]) if before else None
    reached = _stand(after["status"], after["tier"])
    return {
        "event_id": one.envelope.id,
        "appeal_id": one.event.appeal_id,
        "type": one.event.FACT,
        "at": at,
        "actor_kind": actor,
        "holder_before": left.holder if left else None,
        "holder_after": reached.holder,
        # Services' clocks differ by a little: a negative dwell would be theirs, not the appeal's.
        "dwell_seconds": max(0, int((at - before["moved_at"]).total_seconds())) if before else None,
        "backward": left is not None and reached.place < left.place,
    }


class _Stand(NamedTuple):
    """Who holds an appeal, and how far it has come: stage, then tier within the Fund."""

    holder: str
    place: tuple[int, int]


@cache  # a few statuses and tiers, looked up twice an event
def _stand(status: str, tier: int | None) -> _Stand:
    if taxonomy().statuses[status].final:
        return _Stand(holder_of(status, tier), (3, 0))
    stages = {"RECEIVED": 0, "REGISTERED": 0, "ANSWERED": 2}
    return _Stand(holder_of(status, tier), (stages.get(status, 1), tier or LOWEST_TIER))


async def name_providers(session: AsyncSession, batch: Batch[ProviderRecorded]) -> None:
    events = [one.event for one in batch.received]
    rows = [{"provider_id": e.provider_id, "name_kk": e.name_kk, "name_ru": e.name_ru, "region": e.region} for e in events]
    await repository.name_providers(session, rows)


async def note_calls(session: AsyncSession, batch: Batch[CallEnded]) -> None:
    """A row a call. A call that no region is known of counts for the day of the central office."""
    rows = [
        {
            "call_id": event.call_id,
            "queue": event.queue,
            "region": event.region,
            "offered_on": local_day(event.offered_at, event.region or CENTRAL_OFFICE),
            "outcome": event.outcome,
            "waited_seconds": event.waited_seconds,
            "talked_seconds": event.talked_seconds,
        }
        for event in (one.event for one in batch.received)
    ]
    await repository.add_calls(session, rows)


HANDLERS: Handlers = {**dict.fromkeys((*_OPENING, *_MOVING), follow), ProviderRecorded: name_providers, CallEnded: note_calls}
