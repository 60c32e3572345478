"""What is counted of each provider in a period."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Select, case, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from analytics.facts.models import commitment_fact, fact, provider, rating_fact
from analytics.facts.repository.figures import count_by, first_time
from analytics.facts.schemas import Cohort, CommitmentResult, Group, Proof, ProviderComplaints, ProviderPromisesAndRatings


async def provider_complaints(
    session: AsyncSession, complaints: Cohort, known: Mapping[str | None, int] | None = None
) -> list[ProviderComplaints]:
    """Return the active providers with their complaints.

    `known`: the numbers of complaints by provider, for a caller who has read them for this cohort already.
    """
    numbers = await count_by(session, Group.PROVIDER, complaints) if known is None else known
    withdrawn = await _by_provider(
        session,
        select(fact.c.provider_id, func.count())
        .where(first_time(complaints), fact.c.proof == Proof.WITHDRAWN, fact.c.provider_id.is_not(None))
        .group_by(fact.c.provider_id),
    )
    columns = provider.c.provider_id, provider.c.name_kk, provider.c.name_ru, provider.c.region, provider.c.kind
    rows = (await session.execute(select(*columns).where(provider.c.active.is_(True)).order_by(provider.c.provider_id))).all()
    return [ProviderComplaints(*row, numbers.get(str(row[0]), 0), *withdrawn.get(row[0], (0,))) for row in rows]


async def provider_promises_and_ratings(session: AsyncSession, first: date, last: date) -> dict[UUID, ProviderPromisesAndRatings]:
    """Return the promises and ratings of each provider that has any; promises by the day they were due, ratings by their month."""
    result = commitment_fact.c.result
    known = func.count(case((result.in_([CommitmentResult.KEPT, CommitmentResult.BROKEN]), 1)))
    fulfilled = func.count(case((result == CommitmentResult.KEPT, 1)))
    promises = await _by_provider(
        session,
        select(commitment_fact.c.provider_id, known, fulfilled)
        .where(commitment_fact.c.due_on.between(first, last))
        .group_by(commitment_fact.c.provider_id),
    )
    ratings = await _by_provider(
        session,
        select(rating_fact.c.provider_id, func.count(), func.sum(rating_fact.c.score))
        .where(rating_fact.c.month.between(first, last))
        .group_by(rating_fact.c.provider_id),
    )
    none = (0, 0)
    return {each: ProviderPromisesAndRatings(*promises.get(each, none), *ratings.get(each, none)) for each in promises.keys() | ratings}


async def _by_provider(session: AsyncSession, query: Select[Any]) -> Mapping[UUID, tuple[int, ...]]:
    return {row[0]: tuple(int(number) for number in row[1:]) for row in (await session.execute(query)).all()}
