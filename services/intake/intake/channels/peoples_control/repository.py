"""Queries of the people's control section."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import defer
from sqlmodel import col

from intake.register.models import Appeal, Tracking

_WORDS: tuple[Any, ...] = (Appeal.text, Appeal.applicant, Appeal.provider_name, Appeal.particulars)


_ENTRIES = text("appeal.channel = 'PEOPLES_CONTROL'")  # in these words, for the index of just these rows to be used


class PublicEntry(NamedTuple):
    """An entry without its sealed content."""

    appeal: Appeal
    tracking: Tracking


async def entries(session: AsyncSession, offset: int, limit: int) -> Sequence[PublicEntry]:
    """Entries of people's control, newest first, without anybody's words."""
    query = select(Appeal, Tracking).join(Tracking, col(Tracking.appeal_id) == col(Appeal.id)).where(_ENTRIES)
    query = query.options(*(defer(one, raiseload=True) for one in _WORDS))
    rows = await session.execute(query.order_by(col(Appeal.id).desc()).offset(offset).limit(limit))
    return [PublicEntry(row[0], row[1]) for row in rows]


async def count_entries(session: AsyncSession) -> int:
    return (await session.execute(select(func.count()).select_from(Appeal).where(_ENTRIES))).scalar_one()
