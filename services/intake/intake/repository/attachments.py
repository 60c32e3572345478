"""Questions about: files that came with an appeal or a message."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from intake.models.attachments import Attachment
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


async def attachments_in(session: AsyncSession, states: Collection[str], *, after: UUID, limit: int) -> Sequence[Attachment]:
    """Of these states and with an id behind `after`, in the order of ids."""
    query = select(Attachment).where(among(session, Attachment.state, states), col(Attachment.id) > after)
    return (await session.execute(query.order_by(col(Attachment.id)).limit(limit))).scalars().all()


async def move_attachment(session: AsyncSession, attachment_id: UUID, *, was: Collection[str], state: str) -> bool:
    """Whether it was in one of these states still."""
    moved = update(Attachment).where(col(Attachment.id) == attachment_id, among(session, Attachment.state, was)).values(state=state)
    return (await session.execute(moved.returning(col(Attachment.id)))).scalar_one_or_none() is not None


async def give_up_waiting(session: AsyncSession, *, was: str, state: str) -> None:
    await session.execute(update(Attachment).where(col(Attachment.state) == was).values(state=state))


async def left_attachments(session: AsyncSession, before: datetime, *, limit: int) -> Sequence[UUID]:
    """What nobody has claimed since then."""
    query = select(col(Attachment.id)).where(col(Attachment.created_at) < before, col(Attachment.appeal_id).is_(None))
    return (await session.execute(query.limit(limit))).scalars().all()


async def drop_unclaimed(session: AsyncSession, ids: Collection[UUID]) -> Sequence[UUID]:
    """Which of these are gone now; one that was claimed stays."""
    unclaimed = delete(Attachment).where(among(session, Attachment.id, ids), col(Attachment.appeal_id).is_(None))
    return (await session.execute(unclaimed.returning(col(Attachment.id)))).scalars().all()
