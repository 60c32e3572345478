"""Storing closed appeals of a former register."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from intake.register import repository
from intake.register.schemas.rows import NewAppealRow, NewTrackingRow, TimelineRow


async def draw_sequences(session: AsyncSession, count: int) -> Sequence[int]:
    """Return unused sequence numbers of registration numbers. One that is not used is lost."""
    return await repository.next_sequences(session, count)


async def imported_before(session: AsyncSession, ids: Sequence[UUID]) -> Mapping[UUID, tuple[bytes | None, str]]:
    """Return fingerprint and channel of the appeals that were imported before, by id."""
    return await repository.imported_appeals(session, ids)


async def store_imported(
    session: AsyncSession, appeals: Sequence[NewAppealRow], trackings: Sequence[NewTrackingRow], timeline: Sequence[TimelineRow]
) -> None:
    """Store closed appeals with their tracking rows and timelines. Raises IntegrityError if another import stored one of them first."""
    await repository.add_imported(session, appeals, trackings, timeline)
