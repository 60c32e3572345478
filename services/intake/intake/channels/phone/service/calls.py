"""Calls: recording what the exchange reports, publishing a call once it is over, and listing callers to be called back."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from intake.channels.phone import repository
from intake.channels.phone.codes import (
    CallBackReason,
    CallBackState,
    CallDirection,
    CallOutcome,
    CallState,
    MenuTarget,
)
from intake.channels.phone.policy import OTHER_QUEUE, call_policy, menu, queues
from intake.channels.phone.schemas.exchange import CallEventIn, CallEventsReceipt
from intake.channels.phone.schemas.rows import CallBackRow, CallEventData, CallEventRow, CallRow
from intake.channels.phone.service.call_state import CallSummary, ReceivedEvent, summarize
from intake.register.service.filing import fault, moment
from intake.register.service.registration import phone_key
from shared.contracts import CallEnded
from shared.domain.phones import InvalidPhone, mask_phone, normalise_personal_phone
from shared.errors import FieldError, InvalidInput
from shared.unit_of_work import UnitOfWork

PUBLISH_BATCH: Final = 200  # calls in one transaction


def dialable(given: str | None) -> str | None:
    """Return the number in E.164; None for a withheld, foreign or short number, from which no citizen calls."""
    try:
        return normalise_personal_phone(given) if given else None
    except InvalidPhone:
        return None


async def record_events(work: UnitOfWork, events: Sequence[CallEventIn]) -> CallEventsReceipt:
    """Store new events and update their calls. Raises InvalidInput for impossible times; then nothing is stored."""
    now = work.clock.now()
    times = _times(events, now + call_policy().clock_ahead)
    externals = [work.pepper.keyed_hmac("call", event.call_id.encode()) for event in events]
    first = dict(zip(externals, times, strict=True))
    await repository.add_new_calls(work.session, [_new_row(work.ids.new(), external, at, now) for external, at in first.items()])
    calls = await repository.calls_by_external(work.session, externals)
    rows = [_event_row(calls[key]["id"], event, at) for key, event, at in zip(externals, events, times, strict=True)]
    new = await repository.add_call_events(work.session, rows)
    for external, event in zip(externals, events, strict=True):
        _store_personal_data(work, calls[external], event)
    await _update_summaries(work.session, list(calls.values()), now)
    return CallEventsReceipt(received=len(events), new=new)


def _times(events: Sequence[CallEventIn], latest: datetime) -> list[datetime]:
    found, errors = [], list[FieldError]()
    for index, event in enumerate(events):
        at = moment(event.at)
        if at is None or at > latest:
            errors.append(fault(f"{index}.at", "bad-time"))
        else:
            found.append(at)
    if errors:
        raise InvalidInput(errors)
    return found


def _new_row(call_id: UUID, external: bytes, at: datetime, now: datetime) -> CallRow:
    return {
        "id": call_id,
        "external": external,
        "direction": CallDirection.IN,
        "state": CallState.OFFERED,
        "queue": OTHER_QUEUE,
        "region": None,
        "agent": None,
        "caller": None,
        "caller_tail": None,
        "number": None,
        "recording": None,
        "offered_at": at,
        "queued_at": None,
        "answered_at": None,
        "ended_at": None,
        "waited_seconds": 0,
        "talked_seconds": 0,
        "outcome": None,
        "verified_by": None,
        "received_at": now,
        "published_at": None,
    }


def _event_row(call_id: UUID, event: CallEventIn, at: datetime) -> CallEventRow:
    """Return the row without phone numbers and references. An unknown queue becomes OTHER; digits outside the menu are dropped."""
    data = CallEventData()
    if event.direction is not None:
        data["direction"] = CallDirection(event.direction)
    if event.queue:
        data["queue"] = event.queue if event.queue in queues() else OTHER_QUEUE
    if event.agent_id is not None:
        data["agent"] = event.agent_id
    if event.ivr_path is not None and event.ivr_path in menu():
        data["ivr_path"] = event.ivr_path
    if event.wait_s is not None:
        data["wait_s"] = event.wait_s
    if event.talk_s is not None:
        data["talk_s"] = event.talk_s
    if event.disposition is not None:
        data["disposition"] = event.disposition
    return {"call_id": call_id, "type": event.type, "seq": event.seq, "at": at, "data": data}


def _store_personal_data(work: UnitOfWork, row: CallRow, event: CallEventIn) -> None:
    """Set the number as hash, masked and, while a call-back may follow, sealed; and the sealed name of the recording."""
    phone = dialable(event.to if (event.direction or row["direction"]) == CallDirection.OUT else event.caller)
    if phone is not None:
        row["caller"], row["caller_tail"] = phone_key(work.pepper, phone), mask_phone(phone)
        if row["published_at"] is None:
            row["number"] = work.sealer.seal("call", row["id"], "number", phone.encode())
    if event.recording_ref is not None:
        row["recording"] = work.sealer.seal("call", row["id"], "recording", event.recording_ref.encode())


async def _update_summaries(session: AsyncSession, rows: Sequence[CallRow], now: datetime) -> None:
    """Summarise each call again. A call that is published does not change any more."""
    summaries = await _summaries(session, [row["id"] for row in rows])
    for row in rows:
        row["received_at"] = now
        if row["published_at"] is None:
            _apply(row, summaries[row["id"]])
    await repository.update_calls(session, rows)


async def _summaries(session: AsyncSession, call_ids: Sequence[UUID]) -> Mapping[UUID, CallSummary]:
    events: dict[UUID, list[ReceivedEvent]] = defaultdict(list)
    for event in await repository.call_events(session, call_ids):
        events[event.call_id].append(ReceivedEvent(event.type, event.seq, event.at, event.data))
    return {call_id: summarize(of_call) for call_id, of_call in events.items()}


def _apply(row: CallRow, summary: CallSummary) -> None:
    row["state"] = summary.state
    row["direction"] = summary.direction
    row["queue"] = summary.queue
    row["region"] = queues()[summary.queue].region
    row["agent"] = summary.agent
    row["offered_at"] = summary.offered_at
    row["queued_at"] = summary.queued_at
    row["answered_at"] = summary.answered_at
    row["ended_at"] = summary.ended_at
    row["waited_seconds"] = summary.waited_seconds
    row["talked_seconds"] = summary.talked_seconds
    row["outcome"] = summary.outcome


async def publish_ended_calls(work: UnitOfWork) -> int:
    """Publish calls that are over, list those to be called back, and erase the numbers from the calls.

    Returns the number of calls; PUBLISH_BATCH of them: there may be more.
    """
    now = work.clock.now()
    policy = call_policy()
    rows = await repository.unpublished_calls(work.session, now - policy.grace, now - policy.lost_after, PUBLISH_BATCH)
    summaries = await _summaries(work.session, [row["id"] for row in rows])
    call_backs = [back for row in rows if (back := _call_back(work, row, summaries[row["id"]], now))]
    await repository.add_call_backs(work.session, call_backs)
    for row in rows:
        _end_lost(row, summaries[row["id"]])
        row["published_at"], row["number"] = now, None
        if row["direction"] == CallDirection.IN:
            work.publish(_call_ended(row))
    await repository.update_calls(work.session, rows)
    return len(rows)


async def purge(work: UnitOfWork) -> None:
    """Close call-backs that were not reached in time, and delete calls after their retention."""
    now = work.clock.now()
    await repository.expire_call_backs(work.session, now - call_policy().call_back_for)
    await repository.purge_calls(work.session, now - call_policy().retention)


def _end_lost(row: CallRow, summary: CallSummary) -> None:
    """End a call whose end the exchange never reported at its latest event."""
    if row["ended_at"] is not None:
        return
    is_answered = summary.answered_at is not None
    row["ended_at"] = summary.last_at
    row["state"] = CallState.ENDED if is_answered else CallState.ABANDONED
    row["outcome"] = CallOutcome.ANSWERED if is_answered else CallOutcome.ABANDONED


def _call_ended(row: CallRow) -> CallEnded:
    """Return the event of a call that has ended."""
    return CallEnded.model_validate(
        {
            "call_id": row["id"],
            "queue": row["queue"],
            "region": row["region"],
            "offered_at": row["offered_at"],
            "answered_at": row["answered_at"],
            "ended_at": row["ended_at"],
            "outcome": row["outcome"],
            "waited_seconds": row["waited_seconds"],
            "talked_seconds": row["talked_seconds"],
        }
    )


def _call_back(work: UnitOfWork, row: CallRow, summary: CallSummary, now: datetime) -> CallBackRow | None:
    """Return the call-back of a caller who asked for it or gave up waiting; None for an answered or unreachable caller."""
    if row["direction"] != CallDirection.IN or row["answered_at"] is not None or row["number"] is None:
        return None
    gave_up = row["queued_at"] is not None and row["waited_seconds"] >= call_policy().call_back_after_waiting
    if summary.menu_target == MenuTarget.CALL_BACK:
        reason = CallBackReason.ASKED
    elif gave_up:
        reason = CallBackReason.GAVE_UP
    else:
        return None
    back_id = work.ids.new()
    phone = work.sealer.open("call", row["id"], "number", row["number"])
    return {
        "id": back_id,
        "call_id": row["id"],
        "reason": reason,
        "queue": row["queue"],
        "caller_tail": row["caller_tail"],
        "number": work.sealer.seal("call_back", back_id, "number", phone),
        "received_at": row["offered_at"],
        "state": CallBackState.OPEN,
        "claimed_by": None,
        "attempts": 0,
        "changed_at": now,
    }
