"""The queries of ratings."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import case, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from provider_contact.ratings.models import RankedMonth, RankedProvider, Rating
from provider_contact.ratings.schemas import RankedRow, RatingRow, Tally
from shared.rows import insert_new_rows, insert_rows, upsert

_IDS_PER_QUERY = 1_000  # engines limit the parameters of a statement
_CHANGEABLE = ("doctor_id", "score", "aspects")


async def store_ratings(session: AsyncSession, rows: Sequence[RatingRow]) -> None:
    """Insert ratings, or replace those with the same id. No two rows have the same id."""
    statement = upsert(session, Rating)
    changed = {name: statement.excluded[name] for name in _CHANGEABLE}
    await session.execute(statement.on_conflict_do_update(index_elements=["rating_id"], set_=changed), rows)


async def unranked_months(session: AsyncSession, before: date) -> Sequence[date]:
    """Return the months before a day that have ratings and no ranking, earliest first."""
    ranked = select(col(RankedMonth.month))
    query = select(col(Rating.month)).where(col(Rating.month) < before, col(Rating.month).not_in(ranked)).distinct()
    return (await session.execute(query.order_by(col(Rating.month)))).scalars().all()


async def claim_month(session: AsyncSession, month: date, now: datetime) -> bool:
    """Mark a month as ranked. Return False if it is; a concurrent transaction is waited for."""
    row = {"month": month, "ranked_at": now}
    return bool(await insert_new_rows(session, RankedMonth, [row], unique=("month",), returning="month"))


async def provider_tallies(session: AsyncSession, month: date, positive_from: int, minimum: int) -> Sequence[Tally]:
    """Return the counts of the providers that have at least `minimum` ratings in a month."""
    counted = func.count()
    positive = func.sum(case((col(Rating.score) >= positive_from, 1), else_=0))
    query = select(col(Rating.provider_id), counted, positive, func.sum(col(Rating.score))).where(col(Rating.month) == month)
    rows = await session.execute(query.group_by(col(Rating.provider_id)).having(counted >= minimum))
    return [Tally(row[0], row[1], int(row[2]), int(row[3])) for row in rows]


async def doctor_tallies(session: AsyncSession, provider_id: UUID, month: date, positive_from: int, minimum: int) -> Sequence[Tally]:
    """Return the counts of the doctors of a provider that have at least `minimum` ratings in a month."""
    counted = func.count()
    positive = func.sum(case((col(Rating.score) >= positive_from, 1), else_=0))
    query = select(col(Rating.doctor_id), counted, positive, func.sum(col(Rating.score)))
    query = query.where(col(Rating.month) == month, col(Rating.provider_id) == provider_id, col(Rating.doctor_id).is_not(None))
    rows = await session.execute(query.group_by(col(Rating.doctor_id)).having(counted >= minimum))
    return [Tally(row[0], row[1], int(row[2]), int(row[3])) for row in rows]


async def add_ranked(session: AsyncSession, rows: Sequence[RankedRow]) -> None:
    """Store the ranking of a month."""
    await insert_rows(session, RankedProvider, rows, sliced=True)


async def ranked_months(session: AsyncSession) -> Sequence[date]:
    """Return the months that are ranked, latest first."""
    return (await session.execute(select(col(RankedMonth.month)).order_by(col(RankedMonth.month).desc()))).scalars().all()


async def ranking(session: AsyncSession, month: date) -> Sequence[RankedProvider]:
    """Return the ranked providers of a month, best first."""
    query = select(RankedProvider).where(col(RankedProvider.month) == month)
    best = (col(RankedProvider.order).desc(), col(RankedProvider.provider_id))
    return (await session.execute(query.order_by(*best))).scalars().all()


async def rated_ids(session: AsyncSession, ids: Sequence[UUID]) -> set[UUID]:
    """Return which of these ids are of providers or doctors with a rating."""
    found: set[UUID] = set()
    for start in range(0, len(ids), _IDS_PER_QUERY):
        some = ids[start : start + _IDS_PER_QUERY]
        for column in (col(Rating.provider_id), col(Rating.doctor_id)):
            rows = await session.execute(select(column).where(column.in_(some)).distinct())
            found.update(each for each in rows.scalars() if each is not None)
    return found
