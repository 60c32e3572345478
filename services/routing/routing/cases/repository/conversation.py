"""The queries of what is written in a case."""

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from routing.cases.models import Answer, Colleague
from shared.database import among


async def answers_of(session: AsyncSession, appeal_id: UUID) -> Sequence[Answer]:
    """Return the answers of a case, oldest first."""
    query = select(Answer).where(col(Answer.appeal_id) == appeal_id).order_by(col(Answer.at), col(Answer.answer_id))
    return (await session.execute(query)).scalars().all()


async def colleague_names(session: AsyncSession, subjects: Collection[str]) -> Mapping[str, str | None]:
    """Return the names of known colleagues by subject, None for a colleague whose token has no name."""
    if not subjects:
        return {}
    query = select(col(Colleague.subject), col(Colleague.name)).where(among(session, Colleague.subject, subjects))
    return {row[0]: row[1] for row in await session.execute(query)}
