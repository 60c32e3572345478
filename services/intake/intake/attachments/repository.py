"""The queries of attachments."""

from collections.abc import Collection, Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from intake.attachments.models import Attachment
from shared.database import among
from shared.files.repository import FileTable

FILES: Final = FileTable(Attachment, "appeal_id", secret="token")  # noqa: S106 - the name of a column


async def attachments_of(session: AsyncSession, appeal_ids: Collection[UUID]) -> Sequence[Attachment]:
    """Return the completely received files of appeals, oldest first."""
    query = select(Attachment).where(among(session, Attachment.appeal_id, appeal_ids), col(Attachment.kind).is_not(None))
    return (await session.execute(query.order_by(col(Attachment.created_at), col(Attachment.id)))).scalars().all()


async def attachment_totals(session: AsyncSession, appeal_id: UUID) -> tuple[int, int]:
    """Return the number of an appeal's files and their bytes."""
    query = select(func.count(), func.coalesce(func.sum(Attachment.size), 0)).where(col(Attachment.appeal_id) == appeal_id)
    row = (await session.execute(query)).one()
    return int(row[0]), int(row[1])


async def set_message(session: AsyncSession, attachment_id: UUID, message_id: UUID) -> None:
    """Record the message with which a file, claimed in this transaction, was sent."""
    found = await FILES.by_id(session, attachment_id)
    if found is not None:
        found.message_id = message_id
