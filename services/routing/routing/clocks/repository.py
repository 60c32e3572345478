"""The queries of the clocks."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import Subquery, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from routing.clocks.codes import ACTIVE, ReportLevel
from routing.clocks.models import CaseClock
from routing.clocks.schemas import ClockChange, ClockRecord, ClockRow, RunningClock
from shared.database import among
from shared.fast.bulk import insert_later, insert_rows, update_rows
from shared.fast.queries import Query, given
from shared.rows import columns_of


async def add_clocks(session: AsyncSession, rows: Sequence[ClockRow]) -> None:
    """Insert new clocks at once."""
    await insert_rows(session, CaseClock, rows)


def add_clocks_later(session: AsyncSession, rows: Sequence[ClockRow]) -> None:
    """Insert the clocks when the transaction ends, together with its other waiting rows."""
    insert_later(session, CaseClock, rows)


async def change_clocks(session: AsyncSession, rows: Sequence[ClockChange]) -> None:
    """Update stopped clocks of locked cases by `clock_id`."""
    await update_rows(session, CaseClock, rows, key=("clock_id",))


_OF_CASE: Final = Query(ClockRecord, select(*columns_of(CaseClock, ClockRecord)).where(col(CaseClock.appeal_id) == given("appeal_id")))


async def clocks_of_case(session: AsyncSession, appeal_id: UUID) -> list[ClockRecord]:
    """Return every clock that the case ever had. Whoever has locked the case may change them."""
    return await _OF_CASE.all(session, appeal_id=appeal_id)


async def running_clocks_by_case(session: AsyncSession, appeal_ids: Sequence[UUID]) -> dict[UUID, list[RunningClock]]:
    """Return the running clocks of these locked cases, by case."""
    query = select(
        col(CaseClock.appeal_id), col(CaseClock.clock_id), col(CaseClock.policy), col(CaseClock.state), col(CaseClock.due_at)
    ).where(among(session, CaseClock.appeal_id, appeal_ids), col(CaseClock.state).in_(ACTIVE))
    found: dict[UUID, list[RunningClock]] = {}
    for row in await session.execute(query):
        clock = RunningClock(*row)
        found.setdefault(clock.appeal_id, []).append(clock)
    return found


async def cases_with_waiting_clocks(session: AsyncSession, now: datetime, limit: int) -> Sequence[UUID]:
    """Return the cases of the `limit` clocks that have to be processed by now, earliest due time first."""
    query = select(col(CaseClock.appeal_id)).where(col(CaseClock.next_at) <= now).order_by(col(CaseClock.due_at)).limit(limit)
    return list(dict.fromkeys((await session.execute(query)).scalars()))


async def waiting_clocks(session: AsyncSession, appeal_ids: Sequence[UUID], now: datetime) -> Sequence[CaseClock]:
    """Return the clocks of these locked cases that have to be processed by now, earliest due time first."""
    query = select(CaseClock).where(among(session, CaseClock.appeal_id, appeal_ids), col(CaseClock.next_at) <= now)
    return (await session.execute(query.order_by(col(CaseClock.due_at), col(CaseClock.clock_id)))).scalars().all()


def reported_clocks(level: ReportLevel) -> Subquery:
    """Return the clocks that are reported at this level, for a query of their cases.

    The supervisor is shown every clock that runs beyond its due time, the head those that the clock job need not process again.
    """
    columns = (col(CaseClock.clock_id), col(CaseClock.appeal_id), col(CaseClock.policy), col(CaseClock.due_at))
    query = select(*columns).where(text("clock.state = 'BREACHED'"))  # the condition of the partial index, word for word
    return (query.where(col(CaseClock.next_at).is_(None)) if level is ReportLevel.HEAD else query).subquery()
