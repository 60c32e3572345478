"""What is counted of each provider in a period."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Select, case, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from analytics.facts.models import commitment_fact, fact, provider, rating_fact
from analytics.facts.repository.figures import first_time
from analytics.facts.schemas import Cohort, CommitmentResult, Proof, ProviderCounts


async def provider_counts(session: AsyncSession, complaints: Cohort) -> list[ProviderCounts]:
    """Return the active providers with their complaints, and with the promises and ratings of the same days.

    Complaints count by the day of receipt, promises by the day they were due, ratings by their month.
    """
    days = complaints.first, complaints.last
    unproven = func.count(case((fact.c.proof == Proof.WITHDRAWN, 1)))
    of_complaints = await _by_provider(
        session,
        select(fact.c.provider_id, func.count(), unproven)
        .where(first_time(complaints), fact.c.provider_id.is_not(None))
        .group_by(fact.c.provider_id),
    )
    result = commitment_fact.c.result
    known = func.count(case((result.in_([CommitmentResult.KEPT, CommitmentResult.BROKEN]), 1)))
    fulfilled = func.count(case((result == CommitmentResult.KEPT, 1)))
    of_promises = await _by_provider(
        session,
        select(commitment_fact.c.provider_id, known, fulfilled)
        .where(commitment_fact.c.due_on.between(*days))
        .group_by(commitment_fact.c.provider_id),
    )
    of_ratings = await _by_provider(
        session,
        select(rating_fact.c.provider_id, func.count(), func.sum(rating_fact.c.score))
        .where(rating_fact.c.month.between(*days))
        .group_by(rating_fact.c.provider_id),
    )
    columns = provider.c.provider_id, provider.c.name_kk, provider.c.name_ru, provider.c.region, provider.c.kind
    rows = (await session.execute(select(*columns).where(provider.c.active.is_(True)).order_by(provider.c.provider_id))).all()
    none = (0, 0)
    return [
        ProviderCounts(*row, *of_complaints.get(row[0], none), *of_promises.get(row[0], none), *of_ratings.get(row[0], none))
        for row in rows
    ]


async def _by_provider(session: AsyncSession, query: Select[Any]) -> Mapping[UUID, tuple[int, int]]:
    return {row[0]: (int(row[1]), int(row[2])) for row in (await session.execute(query)).all()}
