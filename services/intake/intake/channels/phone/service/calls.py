"""Taking in what the exchange says of calls, telling the others of a call once it is over, and keeping the list of call-backs."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from intake.channels.phone import repository
from intake.channels.phone.schemas import CallEventIn, CallEventsTaken
from intake.channels.phone.service.call_state import Course, Heard, fold
from intake.channels.phone.service.policy import OTHER_QUEUE, menu, policy, queues
from intake.register.service.filing import fault, moment
from intake.register.service.registration import phone_key
from shared.contracts import CallEnded
from shared.domain.phones import InvalidPhone, mask_phone, normalise_personal_phone
from shared.errors import FieldError, InvalidInput
from shared.messaging import outbox
from shared.service import Parts

TOLD_TOGETHER: Final = 200
Row = dict[str, Any]


def dialable(given: str | None) -> str | None:
    """The number in E.164; None for what is withheld, no number of Kazakhstan, or a short number, which nobody calls from."""
    try:
        return normalise_personal_phone(given) if given else None
    except InvalidPhone:
        return None


async def take_in(session: AsyncSession, parts: Parts, events: Sequence[CallEventIn]) -> CallEventsTaken:
    """Keep what is new and bring the calls forward. Raises InvalidInput for times that cannot be; then nothing is kept."""
    now = parts.clock.now()
    moments = _moments(events, now + policy().clock_ahead)
    externals = [parts.pepper.keyed_hmac("call", one.call_id.encode()) for one in events]
    first = dict(zip(externals, moments, strict=True))
    await repository.add_new_calls(session, [_new_row(parts.ids.new(), external, at, now) for external, at in first.items()])
    found = await repository.calls_by_external(session, externals)
    rows = [_event_row(found[key]["id"], one, at) for key, one, at in zip(externals, events, moments, strict=True)]
    new = await repository.add_call_events(session, rows)
    for external, one in zip(externals, events, strict=True):
        _keep_people(parts, found[external], one)
    await _bring_forward(session, list(found.values()), now)
    return CallEventsTaken(received=len(events), new=new)


def _moments(events: Sequence[CallEventIn], latest: datetime) -> list[datetime]:
    found, errors = [], list[FieldError]()
    for index, one in enumerate(events):
        at = moment(one.at)
        if at is None or at > latest:
            errors.append(fault(f"{index}.at", "bad-time"))
        else:
            found.append(at)
    if errors:
        raise InvalidInput(errors)
    return found


def _new_row(call_id: UUID, external: bytes, at: datetime, now: datetime) -> Row:
    nothing = dict.fromkeys(("region", "agent", "caller", "caller_tail", "number", "recording", "queued_at", "answered_at", "ended_at"))
    return {
        **nothing,
        "id": call_id,
        "external": external,
        "direction": "in",
        "state": "OFFERED",
        "queue": OTHER_QUEUE,
        "offered_at": at,
        "waited_seconds": 0,
        "talked_seconds": 0,
        "outcome": None,
        "verified_by": None,
        "heard_at": now,
        "told_at": None,
    }


def _event_row(call_id: UUID, one: CallEventIn, at: datetime) -> Row:
    """Without numbers and references; a queue that is not known is another one, a path that is not of the menu is not kept."""
    said = {
        "direction": one.direction,
        "queue": (one.queue if one.queue in queues() else OTHER_QUEUE) if one.queue else None,
        "agent": one.agent_id,
        "ivr_path": one.ivr_path if one.ivr_path in menu() else None,
        "wait_s": one.wait_s,
        "talk_s": one.talk_s,
        "disposition": one.disposition,
    }
    data = {name: value for name, value in said.items() if value is not None}
    return {"call_id": call_id, "type": one.type, "seq": one.seq, "at": at, "data": data}


def _keep_people(parts: Parts, row: Row, one: CallEventIn) -> None:
    """The number as hash, hidden tail and, while the call may lead to a call-back, sealed; the recording's name sealed."""
    phone = dialable(one.to if (one.direction or row["direction"]) == "out" else one.caller)
    if phone is not None:
        row["caller"], row["caller_tail"] = phone_key(parts.pepper, phone), mask_phone(phone)
        if row["told_at"] is None:
            row["number"] = parts.sealer.seal("call", row["id"], "number", phone.encode())
    if one.recording_ref is not None:
        row["recording"] = parts.sealer.seal("call", row["id"], "recording", one.recording_ref.encode())


