"""Actions of applicants on their appeals: lock the tracking row, publish the event, store status and timeline, in one transaction."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Generic, TypeVar
from uuid import UUID

from pydantic import BaseModel

from intake.register import repository
from intake.register.repository import applicant as records
from intake.register.schemas.codes import MessageAuthor, MessageKind
from intake.register.schemas.rows import TrackingRow
from intake.register.service.rights import policy
from shared.contracts import AppealEvent
from shared.domain.lifecycle import holder_of, status_after
from shared.errors import TooMany
from shared.idempotency import Once, Request
from shared.sealing import Sealer
from shared.service import Parts
from shared.unit_of_work import UnitOfWork

T = TypeVar("T", bound=BaseModel)

HOUR: Final = timedelta(hours=1)
CREATED: Final = 201


@dataclass(frozen=True, slots=True)
class ActionResult(Generic[T]):
    """The response to an applicant's action; `replayed` when the same request was answered before."""

    response: T
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class ApplicantRequest:
    """What an applicant asks for, and the Idempotency-Key of the request."""

    operation: str
    body: BaseModel
    key: str | None = None


async def perform(
    parts: Parts,
    appeal_id: UUID,
    request: ApplicantRequest,
    response_model: type[T],
    do: Callable[[UnitOfWork, TrackingRow], Awaitable[T]],
    *,
    check_visible: Callable[[TrackingRow], None] | None = None,
) -> ActionResult[T]:
    """Carry out an action in one transaction with the appeal locked, or return the response to a repeated request.

    `check_visible` raises for a caller who may no longer see the appeal, also for a repeated request; a caller who opened the appeal as its
    applicant needs none.

    Raises what `do` and `check_visible` raise, NotFound, and IdempotencyKeyReused.
    """

    async def lock(work: UnitOfWork) -> TrackingRow:
        tracking = await records.lock_tracking(work.session, appeal_id)
        if check_visible is not None:
            check_visible(tracking)
        return tracking

    async def carry_out(work: UnitOfWork) -> T:
        return await do(work, await lock(work))

    once = Once(parts.idempotency, parts.units, scope_of(appeal_id), request.key)
    answer = await once.answer(request.operation, request.body, carry_out, status=CREATED, check_visible=lock)
    return ActionResult(response_model.model_validate_json(answer.body), replayed=answer.is_replayed)


def repeatable_request(parts: Parts, appeal_id: UUID, request: ApplicantRequest) -> Request | None:
    """Return the request under its Idempotency-Key; None without a key."""
    return parts.idempotency.request(scope_of(appeal_id), request.key, request.operation, request.body) if request.key else None


def scope_of(appeal_id: UUID) -> str:
    """Return the scope of the Idempotency-Keys of an appeal: everyone who opens the appeal as its applicant shares it."""
    return f"appeal/{appeal_id}"


async def publish_change(
    work: UnitOfWork,
    tracking: TrackingRow,
    event: AppealEvent,
    *,
    timeline_type: str | None,
    keeps_status: bool = False,
) -> None:
    """Publish the event and store the locked row with its new status; `timeline_type` names the timeline entry (None: no entry)."""
    event_id = work.publish(event)
    if not keeps_status:
        tracking["status"] = status_after(tracking["status"], event.FACT)
    await store_tracking(work, tracking, event_id, timeline_type)


async def store_tracking(work: UnitOfWork, tracking: TrackingRow, event_id: UUID, timeline_type: str | None) -> None:
    """Store the locked row as the next version, and a timeline entry if `timeline_type` names one."""
    tracking.update({"holder": holder_of(tracking["status"], tracking["tier"]), "version": tracking["version"] + 1})
    await repository.update_trackings(work.session, [tracking])
    if timeline_type is not None:
        await repository.add_timeline(
            work.session,
            [
                {
                    "event_id": event_id,
                    "appeal_id": tracking["appeal_id"],
                    "at": work.clock.now(),
                    "type": timeline_type,
                    "data": {},
                    "holder": tracking["holder"],
                }
            ],
        )


async def store_message(work: UnitOfWork, appeal_id: UUID, kind: MessageKind, text: str | None) -> UUID:
    """Store a message of the applicant, sealed, and return its id. Raises TooMany beyond the limit of an hour."""
    now = work.clock.now()
    if await records.message_count(work.session, appeal_id, MessageAuthor.APPLICANT, now - HOUR) >= policy().messages.an_hour:
        raise TooMany(int(HOUR.total_seconds()))
    message_id = work.ids.new()
    sealed = work.sealer.seal("message", message_id, "text", text.encode()) if text is not None else None
    await records.add_messages(
        work.session,
        [
            {
                "id": message_id,
                "appeal_id": appeal_id,
                "at": now,
                "by": MessageAuthor.APPLICANT,
                "kind": kind,
                "text": sealed,
                "due_at": None,
            }
        ],
    )
    return message_id


def message_text(sealer: Sealer, message_id: UUID, text: bytes) -> str:
    """Return the text of a message, opened. Raises SealError."""
    return sealer.open("message", message_id, "text", text).decode()
