"""Builds facts and transitions from events. Every event of an appeal adds a transition; most also change the appeal's fact.

All events of appeals have one handler, also those that no table below names. It reads the facts of its batch, computes the new state of
each, and writes facts and transitions: four statements for a batch of any size, with any number of events for the same appeal.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from typing import Any, Literal, NamedTuple, cast

from analytics.base import AnalyticsModel
from analytics.facts import repository
from analytics.facts.errors import UnknownAppeal
from analytics.facts.handlers.days import local_day
from analytics.facts.handlers.inquiries import follow_inquiries
from analytics.facts.handlers.others import record_calls, record_providers, record_ratings, record_self_service
from analytics.facts.handlers.proofs import proof_after
from analytics.facts.handlers.spans import Reopenings
from analytics.facts.models import FactChange, FactRow, FactState, TransitionRow
from analytics.facts.schemas import ActorKind
from shared.auth import STAFF
from shared.contracts import (
    AnswerGiven,
    AppealEvent,
    AppealImported,
    AppealRated,
    AppealRegistered,
    AppealRouted,
    AppealWithdrawn,
    CallEnded,
    CaseClosed,
    CaseForwarded,
    CaseReopened,
    CaseReturned,
    CaseTerminated,
    ClassificationCorrected,
    ClockStarted,
    CommitmentMade,
    ComplaintPassedUp,
    ConsentAsked,
    ImportUndone,
    ImportUndoRequested,
    InquiryAcknowledged,
    InquiryAnswered,
    InquirySent,
    OutcomeConfirmed,
    OutcomeDenied,
    ProviderMatched,
    ProviderRated,
    ProviderRecorded,
    QuestionSelfServed,
    SolutionProposed,
    TermExtended,
    TierRaised,
    appeal_events,
)
from shared.domain.lifecycle import CaseStatus, Holder, holder_of, status_after
from shared.domain.protection import protection_of
from shared.domain.taxonomy import LOWEST_TIER, taxonomy
from shared.messaging.handling import Batch, Handlers, InOrder, Received
from shared.projection import state_after
from shared.removal import remove_appeals
from shared.unit_of_work import UnitOfWork

Opening = Callable[[Any, datetime], FactRow]
"""Returns the fact that the first event of an appeal opens; the arguments are the event and its time."""
Change = Callable[[Any, FactState, datetime], FactChange]
"""Returns what an event changes in the fact before it; the arguments are the event, the fact and the event's time."""
Actor = Callable[[Any], ActorKind]

_FINAL_STAGE = 3
_STAGES = {CaseStatus.RECEIVED: 0, CaseStatus.REGISTERED: 0, CaseStatus.ANSWERED: 2}
_MIDDLE_STAGE = 1


HeldColumn = Literal["held_by_fund", "held_by_provider", "held_by_applicant"]
_HOLDERS: Mapping[Holder | None, HeldColumn] = {
    Holder.FUND_TIER1: "held_by_fund",
    Holder.FUND_TIER2: "held_by_fund",
    Holder.FUND_TIER3: "held_by_fund",
    Holder.PROVIDER: "held_by_provider",
    Holder.APPLICANT: "held_by_applicant",
}
"""Whose time is added up in which column."""


def _actor_by_role(event: Any) -> ActorKind:
    """Return the actor of an event with an `actor_role`."""
    if event.actor_role in STAFF:
        return ActorKind.FUND
    return {"applicant": ActorKind.CITIZEN, "provider": ActorKind.PROVIDER}.get(event.actor_role, ActorKind.SYSTEM)


def _matcher(event: ProviderMatched) -> ActorKind:
    return ActorKind.FUND if event.matched_by == "clerk" else ActorKind.SYSTEM


def _always(actor: ActorKind) -> Actor:
    return lambda _event: actor


# -- the first event of an appeal --


