"""Storing closed appeals of a former register."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from intake.register import repository

Rows = Sequence[dict[str, Any]]


async def take_sequences(session: AsyncSession, count: int) -> Sequence[int]:
    """Take the next sequences of registration numbers; a sequence that is not used is lost."""
    return await repository.next_sequences(session, count)


async def imported_before(session: AsyncSession, ids: Sequence[UUID]) -> Mapping[UUID, tuple[bytes | None, str]]:
    """Return fingerprint and channel of the appeals that were imported before, by id."""
    return await repository.imported(session, ids)


async def store_imported(session: AsyncSession, appeals: Rows, trackings: Rows, timeline: Rows) -> None:
    """Store closed appeals with their tracking rows and timelines. Raises IntegrityError if another import stored one of them first."""
    await repository.add_imported(session, appeals, trackings, timeline)
