"""Every query on commitments."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Subquery, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from provider_contact.commitments.codes import CommitmentStatus
from provider_contact.commitments.models import Commitment
from shared.database import among
from shared.visibility import Scope


class ListedCommitment(NamedTuple):
    """A promise with what is known of its appeal."""

    commitment: Commitment
    number: str
    region: str


async def commitments_for_update(session: AsyncSession, commitment_ids: Sequence[UUID]) -> dict[UUID, Commitment]:
    """Return these promises and lock their rows, in one order so that two batches never wait for each other."""
    query = (
        select(Commitment)
        .where(among(session, Commitment.commitment_id, commitment_ids))
        .order_by(col(Commitment.commitment_id))
        .with_for_update()
    )
    return {commitment.commitment_id: commitment for commitment in (await session.execute(query)).scalars()}


async def commitments(session: AsyncSession, commitment_ids: Sequence[UUID]) -> Sequence[Commitment]:
    """Return those of the promises that are stored."""
    query = select(Commitment).where(among(session, Commitment.commitment_id, commitment_ids))
    return (await session.execute(query)).scalars().all()


async def commitments_of(session: AsyncSession, inquiry_ids: Sequence[UUID]) -> Sequence[Commitment]:
    """Return the promises about these inquiries, oldest first."""
    query = (
        select(Commitment)
        .where(among(session, Commitment.inquiry_id, inquiry_ids))
        .order_by(col(Commitment.made_at), col(Commitment.commitment_id))
    )
    return (await session.execute(query)).scalars().all()


async def inquiries_of(session: AsyncSession, commitment_ids: Sequence[UUID]) -> set[UUID]:
    """Return the inquiries of these promises."""
    query = select(col(Commitment.inquiry_id)).where(among(session, Commitment.commitment_id, commitment_ids))
    return set((await session.execute(query)).scalars())


async def statuses_of(session: AsyncSession, inquiry_ids: Sequence[UUID]) -> dict[UUID, set[CommitmentStatus]]:
    """Return the statuses of the promises about these inquiries, by inquiry."""
    query = select(col(Commitment.inquiry_id), col(Commitment.status)).where(among(session, Commitment.inquiry_id, inquiry_ids)).distinct()
    found: dict[UUID, set[CommitmentStatus]] = {}
    for inquiry_id, status in await session.execute(query):
        found.setdefault(inquiry_id, set()).add(status)
    return found


async def count_running(session: AsyncSession, inquiry_id: UUID) -> int:
    """Return how many promises about this inquiry have no result yet."""
    running = (col(Commitment.inquiry_id) == inquiry_id, col(Commitment.next_step_at).is_not(None))
    return (await session.execute(select(func.count()).select_from(Commitment).where(*running))).scalar_one()


async def waiting_commitments(session: AsyncSession, now: datetime, limit: int) -> dict[UUID, UUID]:
    """Return the inquiries of the promises that the clock moves on by now, by promise, longest waiting first. Locks nothing."""
    query = select(col(Commitment.commitment_id), col(Commitment.inquiry_id)).where(
        col(Commitment.next_step_at).is_not(None), col(Commitment.next_step_at) <= now
    )
    rows = await session.execute(query.order_by(col(Commitment.next_step_at), col(Commitment.commitment_id)).limit(limit))
    return {row[0]: row[1] for row in rows}


async def listed_commitments(
    session: AsyncSession,
    appeals: Subquery,
    scope: Scope,
    *,
    status: CommitmentStatus | None,
    due_before: date | None,
    after: tuple[date, UUID] | None,
    limit: int,
) -> tuple[list[ListedCommitment], int]:
    """Return the promises in scope about these appeals, earliest day first, and their total number."""
    predicate: list[Any] = [scope.where(appeals.c.region, appeals.c.tier, col(Commitment.provider_id), appeals.c.protection)]
    if status is not None:
        predicate.append(col(Commitment.status) == status)
    if due_before is not None:
        predicate.append(col(Commitment.due_on) < due_before)
    of_appeal = col(Commitment.appeal_id) == appeals.c.appeal_id
    total = (await session.execute(select(func.count()).select_from(Commitment).join(appeals, of_appeal).where(*predicate))).scalar_one()
    order = (col(Commitment.due_on), col(Commitment.commitment_id))
    query = select(Commitment, appeals.c.number, appeals.c.region).join(appeals, of_appeal).where(*predicate)
    query = query.order_by(*order).limit(limit)
    if after is not None:
        query = query.where(tuple_(*order) > after)
    return [ListedCommitment(*row) for row in await session.execute(query)], total


async def regions_of(session: AsyncSession, appeals: Subquery, appeal_ids: Sequence[UUID]) -> dict[UUID, str]:
    """Return the regions of these appeals."""
    query = select(appeals.c.appeal_id, appeals.c.region).where(among(session, appeals.c.appeal_id, appeal_ids))
    return {row[0]: row[1] for row in await session.execute(query)}
