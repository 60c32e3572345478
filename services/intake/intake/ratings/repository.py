"""The queries of ratings."""

from datetime import date
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from intake.ratings.models import Rating
from intake.ratings.schemas import RatingRow
from shared.rows import insert_new_rows


async def add_rating(session: AsyncSession, row: RatingRow) -> bool:
    """Insert a rating. Return False if the person has rated the provider this month; a concurrent one is waited for."""
    return bool(await insert_new_rows(session, Rating, [row], unique=("id",), returning="id"))


async def lock_rating(session: AsyncSession, rating_id: UUID) -> Rating:
    """Return a stored rating, locked until the transaction ends."""
    query = select(Rating).where(col(Rating.id) == rating_id).with_for_update().execution_options(populate_existing=True)
    return (await session.execute(query)).scalar_one()


async def purge_ratings(session: AsyncSession, before: date) -> None:
    """Delete the ratings of months before a day."""
    await session.execute(delete(Rating).where(col(Rating.month) < before))
