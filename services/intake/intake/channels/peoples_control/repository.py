"""Queries of the people's control section."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from intake.register.models import Appeal, Tracking, without_content

_IS_ENTRY = text("appeal.channel = 'PEOPLES_CONTROL'")  # exactly as in the partial index, which the database otherwise does not use


class PublicEntry(NamedTuple):
    """An entry without its sealed content."""

    appeal: Appeal
    tracking: Tracking


async def entries(session: AsyncSession, offset: int, limit: int) -> Sequence[PublicEntry]:
    """Return entries, newest first."""
    query = select(Appeal, Tracking).join(Tracking, col(Tracking.appeal_id) == col(Appeal.id)).where(_IS_ENTRY)
    query = query.options(*without_content())
    rows = await session.execute(query.order_by(col(Appeal.id).desc()).offset(offset).limit(limit))
    return [PublicEntry(row[0], row[1]) for row in rows]


async def count_entries(session: AsyncSession) -> int:
    return (await session.execute(select(func.count()).select_from(Appeal).where(_IS_ENTRY))).scalar_one()