def _registered(event: AppealRegistered, at: datetime) -> FactRow:
    fact = _new_fact(event, CaseStatus.REGISTERED, at)
    fact["provider_id"] = event.provider_id
    fact["registered_at"] = event.registered_at
    fact["due_at"] = event.due_at
    fact["follows"] = event.follows
    fact["answered_at"] = event.registered_at if event.resolved_in_contact else None
    fact["extended"] = event.extended_until is not None
    return fact


def _imported(event: AppealImported, at: datetime) -> FactRow:
    fact = _new_fact(event, CaseStatus.CLOSED, at)
    fact["imported"] = True
    fact["outcome"] = event.outcome
    fact["closed_at"] = event.closed_at
    fact["ended_on"] = max(fact["received_on"], local_day(event.closed_at, event.region))
    return fact


def _new_fact(event: AppealRegistered | AppealImported, status: CaseStatus, at: datetime) -> FactRow:
    return {
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
        "provider_id": None,
        "tier": None,
        "urgency": None,
        "outcome": None,
        "registered_at": None,
        "due_at": None,
        "routed_at": None,
        "answered_at": None,
        "closed_at": None,
        "follows": None,
        "confirmed": None,
        "score": None,
        "proof": None,
        "decision": None,
        "agreed": None,
        "number": event.number,
        "extended": False,
        "reopened": False,
        "held_by_fund": 0,
        "held_by_provider": 0,
        "held_by_applicant": 0,
        "ended_on": None,
        "reopening_id": None,
        "protection": None if event.category is None else protection_of([event.category]),
    }


_OPENING: Mapping[type[AppealEvent], Opening] = {AppealRegistered: _registered, AppealImported: _imported}


# -- later events --


def _unchanged(_event: AppealEvent, _fact: FactState, _at: datetime) -> FactChange:
    return {}


_DECLARED = "declared"
"""The method of a classification that the applicant chose: nobody can agree with a decision that was none."""


def _routed(event: AppealRouted, fact: FactState, at: datetime) -> FactChange:
    due_at = fact["due_at"] if event.clock is None else event.clock.due_at
    change: FactChange = {**_subject(event), "urgency": event.urgency, "language": event.language, "routed_at": at, "due_at": due_at}
    change["decision"] = None if event.versions.get("method") == _DECLARED else event.decision
    if event.is_unsorted:
        change["tier"] = None  # provisional: the appeal counts for a tier once a person has sorted it
    return change


def _corrected(event: ClassificationCorrected, fact: FactState, _at: datetime) -> FactChange:
    """Record the new codes, and whether they are those of the classifier. A split or removed issue leaves them as they are."""
    is_same = (fact["kind"], fact["category"], fact["topic"]) == (event.kind, event.category, event.topic)
    return {**_subject(event), "agreed": _agreed(fact, is_same=is_same)}


def _agreed(fact: FactState, *, is_same: bool) -> bool | None:
    """Return what the first person who worked on the appeal found; later ones change nothing."""
    return is_same if fact["agreed"] is None and fact["decision"] is not None else fact["agreed"]


def _subject(event: AppealRouted | ClassificationCorrected) -> FactChange:
    return {"category": event.category, "topic": event.topic}


def _clock_started(event: ClockStarted, fact: FactState, _at: datetime) -> FactChange:
    return {"due_at": event.due_at if event.statutory else fact["due_at"]}


def _extended(event: TermExtended, fact: FactState, at: datetime) -> FactChange:
    """Set the new end of the statutory term: an answer until then is in time (АППК art. 76(3)). A late decision undoes no breach."""
    due_at = event.due_at if fact["due_at"] is None or at <= fact["due_at"] else fact["due_at"]
    return {"due_at": due_at, "extended": True}


def _answered(event: AnswerGiven, fact: FactState, at: datetime) -> FactChange:
    """Record the first answer. An answer also revokes a withdrawal that came too late."""
    change: FactChange = {"answered_at": fact["answered_at"] or at, "agreed": _agreed(fact, is_same=True)}
    if _changes_status(event, fact):
        change["closed_at"] = None
    return change


