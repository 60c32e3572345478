"""Exact percentiles."""

from typing import Any, Final

from sqlalchemy import Select, and_, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from analytics.facts.repository.figures import text_of
from analytics.facts.schemas import Quantile

_PER_CENT: Final = 100


async def percentiles(session: AsyncSession, query: Select[Any], per_cent: int) -> dict[str | None, Quantile]:
    """Return the percentile of the column `seconds` of a query by its column `code`.

    Between two values it is interpolated as `percentile_cont` of PostgreSQL does; this query has the same result on both engines.
    """
    times = query.subquery()
    position = func.row_number().over(partition_by=times.c.code, order_by=times.c.seconds) - 1
    size = func.count().over(partition_by=times.c.code)
    ranked = select(times, position.label("position"), size.label("size")).subquery()
    # The percentile lies at `per_cent * (size - 1) / 100`: between the positions just below and above.
    is_near = and_(
        ranked.c.position * _PER_CENT > per_cent * (ranked.c.size - 1) - _PER_CENT,
        ranked.c.position * _PER_CENT < per_cent * (ranked.c.size - 1) + _PER_CENT,
    )
    query = select(ranked.c.code, ranked.c.size, ranked.c.position, ranked.c.seconds).where(is_near)
    found: dict[str | None, Quantile] = {}
    for row in (await session.execute(query)).all():
        weight = _PER_CENT - abs(row.position * _PER_CENT - per_cent * (row.size - 1))
        before = found.get(text_of(row.code), Quantile(0, row.size))
        found[text_of(row.code)] = Quantile(before.hundredths + weight * row.seconds, row.size)
    return found
