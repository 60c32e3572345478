"""The outbox: the only way to emit. Events are stored in the transaction that makes them true, and the relay carries them on."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy.ext.asyncio import AsyncSession

from shared.clock import Clock
from shared.contracts import Event
from shared.fast.bulk import insert_later, insert_waiting
from shared.ids import Ids, derived
from shared.messaging import tables
from shared.messaging.envelope import Envelope
from shared.tracing import current_traceparent


@dataclass(slots=True)
class _Pending:
    """What a transaction is going to emit, in order."""

    service: str
    clock: Clock
    ids: Ids
    rows: list[dict[str, Any]]
    ordinals: dict[tuple[UUID, str], int]


def context(service: str, clock: Clock, ids: Ids) -> dict[str, Any]:
    """What a session carries so that events can be appended in it."""
    return {"outbox": _Pending(service, clock, ids, [], {})}


def append(
    session: AsyncSession, event: Event, *, cause: Envelope | None = None, event_id: UUID | None = None, traceparent: str | None = None
) -> UUID:
    """Emit `event` when this transaction commits; returns its id.

    Lock the aggregate before appending, so that one appeal's events keep their order. `cause` is the event being handled: the new id then
    follows from it (UUIDv5), and a batch done again after a lost write repeats it. Without a cause the id is new, or `event_id`.
    `traceparent`: of the request that asked for it, where one task works for many.

    Raises:
        PermissionError: the event belongs to another service.
        RuntimeError: the session is a snapshot, which publishes nothing.
    """
    pending: _Pending | None = session.info.get("outbox")
    if pending is None:
        raise RuntimeError("a snapshot publishes nothing")
    if pending.service != event.SERVICE:
        raise PermissionError(f"{event.TYPE} is {event.SERVICE}'s to say, not {pending.service}'s")
    if cause is not None and event_id is None:
        told = (cause.id, event.TYPE)
        ordinal = pending.ordinals.get(told, 0)
        pending.ordinals[told] = ordinal + 1
        event_id = derived(*told, ordinal)
    elif event_id is None:
        event_id = pending.ids.new()
    pending.rows.append(
        {
            "event_id": event_id,
            "topic": event.TOPIC,
            "key": str(event.subject),
            "type": event.TYPE,
            "time": pending.clock.now(),
            "correlation_id": cause.correlation_id if cause else event_id,
            "causation_id": cause.id if cause else None,
            "traceparent": (cause.traceparent if cause else None) or traceparent or current_traceparent(),
            "value": to_json(event, by_alias=False),
        }
    )
    return event_id


async def flush(session: AsyncSession) -> int:
    """Store what was appended, and what else waits; called by the boundary just before the commit. Returns how many events."""
    pending: _Pending = session.info["outbox"]
    insert_later(session, tables.outbox, pending.rows)
    await insert_waiting(session)
    return len(pending.rows)