def _ended(event: AppealEvent, fact: FactState, at: datetime) -> FactChange:
    """Record the end; a fact whose status the event does not change stays as it is."""
    return {"closed_at": at} if _changes_status(event, fact) else {}


def _reopened(event: CaseReopened, fact: FactState, _at: datetime) -> FactChange:
    """Take the end back. The applicant has confirmed nothing of what comes now."""
    reopened: FactChange = {"reopened": True}
    return {**reopened, "closed_at": None, "confirmed": None} if _changes_status(event, fact) else reopened


def _changes_status(event: AppealEvent, fact: FactState) -> bool:
    return status_after(fact["status"], event.FACT) != fact["status"]


def _confirmation(*, confirmed: bool) -> Change:
    return lambda _event, _fact, _at: {"confirmed": confirmed}


def _rated(event: AppealRated, _fact: FactState, _at: datetime) -> FactChange:
    return {"score": event.score}


_CHANGES: Mapping[type[AppealEvent], Change] = {
    AppealRouted: _routed,
    ClassificationCorrected: _corrected,
    AnswerGiven: _answered,
    CaseClosed: _ended,
    ClockStarted: _clock_started,
    TermExtended: _extended,
    AppealWithdrawn: _ended,
    OutcomeConfirmed: _confirmation(confirmed=True),
    OutcomeDenied: _confirmation(confirmed=False),
    AppealRated: _rated,
    CaseReturned: _ended,
    CaseTerminated: _ended,
    CaseForwarded: _ended,
    ComplaintPassedUp: _ended,
    CaseReopened: _reopened,
}
"""What events change in a fact in addition to its state (`shared.projection`); every other event changes the state alone."""

_ACTORS: Mapping[type[AppealEvent], Actor] = {
    AppealImported: _always(ActorKind.SYSTEM),
    ImportUndoRequested: _always(ActorKind.SYSTEM),
    TierRaised: _always(ActorKind.FUND),
    ProviderMatched: _matcher,
    InquirySent: _always(ActorKind.FUND),
    InquiryAcknowledged: _always(ActorKind.PROVIDER),
    InquiryAnswered: _always(ActorKind.PROVIDER),
    SolutionProposed: _always(ActorKind.PROVIDER),
    CommitmentMade: _always(ActorKind.PROVIDER),
    ConsentAsked: _always(ActorKind.PROVIDER),
}
"""Who caused these events; `_actor` knows it of every other event."""


@cache
def _has_role(event_type: type[AppealEvent]) -> bool:
    return "actor_role" in event_type.model_fields


def _actor(event: AppealEvent) -> ActorKind:
    """Return who caused an event: the role that it names, the applicant for an event of intake, the system for any other."""
    event_type = type(event)
    if event_type in _ACTORS:
        return _ACTORS[event_type](event)
    if _has_role(event_type):
        return _actor_by_role(event)
    return ActorKind.CITIZEN if event.SERVICE == AppealRegistered.SERVICE else ActorKind.SYSTEM


# -- applying a batch --


