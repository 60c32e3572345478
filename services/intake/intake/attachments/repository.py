"""Questions about: files that came with an appeal or a message."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import case, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from intake.attachments.models import Attachment
from shared.database import among


async def add_attachment(session: AsyncSession, row: dict[str, Any]) -> None:
    await session.execute(insert(Attachment), [row])


async def attachment(session: AsyncSession, attachment_id: UUID, *, lock: bool = False) -> Attachment | None:
    query = select(Attachment).where(col(Attachment.id) == attachment_id)
    return (await session.execute(query.with_for_update() if lock else query)).scalar_one_or_none()


async def attachments_by_id(session: AsyncSession, ids: Collection[UUID]) -> dict[UUID, Attachment]:
    """Locked, in the order of ids."""
    query = select(Attachment).where(among(session, Attachment.id, ids)).order_by(col(Attachment.id)).with_for_update()
    return {row.id: row for row in (await session.execute(query)).scalars()}


async def attachments_of(session: AsyncSession, appeal_ids: Collection[UUID]) -> Sequence[Attachment]:
    """What was received whole, the oldest first."""
    query = select(Attachment).where(among(session, Attachment.appeal_id, appeal_ids), col(Attachment.kind).is_not(None))
    return (await session.execute(query.order_by(col(Attachment.created_at), col(Attachment.id)))).scalars().all()


async def attachment_totals(session: AsyncSession, appeal_id: UUID) -> tuple[int, int]:
    """How many files an appeal has, with those on their way, and how many bytes."""
    query = select(func.count(), func.coalesce(func.sum(Attachment.size), 0)).where(col(Attachment.appeal_id) == appeal_id)
    row = (await session.execute(query)).one()
    return int(row[0]), int(row[1])


async def lock_uploads_of(session: AsyncSession, owner: bytes) -> None:
    """Until the transaction ends nobody else asks how many uploads this owner has; on SQLite nobody else writes anyway."""
    if session.get_bind().dialect.name != "sqlite":
        await session.execute(select(func.pg_advisory_xact_lock(int.from_bytes(owner[:8], signed=True))))


async def unclaimed_of(session: AsyncSession, owner: bytes, *, receiving: str, most: int) -> tuple[int, int]:
    """How many files of an owner no appeal has claimed, and their bytes: of one that is `receiving` those announced, or else `most`."""
    coming = case((col(Attachment.state) == receiving, func.coalesce(col(Attachment.length), most)), else_=col(Attachment.size))
    query = select(func.count(), func.coalesce(func.sum(coming), 0))
    row = (await session.execute(query.where(col(Attachment.owner) == owner, col(Attachment.appeal_id).is_(None)))).one()
    return int(row[0]), int(row[1])


async def unclaimed_totals(session: AsyncSession) -> tuple[int, int]:
    """How many files no appeal has claimed, and how many bytes of them there are."""
    query = select(func.count(), func.coalesce(func.sum(Attachment.size), 0)).where(col(Attachment.appeal_id).is_(None))
    row = (await session.execute(query)).one()
    return int(row[0]), int(row[1])


async def due_scans(
    session: AsyncSession, states: Collection[str], now: datetime, *, is_retry: bool, limit: int, lock: bool = False
) -> Sequence[Attachment]:
    """Files that wait for the scanner and whose time has come; `lock`: those that no other process is about to scan."""
    query = select(Attachment).where(among(session, Attachment.state, states))
    if is_retry:
        query = query.where(col(Attachment.scan_attempts) > 0, col(Attachment.scan_after) <= now).order_by(col(Attachment.scan_after))
    else:
        query = query.where(col(Attachment.scan_attempts) == 0).order_by(col(Attachment.id))
    query = query.limit(limit)
    return (await session.execute(query.with_for_update(skip_locked=True) if lock else query)).scalars().all()


async def uncount_scan(session: AsyncSession, attachment_id: UUID) -> None:
    """An attempt that failed for no fault of the file: the file is due again."""
    uncounted = update(Attachment).where(col(Attachment.id) == attachment_id, col(Attachment.scan_attempts) > 0)
    await session.execute(uncounted.values(scan_attempts=col(Attachment.scan_attempts) - 1, scan_after=col(Attachment.created_at)))


async def move_attachment(session: AsyncSession, attachment_id: UUID, *, was: Collection[str], state: str) -> bool:
    """Whether it was in one of these states still."""
    moved = update(Attachment).where(col(Attachment.id) == attachment_id, among(session, Attachment.state, was)).values(state=state)
    return (await session.execute(moved.returning(col(Attachment.id)))).scalar_one_or_none() is not None


async def came_with(session: AsyncSession, attachment_id: UUID, message_id: UUID) -> None:
    """The message that a file, claimed in this transaction, came with."""
    found = await attachment(session, attachment_id)
    if found is not None:
        found.message_id = message_id


async def give_up_waiting(session: AsyncSession, *, was: str, state: str) -> None:
    await session.execute(update(Attachment).where(col(Attachment.state) == was).values(state=state))


async def left_attachments(session: AsyncSession, before: datetime, *, limit: int) -> Sequence[UUID]:
    """What nobody has claimed since then."""
    query = select(col(Attachment.id)).where(col(Attachment.created_at) < before, col(Attachment.appeal_id).is_(None))
    return (await session.execute(query.limit(limit))).scalars().all()


async def give_up_unclaimed(session: AsyncSession, ids: Collection[UUID], *, state: str) -> Sequence[UUID]:
    """Which of these are nobody's now, and in this state; one that was claimed stays."""
    unclaimed = update(Attachment).where(among(session, Attachment.id, ids), col(Attachment.appeal_id).is_(None))
    given_up = unclaimed.values(state=state, token=None, owner=None)
    return (await session.execute(given_up.returning(col(Attachment.id)))).scalars().all()


async def delete_attachments(session: AsyncSession, ids: Collection[UUID], *, state: str) -> None:
    """Those of these that are in this state."""
    await session.execute(delete(Attachment).where(among(session, Attachment.id, ids), col(Attachment.state) == state))
