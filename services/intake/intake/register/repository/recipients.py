"""Queries about confirmed contacts, and about counts per recipient and day."""

from collections.abc import Collection
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from intake.register.models import ConfirmedContact, DailyCount
from shared.rows import insert_new_rows, upsert


async def confirm_contact(session: AsyncSession, appeal_id: UUID, kinds: Collection[str], now: datetime) -> None:
    """Store kinds of contact (phone, email) as confirmed; kinds that are confirmed already do not change."""
    rows = [{"appeal_id": appeal_id, "kind": kind, "at": now} for kind in sorted(kinds)]
    await insert_new_rows(session, ConfirmedContact, rows, unique=("appeal_id", "kind"), returning="kind")


async def confirmed_kinds(session: AsyncSession, appeal_id: UUID) -> set[str]:
    query = select(col(ConfirmedContact.kind)).where(col(ConfirmedContact.appeal_id) == appeal_id)
    return set((await session.execute(query)).scalars())


async def count_one(session: AsyncSession, key: bytes, day: date, limit: int) -> bool:
    """Add one to the count of a key on a day, atomically. Return False and count nothing if the limit is reached."""
    statement = upsert(session, DailyCount).values(key=key, day=day, count=1)
    more = {"count": col(DailyCount.count) + 1}
    counted = statement.on_conflict_do_update(index_elements=["key", "day"], set_=more, where=col(DailyCount.count) < limit)
    return (await session.execute(counted.returning(col(DailyCount.count)))).first() is not None


async def uncount_one(session: AsyncSession, key: bytes, day: date) -> None:
    """Subtract what `count_one` added: nothing was sent."""
    mine = (col(DailyCount.key) == key, col(DailyCount.day) == day)
    await session.execute(update(DailyCount).where(*mine).values(count=col(DailyCount.count) - 1))


async def purge_counts(session: AsyncSession, before: date) -> None:
    """Delete the counts of days before a date."""
    await session.execute(delete(DailyCount).where(col(DailyCount.day) < before))