async def _bring_forward(session: AsyncSession, rows: Sequence[Row], now: datetime) -> None:
    """Fold each call anew. What was told of a call stays as it was told."""
    courses = await _courses(session, [row["id"] for row in rows])
    moved = [row | (_of(courses[row["id"]]) if row["told_at"] is None else {}) | {"heard_at": now} for row in rows]
    await repository.put_calls(session, moved)


async def _courses(session: AsyncSession, call_ids: Sequence[UUID]) -> Mapping[UUID, Course]:
    heard: dict[UUID, list[Heard]] = defaultdict(list)
    for one in await repository.call_events(session, call_ids):
        heard[one.call_id].append(Heard(one.type, one.seq, one.at, one.data))
    return {call_id: fold(events) for call_id, events in heard.items()}


def _of(course: Course) -> Row:
    return {
        "state": course.state,
        "direction": course.direction,
        "queue": course.queue,
        "region": queues()[course.queue].region,
        "agent": course.agent,
        "offered_at": course.offered_at,
        "queued_at": course.queued_at,
        "answered_at": course.answered_at,
        "ended_at": course.ended_at,
        "waited_seconds": course.waited_seconds,
        "talked_seconds": course.talked_seconds,
        "outcome": course.outcome,
    }


async def settle(parts: Parts) -> None:
    """Tell of calls that are over, put those to be called back on the list, and let go of the numbers. A job; safe to run twice."""
    told = TOLD_TOGETHER
    while told == TOLD_TOGETHER:
        now = parts.clock.now()
        async with parts.database.write() as session:
            rows = await repository.untold_calls(session, now - policy().grace, now - policy().lost_after, TOLD_TOGETHER)
            courses = await _courses(session, [row["id"] for row in rows])
            await repository.add_call_backs(session, [back for row in rows if (back := _call_back(parts, row, courses[row["id"]], now))])
            for row in rows:
                _end_lost(row, courses[row["id"]])
                row |= {"told_at": now, "number": None}
                if row["direction"] == "in":
                    outbox.append(session, _call_ended(row))
            await repository.put_calls(session, rows)
        told = len(rows)


async def forget(parts: Parts) -> None:
    """Let go of the numbers of those who could not be called back, and of calls that nobody has to ask about any more. A job."""
    now = parts.clock.now()
    async with parts.database.write() as session:
        await repository.lay_aside_call_backs(session, now - policy().call_back_for)
        await repository.forget_calls(session, now - policy().kept)


def _end_lost(row: Row, course: Course) -> None:
    """A call whose end was never heard of ended with the last that was."""
    if row["ended_at"] is not None:
        return
    answered = course.answered_at is not None
    row |= {"ended_at": course.last_at, "state": "ENDED" if answered else "ABANDONED", "outcome": "ANSWERED" if answered else "ABANDONED"}


def _call_ended(row: Row) -> CallEnded:
    return CallEnded(
        call_id=row["id"],
        queue=row["queue"],
        region=row["region"],
        offered_at=row["offered_at"],
        answered_at=row["answered_at"],
        ended_at=row["ended_at"],
        outcome=row["outcome"],
        waited_seconds=row["waited_seconds"],
        talked_seconds=row["talked_seconds"],
    )


def _call_back(parts: Parts, row: Row, course: Course, now: datetime) -> Row | None:
    """Who asked for it, by day or night, or gave up waiting; None for who was answered or cannot be called."""
    if row["direction"] != "in" or row["answered_at"] is not None or row["number"] is None:
        return None
    gave_up = row["queued_at"] is not None and row["waited_seconds"] >= policy().call_back_after_waiting
    reason = "ASKED" if course.chosen == "CALL_BACK" else "GAVE_UP" if gave_up else None
    if reason is None:
        return None
    back_id = parts.ids.new()
    phone = parts.sealer.open("call", row["id"], "number", row["number"])
    return {
        "id": back_id,
        "call_id": row["id"],
        "reason": reason,
        "queue": row["queue"],
        "caller_tail": row["caller_tail"],
        "number": parts.sealer.seal("call_back", back_id, "number", phone),
        "received_at": row["offered_at"],
        "state": "OPEN",
        "taken_by": None,
        "attempts": 0,
        "changed_at": now,
    }
