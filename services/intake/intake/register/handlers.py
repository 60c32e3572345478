"""What the other services' events change here: where an appeal stands, its timeline, and the replica of the provider directory.

Each type of an appeal's events has a rule from the event and the row it concerns to what changes in that row and what the timeline keeps;
`track` applies them to a batch in three statements, whatever its size. Claims, warnings and acknowledgements move nothing that a citizen
sees.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from intake.register import repository
from intake.register.repository.applicant import add_messages
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
from shared.domain.lifecycle import WITHDRAWN, holder_of, status_after
from shared.domain.regions import regions
from shared.messaging.handling import Batch, Handler, InOrder, Received
from shared.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Change:
    """Columns of the tracking row that change, and what the timeline keeps of it (None: no row)."""

    values: dict[str, Any] = field(default_factory=dict)
    kept: dict[str, Any] | None = None


Tracking = dict[str, Any]
Question = ApplicantAsked | CompletionAsked
Rule = Callable[[Received[Any], Tracking], Change]


def routed(one: Received[AppealRouted], _row: Tracking) -> Change:
    event = one.event
    return Change({"kind": event.kind, "tier": event.tier, "region": event.region}, {"tier": event.tier})


def clock_started(one: Received[ClockStarted], row: Tracking) -> Change:
    """The clock of the law replaces the date on the talon; the citizen is told when that moves the day."""
    if not one.event.statutory:
        return Change()
    due_at = one.event.due_at
    is_open = is_provisional(due_at.astimezone(regions()[row["region"]].timezone).date())
    return Change({"due_at": due_at, "due_provisional": is_open}, {"due_at": due_at.isoformat()} if due_at != row["due_at"] else None)


def tier_raised(one: Received[TierRaised], _row: Tracking) -> Change:
    return Change({"tier": one.event.tier}, {"tier": one.event.tier})


def corrected(one: Received[ClassificationCorrected], row: Tracking) -> Change:
    tier = one.event.tier
    return Change({"kind": one.event.kind, "tier": tier}, {"tier": tier} if tier != row["tier"] else None)


def provider_matched(one: Received[ProviderMatched], _row: Tracking) -> Change:
    return Change({"provider_id": one.event.provider_id})


def inquiry_sent(one: Received[InquirySent], _row: Tracking) -> Change:
    event = one.event
    return Change({"provider_id": event.provider_id}, {"provider_id": str(event.provider_id), "due_at": event.due_at.isoformat()})


def inquiry_answered(one: Received[InquiryAnswered], _row: Tracking) -> Change:
    return Change({}, {"provider_id": str(one.event.provider_id)})


def answer_given(one: Received[AnswerGiven], row: Tracking) -> Change:
    values = {"answer_id": one.event.answer_id, "answered_at": one.envelope.time, "verdict": None}
    return Change(values | _outcome(None, one, row), {})


def closed(one: Received[CaseClosed], row: Tracking) -> Change:
    return Change(_outcome(one.event.outcome, one, row), {"outcome": one.event.outcome})


def _outcome(outcome: str | None, one: Received[Any], row: Tracking) -> dict[str, Any]:
    """An appeal that the event does not move any more keeps the outcome it was finished with."""
    return {"outcome": outcome} if status_after(row["status"], one.event.FACT) != row["status"] else {}


def asked(one: Received[Question], _row: Tracking) -> Change:
    return Change({}, {"due_at": one.event.due_at.isoformat()})


def returned(one: Received[CaseReturned], row: Tracking) -> Change:
    return Change(_outcome("RETURNED", one, row), {})


def terminated(one: Received[CaseTerminated], row: Tracking) -> Change:
    return Change(_outcome("TERMINATED", one, row), {})


def forwarded(one: Received[CaseForwarded], row: Tracking) -> Change:
    return Change(_outcome("FORWARDED", one, row), {})


def told(_one: Received[PartForwarded | DangerReported | DangerPassedOn], _row: Tracking) -> Change:
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
    PartForwarded: told,
    DangerReported: told,
    DangerPassedOn: told,
}


def track(listeners: Sequence[TrackingListener]) -> Handler:
    """Return the handler that moves the tracking rows of a batch's appeals and then calls the listeners.

    An event of an appeal that is not registered here changes nothing.
    """

    async def handle(work: UnitOfWork, batch: Batch[Any]) -> None:
        session = work.session
        trackings = await repository.trackings(session, list({one.event.appeal_id: None for one in batch.received}))
        timeline, questions, changes = [], [], []
        for one in batch.received:
            tracking = trackings.get(one.event.appeal_id)
            if tracking is None:
                continue
            change = RULES[type(one.event)](one, tracking)
            status, tier = status_after(tracking["status"], one.event.FACT), change.values.get("tier", tracking["tier"])
            overrules = tracking["status"] == WITHDRAWN != status
            tracking |= change.values | {"status": status, "holder": holder_of(status, tier), "version": tracking["version"] + 1}
            if change.kept is not None:
                timeline.append(_timeline_row(one, change.kept, tracking["holder"]))
            if isinstance(one.event, Question):
                questions.append(_message(one))
            changes.append(TrackedChange(one, dict(tracking), change.kept is not None, overrules))
        await repository.put_trackings(session, list(trackings.values()))
        await repository.add_timeline(session, timeline)
        await add_messages(session, questions)
        for listener in listeners:
            await listener(work, batch, changes)
        await overrule(session, [each for each in changes if each.overrules_withdrawal], work.clock.now())

    return InOrder(handle)


def _message(one: Received[Question]) -> dict[str, Any]:
    """What the Fund asks; its words stay with their owner."""
    event = one.event
    kind = "QUESTION" if isinstance(event, ApplicantAsked) else "COMPLETION"
    fixed = {"id": event.question_id, "appeal_id": event.appeal_id, "at": one.envelope.time, "by": "FUND"}
    return fixed | {"kind": kind, "text": None, "due_at": event.due_at}


def _timeline_row(one: Received[Any], kept: dict[str, Any], holder: str) -> dict[str, Any]:
    return {
        "event_id": one.envelope.id,
        "appeal_id": one.event.appeal_id,
        "at": one.envelope.time,
        "type": one.event.FACT,
        "data": kept,
        "holder": holder,
    }


async def copy_providers(work: UnitOfWork, batch: Batch[ProviderRecorded]) -> None:
    rows = []
    for one in batch.received:
        values = one.event.model_dump()
        values["id"] = values.pop("provider_id")
        rows.append(values)
    await repository.put_providers(work.session, rows)