@InOrder
async def apply_appeal_events(work: UnitOfWork, batch: Batch[Any]) -> None:
    """Update facts and record transitions. Raises UnknownAppeal for an event of an appeal that was never registered."""
    stored = await repository.fact_states(work.session, list({received.event.appeal_id: None for received in batch.received}))
    facts = dict(stored)
    transitions: list[TransitionRow] = []
    reopenings = Reopenings()
    for received in batch.received:
        appeal_id = received.event.appeal_id
        before = facts.get(appeal_id)
        is_first = type(received.event) in _OPENING
        after = _open(received, before) if is_first else _change(received, before)
        transitions.append(_transition(received, before=before, after=after))
        after = after if is_first else reopenings.follow(before, after, received.envelope.id)
        facts[appeal_id] = _held(after, transitions[-1])
    # A fact that is not stored was opened in this batch, so it has every column.
    opened = [cast("FactRow", fact) for appeal_id, fact in facts.items() if appeal_id not in stored]
    repository.insert_facts(work.session, opened)
    await repository.update_facts(work.session, [facts[appeal_id] for appeal_id in stored])
    await repository.insert_transitions(work.session, transitions)
    await repository.store_reopenings(work.session, list(reopenings.added.values()), list(reopenings.ended.values()))
    await follow_inquiries(work, batch.received, facts)
    days = {(fact["received_on"], fact["region"]): None for fact in facts.values()}
    repository.request_recounts(work.session, list(days), [fact["follows"] for fact in opened if fact["follows"] is not None])


async def remove_undone(work: UnitOfWork, batch: Batch[ImportUndone]) -> None:
    """Remove the facts of appeals whose import was undone, with everything counted of them. Their days are counted again."""
    appeal_ids = [received.event.appeal_id for received in batch.received]
    facts = await repository.fact_states(work.session, appeal_ids)
    await remove_appeals(work.session, AnalyticsModel.metadata, appeal_ids)
    repository.request_recounts(work.session, list({(fact["received_on"], fact["region"]): None for fact in facts.values()}), [])


def _open(received: Received[Any], before: FactState | None) -> FactState:
    return before or _OPENING[type(received.event)](received.event, received.envelope.time)


def _change(received: Received[Any], before: FactState | None) -> FactState:
    if before is None:
        raise UnknownAppeal
    change = _CHANGES.get(type(received.event), _unchanged)
    at = received.envelope.time
    after: FactState = {
        **before,
        **state_after(before, received.event),
        "moved_at": max(before["moved_at"], at),
        **change(received.event, before, at),
    }
    after["proof"] = proof_after(before, received.event, after["status"])
    return after


def _transition(received: Received[Any], *, before: FactState | None, after: FactState) -> TransitionRow:
    at = received.envelope.time
    left = _progress(before["status"], before["tier"]) if before else None
    reached = _progress(after["status"], after["tier"])
    return {
        "event_id": received.envelope.id,
        "appeal_id": received.event.appeal_id,
        "type": received.event.FACT,
        "at": at,
        "actor_kind": _actor(received.event),
        "holder_before": left.holder if left else None,
        "holder_after": reached.holder,
        # The clocks of services differ a little: a negative duration would describe the clocks, not the appeal.
        "dwell_seconds": max(0, int((at - before["moved_at"]).total_seconds())) if before else None,
        "backward": left is not None and reached.position < left.position,
    }


def _held(fact: FactState, passed: TransitionRow) -> FactState:
    """Add the seconds before an event to the time that its holder held the appeal. A redelivered event adds none."""
    holder, seconds = passed["holder_before"], passed["dwell_seconds"]
    if holder not in _HOLDERS or not seconds:
        return fact
    column = _HOLDERS[holder]
    return cast("FactState", {**fact, column: fact[column] + seconds})


class _Progress(NamedTuple):
    """Who holds an appeal, and its position: the stage, then the tier within the Fund."""

    holder: Holder
    position: tuple[int, int]


@cache  # a few statuses and tiers, read twice for each event
def _progress(status: CaseStatus, tier: int | None) -> _Progress:
    if taxonomy().statuses[status].final:
        return _Progress(holder_of(status, tier), (_FINAL_STAGE, 0))
    return _Progress(holder_of(status, tier), (_STAGES.get(status, _MIDDLE_STAGE), tier or LOWEST_TIER))


HANDLERS: Handlers = {
    **dict.fromkeys(appeal_events(), apply_appeal_events),
    ImportUndone: remove_undone,
    ProviderRecorded: record_providers,
    ProviderRated: record_ratings,
    CallEnded: record_calls,
    QuestionSelfServed: record_self_service,
}
