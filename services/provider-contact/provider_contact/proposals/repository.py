"""Every query on proposals."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Subquery, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from provider_contact.proposals.codes import ProposalStatus
from provider_contact.proposals.models import Proposal
from shared.database import among
from shared.visibility import Scope


class ListedProposal(NamedTuple):
    """A proposal with what is known of its appeal."""

    proposal: Proposal
    number: str
    region: str


async def proposals_for_update(session: AsyncSession, proposal_ids: Sequence[UUID]) -> dict[UUID, Proposal]:
    """Return these proposals and lock their rows, in one order so that two batches never wait for each other."""
    query = select(Proposal).where(among(session, Proposal.proposal_id, proposal_ids)).order_by(col(Proposal.proposal_id)).with_for_update()
    return {proposal.proposal_id: proposal for proposal in (await session.execute(query)).scalars()}


async def proposals(session: AsyncSession, proposal_ids: Sequence[UUID]) -> Sequence[Proposal]:
    """Return those of the proposals that are stored."""
    query = select(Proposal).where(among(session, Proposal.proposal_id, proposal_ids))
    return (await session.execute(query)).scalars().all()


async def proposals_of(session: AsyncSession, inquiry_ids: Sequence[UUID]) -> Sequence[Proposal]:
    """Return the proposals about these inquiries, oldest first."""
    query = (
        select(Proposal)
        .where(among(session, Proposal.inquiry_id, inquiry_ids))
        .order_by(col(Proposal.proposed_at), col(Proposal.proposal_id))
    )
    return (await session.execute(query)).scalars().all()


async def inquiries_of(session: AsyncSession, proposal_ids: Sequence[UUID]) -> set[UUID]:
    """Return the inquiries of these proposals."""
    query = select(col(Proposal.inquiry_id)).where(among(session, Proposal.proposal_id, proposal_ids))
    return set((await session.execute(query)).scalars())


async def statuses_of(session: AsyncSession, inquiry_ids: Sequence[UUID]) -> dict[UUID, set[ProposalStatus]]:
    """Return the statuses of the proposals about these inquiries, by inquiry."""
    query = select(col(Proposal.inquiry_id), col(Proposal.status)).where(among(session, Proposal.inquiry_id, inquiry_ids)).distinct()
    found: dict[UUID, set[ProposalStatus]] = {}
    for inquiry_id, status in await session.execute(query):
        found.setdefault(inquiry_id, set()).add(status)
    return found


async def has_open(session: AsyncSession, inquiry_id: UUID) -> bool:
    """Return whether the applicant has not answered a proposal about this inquiry yet."""
    is_open = (col(Proposal.inquiry_id) == inquiry_id, col(Proposal.status) == ProposalStatus.PROPOSED)
    return (await session.execute(select(col(Proposal.proposal_id)).where(*is_open).limit(1))).first() is not None


async def unanswered_proposals(session: AsyncSession, now: datetime, limit: int) -> dict[UUID, UUID]:
    """Return the inquiries of open proposals whose time to answer is over, by proposal, longest over first. Locks nothing."""
    late = (col(Proposal.status) == ProposalStatus.PROPOSED, col(Proposal.answer_until) < now)
    query = select(col(Proposal.proposal_id), col(Proposal.inquiry_id)).where(*late)
    rows = await session.execute(query.order_by(col(Proposal.answer_until), col(Proposal.proposal_id)).limit(limit))
    return {row[0]: row[1] for row in rows}


async def listed_proposals(
    session: AsyncSession,
    appeals: Subquery,
    scope: Scope,
    status: ProposalStatus | None,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> tuple[list[ListedProposal], int]:
    """Return the proposals in scope about these appeals, latest first, and their total number."""
    predicate: list[Any] = [scope.where(appeals.c.region, appeals.c.tier, col(Proposal.provider_id), appeals.c.protection)]
    if status is not None:
        predicate.append(col(Proposal.status) == status)
    of_appeal = col(Proposal.appeal_id) == appeals.c.appeal_id
    total = (await session.execute(select(func.count()).select_from(Proposal).join(appeals, of_appeal).where(*predicate))).scalar_one()
    order = (col(Proposal.proposed_at), col(Proposal.proposal_id))
    query = select(Proposal, appeals.c.number, appeals.c.region).join(appeals, of_appeal).where(*predicate)
    query = query.order_by(*(column.desc() for column in order)).limit(limit)
    if after is not None:
        query = query.where(tuple_(*order) < after)
    return [ListedProposal(*row) for row in await session.execute(query)], total


async def count_by_status(session: AsyncSession, provider_id: UUID, since: datetime) -> dict[ProposalStatus, int]:
    """Return how many proposals the provider has made since a time, by status."""
    made = (col(Proposal.provider_id) == provider_id, col(Proposal.proposed_at) >= since)
    rows = await session.execute(select(col(Proposal.status), func.count()).where(*made).group_by(col(Proposal.status)))
    return {row[0]: row[1] for row in rows}
