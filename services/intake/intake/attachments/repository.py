"""The queries of attachments."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import case, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from intake.attachments.codes import AttachmentState
from intake.attachments.models import Attachment
from shared.database import among


async def add_attachment(session: AsyncSession, attachment: Attachment) -> None:
    """Insert a file."""
    session.add(attachment)
    await session.flush()


async def attachment_by_id(session: AsyncSession, attachment_id: UUID, *, lock: bool = False) -> Attachment | None:
    """Return a file, locked if `lock` is set; None if there is none."""
    query = select(Attachment).where(col(Attachment.id) == attachment_id)
    return (await session.execute(query.with_for_update() if lock else query)).scalar_one_or_none()


async def attachments_by_id(session: AsyncSession, ids: Collection[UUID]) -> dict[UUID, Attachment]:
    """Return files by id, locked in the order of their ids."""
    query = select(Attachment).where(among(session, Attachment.id, ids)).order_by(col(Attachment.id)).with_for_update()
    return {row.id: row for row in (await session.execute(query)).scalars()}


async def attachments_of(session: AsyncSession, appeal_ids: Collection[UUID]) -> Sequence[Attachment]:
    """Return the completely received files of appeals, oldest first."""
    query = select(Attachment).where(among(session, Attachment.appeal_id, appeal_ids), col(Attachment.kind).is_not(None))
    return (await session.execute(query.order_by(col(Attachment.created_at), col(Attachment.id)))).scalars().all()


async def attachment_totals(session: AsyncSession, appeal_id: UUID) -> tuple[int, int]:
    """Return the number of an appeal's files and their bytes."""
    query = select(func.count(), func.coalesce(func.sum(Attachment.size), 0)).where(col(Attachment.appeal_id) == appeal_id)
    row = (await session.execute(query)).one()
    return int(row[0]), int(row[1])


async def lock_uploads_of(session: AsyncSession, owner: bytes) -> None:
    """Lock the quota of an owner until the transaction ends. On SQLite nothing needs to be locked: there is one writer."""
    if session.get_bind().dialect.name != "sqlite":
        await session.execute(select(func.pg_advisory_xact_lock(int.from_bytes(owner[:8], signed=True))))


async def unclaimed_of(session: AsyncSession, owner: bytes, *, most: int) -> tuple[int, int]:
    """Return the number of an owner's unclaimed files and their bytes.

    A file that is being received counts with its announced size, or with `most` bytes if it announced none.
    """
    is_receiving = col(Attachment.state) == AttachmentState.RECEIVING
    expected = case((is_receiving, func.coalesce(col(Attachment.length), most)), else_=col(Attachment.size))
    query = select(func.count(), func.coalesce(func.sum(expected), 0))
    row = (await session.execute(query.where(col(Attachment.owner) == owner, col(Attachment.appeal_id).is_(None)))).one()
    return int(row[0]), int(row[1])


async def unclaimed_totals(session: AsyncSession) -> tuple[int, int]:
    """Return the number of all unclaimed files and their received bytes."""
    query = select(func.count(), func.coalesce(func.sum(Attachment.size), 0)).where(col(Attachment.appeal_id).is_(None))
    row = (await session.execute(query)).one()
    return int(row[0]), int(row[1])


async def due_scans(
    session: AsyncSession, states: Collection[AttachmentState], now: datetime, *, is_retry: bool, limit: int, lock: bool = False
) -> Sequence[Attachment]:
    """Return files that are due for a scan; with `lock` those that no other process has locked."""
    query = select(Attachment).where(among(session, Attachment.state, states))
    if is_retry:
        query = query.where(col(Attachment.scan_attempts) > 0, col(Attachment.scan_after) <= now).order_by(col(Attachment.scan_after))
    else:
        query = query.where(col(Attachment.scan_attempts) == 0).order_by(col(Attachment.id))
    query = query.limit(limit)
    return (await session.execute(query.with_for_update(skip_locked=True) if lock else query)).scalars().all()


async def uncount_scan(session: AsyncSession, attachment_id: UUID) -> None:
    """Undo the counting of an attempt that failed through no fault of the file; the file is due again."""
    uncounted = update(Attachment).where(col(Attachment.id) == attachment_id, col(Attachment.scan_attempts) > 0)
    await session.execute(uncounted.values(scan_attempts=col(Attachment.scan_attempts) - 1, scan_after=col(Attachment.created_at)))


async def move_attachment(session: AsyncSession, attachment_id: UUID, *, was: Collection[AttachmentState], state: AttachmentState) -> bool:
    """Set the state of a file that is in one of the states `was`. Return whether it was."""
    moved = update(Attachment).where(col(Attachment.id) == attachment_id, among(session, Attachment.state, was)).values(state=state)
    return (await session.execute(moved.returning(col(Attachment.id)))).scalar_one_or_none() is not None


async def set_message(session: AsyncSession, attachment_id: UUID, message_id: UUID) -> None:
    """Record the message with which a file, claimed in this transaction, was sent."""
    found = await attachment_by_id(session, attachment_id)
    if found is not None:
        found.message_id = message_id


async def give_up_scanning(session: AsyncSession) -> None:
    """Mark all files that wait for the scanner as unscanned."""
    waiting = update(Attachment).where(col(Attachment.state) == AttachmentState.SCANNING)
    await session.execute(waiting.values(state=AttachmentState.UNSCANNED))


async def unclaimed_before(session: AsyncSession, before: datetime, *, limit: int) -> Sequence[UUID]:
    """Return the ids of unclaimed files that were begun before a time."""
    query = select(col(Attachment.id)).where(col(Attachment.created_at) < before, col(Attachment.appeal_id).is_(None))
    return (await session.execute(query.limit(limit))).scalars().all()


async def drop_unclaimed(session: AsyncSession, ids: Collection[UUID]) -> Sequence[UUID]:
    """Mark those of the files that are unclaimed as dropped. Return their ids."""
    unclaimed = update(Attachment).where(among(session, Attachment.id, ids), col(Attachment.appeal_id).is_(None))
    dropped = unclaimed.values(state=AttachmentState.DROPPED, token=None, owner=None)
    return (await session.execute(dropped.returning(col(Attachment.id)))).scalars().all()


async def delete_dropped(session: AsyncSession, ids: Collection[UUID]) -> None:
    """Delete those of the files that are dropped."""
    is_dropped = col(Attachment.state) == AttachmentState.DROPPED
    await session.execute(delete(Attachment).where(among(session, Attachment.id, ids), is_dropped))
