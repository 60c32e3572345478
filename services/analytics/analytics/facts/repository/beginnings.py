"""When the register begins."""

from calendar import monthrange
from datetime import date
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from analytics.facts.models import fact
from analytics.facts.repository.figures import count_by
from analytics.facts.schemas import Cohort, Group

_EARLIEST: Final = date(2000, 1, 1)  # the first day of receipt that intake accepts


async def first_day(session: AsyncSession, region: str | None, until: date) -> date | None:
    """Return the day on which the first appeal of a region, or of the country, was received; None if there is none until a day.

    The month comes from the rollups, so that only one month of facts is read.
    """
    months = await count_by(session, Group.MONTH, Cohort(_EARLIEST, until, region))
    if not months:
        return None
    first = date.fromisoformat(f"{min(str(month) for month in months)}-01")
    days = first, first.replace(day=monthrange(first.year, first.month)[1])
    query = select(func.min(fact.c.received_on)).where(fact.c.received_on.between(*days), fact.c.follows.is_(None))
    found: date | None = (await session.execute(query if region is None else query.where(fact.c.region == region))).scalar_one()
    return found
