"""Every query on names that wait for a clerk."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Subquery, delete, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from provider_contact.matching.models import NameMatch, NameMatchRow, StoredCandidate
from shared.database import among
from shared.fast.bulk import insert_new_rows


class WaitingName(NamedTuple):
    """A name that waits for a clerk, with what is known of its appeal."""

    match: NameMatch
    number: str
    region: str
    received_at: datetime


async def insert_matches(session: AsyncSession, rows: Sequence[NameMatchRow]) -> None:
    """Insert matches; one that is stored already stays as it is."""
    await insert_new_rows(session, NameMatch, rows, returning="appeal_id")


async def delete_matches(session: AsyncSession, appeal_ids: Sequence[UUID]) -> None:
    """Delete the waiting names of these appeals; appeals without one are skipped."""
    query = delete(NameMatch).where(among(session, NameMatch.appeal_id, appeal_ids)).execution_options(synchronize_session=False)
    await session.execute(query)


async def candidates_of(session: AsyncSession, appeal_ids: Sequence[UUID]) -> dict[UUID, list[StoredCandidate]]:
    """Return the candidates of the names of these appeals that wait for a clerk, by appeal id."""
    query = select(col(NameMatch.appeal_id), col(NameMatch.candidates)).where(among(session, NameMatch.appeal_id, appeal_ids))
    return {row[0]: row[1] for row in await session.execute(query)}


async def match_for_update(session: AsyncSession, appeal_id: UUID) -> NameMatch | None:
    """Return the match of an appeal and lock its row; None if nothing waits for a clerk."""
    query = select(NameMatch).where(col(NameMatch.appeal_id) == appeal_id).with_for_update()
    return (await session.execute(query)).scalar_one_or_none()


async def waiting_names(
    session: AsyncSession, appeals: Subquery, after: tuple[datetime, UUID] | None, limit: int
) -> tuple[list[WaitingName], int]:
    """Return the names of these appeals that wait for a clerk, the longest waiting first, and their total number."""
    of_appeal = col(NameMatch.appeal_id) == appeals.c.appeal_id
    total = (await session.execute(select(func.count()).select_from(NameMatch).join(appeals, of_appeal))).scalar_one()
    order = (col(NameMatch.noted_at), col(NameMatch.appeal_id))
    columns = (appeals.c.number, appeals.c.region, appeals.c.received_at)
    query = select(NameMatch, *columns).join(appeals, of_appeal).order_by(*order).limit(limit)
    if after is not None:
        query = query.where(tuple_(*order) > after)
    return [WaitingName(*row) for row in await session.execute(query)], total
