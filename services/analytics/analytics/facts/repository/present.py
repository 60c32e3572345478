"""Names, the newest event, and the present state."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import case, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from analytics.facts.models import (
    fact,
    provider,
    transition,
)
from shared.domain.labels import Label


async def provider_names(session: AsyncSession, provider_ids: Sequence[str]) -> dict[str, Label]:
    """Return the names of those providers that are stored, by id. A provider's Russian name serves as its English name."""
    query = select(provider).where(provider.c.provider_id.in_([UUID(provider_id) for provider_id in provider_ids]))
    return {str(row.provider_id): Label(row.name_kk, row.name_ru, row.name_ru) for row in (await session.execute(query)).all()}


async def providers_in(session: AsyncSession, region: str) -> list[tuple[str, Label]]:
    """Return the ids and names of the providers of a region, by their Kazakh name."""
    query = select(provider).where(provider.c.region == region).order_by(provider.c.name_kk, provider.c.provider_id)
    return [(str(row.provider_id), Label(row.name_kk, row.name_ru, row.name_ru)) for row in (await session.execute(query)).all()]


async def applied_until(session: AsyncSession) -> datetime | None:
    """Return the time of the newest event in the figures; None before the first event."""
    moment: datetime | None = (await session.execute(select(func.max(transition.c.at)))).scalar_one()
    return moment


async def received_between(session: AsyncSession, days: tuple[date, date], since: datetime, until: datetime) -> int:
    """Return the number of appeals received from `since` to before `until`. `days`: the local days, of any region, that can hold them."""
    at = fact.c.received_at
    query = select(func.count()).select_from(fact).where(fact.c.received_on.between(*days), at >= since, at < until)
    return (await session.execute(query)).scalar_one()


async def answered_since(session: AsyncSession, since: datetime) -> tuple[int, int]:
    """Return how many appeals got their first answer since then, and how many of those before their deadline."""
    in_time = func.count(case((fact.c.answered_at <= fact.c.due_at, 1)))
    row = (await session.execute(select(func.count(), in_time).where(fact.c.answered_at >= since))).one()
    return row[0], row[1]


async def in_statuses(session: AsyncSession, statuses: Sequence[str]) -> tuple[int, int]:
    """Return how many appeals have one of these statuses, and how many of those are urgent."""
    urgent = func.count(case((fact.c.urgency == "URGENT", 1)))
    row = (await session.execute(select(func.count(), urgent).where(fact.c.status.in_(statuses)))).one()
    return row[0], row[1]
