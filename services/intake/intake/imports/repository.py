"""Every query of imports of open appeals."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from intake.imports.models import OpenImport, TakenOver
from shared.database import among

ImportPosition = tuple[datetime, UUID]


async def import_by_id(session: AsyncSession, import_id: UUID, *, lock: bool = False) -> OpenImport | None:
    query = select(OpenImport).where(col(OpenImport.import_id) == import_id)
    return (await session.execute(query.with_for_update() if lock else query)).scalar_one_or_none()


async def imports(session: AsyncSession, limit: int, after: ImportPosition | None) -> tuple[Sequence[OpenImport], int]:
    """Return the imports, the newest first, at most `limit`, and how many there are."""
    query = select(OpenImport).order_by(col(OpenImport.at).desc(), col(OpenImport.import_id).desc()).limit(limit)
    if after is not None:
        at, import_id = after
        earlier = or_(col(OpenImport.at) < at, (col(OpenImport.at) == at) & (col(OpenImport.import_id) < import_id))
        query = query.where(earlier)
    total = (await session.execute(select(func.count()).select_from(OpenImport))).scalar_one()
    return (await session.execute(query)).scalars().all(), total


async def add_to_import(session: AsyncSession, import_id: UUID, **counts: int) -> None:
    """Add to the counts of an import."""
    changed = {name: col(getattr(OpenImport, name)) + count for name, count in counts.items()}
    await session.execute(update(OpenImport).where(col(OpenImport.import_id) == import_id).values(changed))


async def taken_over(session: AsyncSession, import_id: UUID, limit: int, after: UUID | None) -> Sequence[UUID]:
    """Return the appeals that an import brought and that are still there, in the order of their ids."""
    query = select(col(TakenOver.appeal_id)).where(col(TakenOver.import_id) == import_id).order_by(col(TakenOver.appeal_id)).limit(limit)
    if after is not None:
        query = query.where(col(TakenOver.appeal_id) > after)
    return (await session.execute(query)).scalars().all()


async def imports_of(session: AsyncSession, appeal_ids: Sequence[UUID]) -> dict[UUID, UUID]:
    """Return the import of each of these appeals that one took over."""
    query = select(col(TakenOver.appeal_id), col(TakenOver.import_id)).where(among(session, TakenOver.appeal_id, appeal_ids))
    return {row[0]: row[1] for row in await session.execute(query)}


async def mark_remaining(session: AsyncSession, appeal_ids: Sequence[UUID]) -> None:
    """Note that these appeals stay although their import was undone."""
    await session.execute(update(TakenOver).where(among(session, TakenOver.appeal_id, appeal_ids)).values(remains=True))


async def remaining(session: AsyncSession, import_id: UUID) -> Sequence[UUID]:
    """Return the appeals that stay although their import was undone."""
    query = select(col(TakenOver.appeal_id)).where(col(TakenOver.import_id) == import_id, col(TakenOver.remains).is_(True))
    return (await session.execute(query)).scalars().all()
