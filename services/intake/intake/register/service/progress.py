"""What the actions of applicants share: lock the tracking row, publish the event, store status, timeline and message."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from intake.register import repository
from intake.register.codes import MessageAuthor, MessageKind
from intake.register.policy import policy
from intake.register.repository import applicant as records
from intake.register.repository.applicant import AppealFacts
from intake.register.schemas.rows import TrackingRow
from shared.contracts import AppealEvent
from shared.domain.lifecycle import holder_of, status_after
from shared.errors import TooMany
from shared.sealing import Sealer
from shared.unit_of_work import UnitOfWork

HOUR: Final = timedelta(hours=1)


async def lock_appeal(work: UnitOfWork, appeal_id: UUID) -> TrackingRow:
    """Return the tracking row of an appeal, locked until the transaction ends: every action locks it first. Raises NotFound."""
    return await records.lock_tracking(work.session, appeal_id)


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


def statement_codes(tracking: TrackingRow, facts: AppealFacts) -> dict[str, object]:
    """Return what the events of a confirmation and of a withdrawal say of their appeal, so that it can be drawn for a call."""
    codes = {name: value for name, value in tracking.items() if name in {"appeal_id", "region", "tier", "kind", "protection"}}
    return {**codes, **facts._asdict()}


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
