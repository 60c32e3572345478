"""The queries of overdue reports. They begin at the clocks that run beyond their due time: closed cases cost nothing."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from routing.cases.models import AppealCase
from routing.cases.repository.listing import visible_rows
from routing.cases.schemas.overdue import OverdueRecord
from routing.clocks.codes import ReportLevel
from routing.clocks.service import reported_clocks
from shared.visibility import Scope


async def overdue_reports(
    session: AsyncSession, visible: Scope, level: ReportLevel, *, limit: int, after: tuple[datetime, UUID] | None
) -> Sequence[OverdueRecord]:
    """Return a page of the overdue clocks of visible cases, the longest overdue first. `after`: due time and id of the last one before."""
    clock = reported_clocks(level)
    query = _visible(
        select(
            col(AppealCase.appeal_id),
            col(AppealCase.number),
            col(AppealCase.kind),
            col(AppealCase.category),
            col(AppealCase.topic),
            col(AppealCase.region),
            col(AppealCase.tier),
            col(AppealCase.language),
            col(AppealCase.assignee),
            clock.c.clock_id,
            clock.c.policy,
            clock.c.due_at,
        ),
        clock,
        visible,
    )
    if after is not None:
        query = query.where(clock.c.due_at >= after[0], or_(clock.c.due_at > after[0], clock.c.clock_id > after[1]))
    rows = await session.execute(query.order_by(clock.c.due_at, clock.c.clock_id).limit(limit))
    return [OverdueRecord(*row) for row in rows]


async def count_overdue_reports(session: AsyncSession, visible: Scope, level: ReportLevel) -> int:
    """Return how many overdue clocks the list has."""
    clock = reported_clocks(level)
    count: int = (await session.execute(_visible(select(func.count()), clock, visible))).scalar_one()
    return count


def _visible(query: Select[Any], clock: Any, visible: Scope) -> Select[Any]:
    return query.select_from(clock).join(AppealCase, col(AppealCase.appeal_id) == clock.c.appeal_id).where(visible_rows(visible))
