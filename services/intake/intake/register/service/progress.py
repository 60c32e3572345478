"""How an appeal moves by what its applicant does: the row locked, the fact emitted, status and timeline kept, in one transaction."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, Generic, TypeVar
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from intake.register import repository
from intake.register.repository import applicant as records
from intake.register.service.rights import policy
from shared.contracts import AppealEvent
from shared.domain.lifecycle import holder_of, status_after
from shared.errors import DomainError, TooMany
from shared.idempotency import Answer, Request
from shared.messaging import outbox
from shared.sealing import Sealer
from shared.service import Parts

T = TypeVar("T", bound=BaseModel)
Tracking = dict[str, Any]

APPLICANT: Final = "APPLICANT"
FUND: Final = "FUND"
HOUR: Final = timedelta(hours=1)
CREATED: Final = 201


@dataclass(frozen=True, slots=True)
class Done(Generic[T]):
    """What the applicant is told; `replayed` when the same request was answered before."""

    told: T
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """What an applicant asks for, and under which Idempotency-Key."""

    operation: str
    said: BaseModel
    key: str | None = None


async def act(
    parts: Parts,
    appeal_id: UUID,
    asked: Asked,
    answer: type[T],
    work: Callable[[AsyncSession, Tracking], Awaitable[T | DomainError]],
    *,
    check_visible: Callable[[Tracking], None] | None = None,
) -> Done[T]:
    """Do the work with the appeal locked, or answer a repeat as the first time. A refusal that is returned keeps what was changed.

    `check_visible` raises for whoever may no longer see the appeal, repeat or not; whoever has opened it as its applicant needs none.

    Raises what `work` and `check_visible` raise or return, NotFound, and IdempotencyKeyReused.
    """
    request, now = request_of(parts, appeal_id, asked), parts.clock.now()
    async with parts.idempotency.alone(request), parts.database.write() as session:
        earlier = await parts.idempotency.begin(session, request, now)
        tracking = await records.lock_tracking(session, appeal_id)
        if check_visible is not None:
            check_visible(tracking)
        if earlier is not None:
            return Done(answer.model_validate_json(earlier.body), replayed=True)
        told = await work(session, tracking)
        if not isinstance(told, DomainError):
            await parts.idempotency.finish(session, request, Answer(told.model_dump_json().encode()), now, status=CREATED)
        elif request is not None:
            await parts.idempotency.release(session, [request])
    if isinstance(told, DomainError):
        raise told
    return Done(told)


def request_of(parts: Parts, appeal_id: UUID, asked: Asked) -> Request | None:
    """The request under its key; None without one."""
    return parts.idempotency.request(scope_of(appeal_id), asked.key, asked.operation, asked.said) if asked.key else None


def scope_of(appeal_id: UUID) -> str:
    """Whose Idempotency-Keys they are: whoever opens the appeal is its applicant."""
    return f"appeal/{appeal_id}"


async def tell(
    session: AsyncSession, parts: Parts, tracking: Tracking, event: AppealEvent, *, kept: str | None, stays: bool = False
) -> None:
    """Emit the event and move the locked row with it; the timeline keeps it under the name `kept`. `stays`: the status is not moved."""
    event_id = outbox.append(session, event)
    if not stays:
        tracking["status"] = status_after(tracking["status"], event.FACT)
    await keep(session, parts, tracking, event_id, kept)


async def keep(session: AsyncSession, parts: Parts, tracking: Tracking, event_id: UUID, kept: str | None) -> None:
    """Write the locked row as it became, and a line of the timeline if it is named."""
    tracking |= {"holder": holder_of(tracking["status"], tracking["tier"]), "version": tracking["version"] + 1}
    await repository.put_trackings(session, [tracking])
    if kept is not None:
        line = {"event_id": event_id, "appeal_id": tracking["appeal_id"], "at": parts.clock.now(), "type": kept, "data": {}}
        await repository.add_timeline(session, [line | {"holder": tracking["holder"]}])


async def write_down(session: AsyncSession, parts: Parts, appeal_id: UUID, kind: str, text: str | None) -> UUID:
    """Keep words of the applicant's, sealed. Raises TooMany beyond the hour's limit."""
    now = parts.clock.now()
    if await records.message_count(session, appeal_id, APPLICANT, now - HOUR) >= policy().messages.an_hour:
        raise TooMany(int(HOUR.total_seconds()))
    message_id = parts.ids.new()
    words = parts.sealer.seal("message", message_id, "text", text.encode()) if text is not None else None
    row = {"id": message_id, "appeal_id": appeal_id, "at": now, "by": APPLICANT, "kind": kind, "text": words, "due_at": None}
    await records.add_messages(session, [row])
    return message_id


def words_of(sealer: Sealer, message_id: UUID, text: bytes) -> str:
    """A message's words opened. Raises SealError."""
    return sealer.open("message", message_id, "text", text).decode()
