"""The rows of both grains, page by page, for exports. A cohort narrows them as it narrows the figures."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, and_, or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from analytics.facts.models import fact, provider, transition
from analytics.facts.repository.figures import narrowed
from analytics.facts.schemas import Cohort
from shared.rows import is_sqlite

_OF_PROVIDER = (provider.c.name_kk, provider.c.name_ru, provider.c.district)
_EVENT = tuple(column for column in transition.c if column is not transition.c.appeal_id)


async def allow_pauses(session: AsyncSession, seconds: int) -> None:
    """Let a snapshot wait this long between two queries, because the client reads slowly. SQLite has no limit."""
    if not is_sqlite(session):
        await session.execute(text(f"SET LOCAL idle_in_transaction_session_timeout = '{seconds:d}s'"))


async def exported_facts(session: AsyncSession, cohort: Cohort, after: tuple[date, UUID] | None, limit: int) -> Sequence[Row[Any]]:
    """Return a page of the facts of a cohort with names and district of the provider, by day and id; continuations are included.

    `after` is the day and the id of the last row of the page before.
    """
    query = select(fact, *_OF_PROVIDER).join_from(fact, provider, fact.c.provider_id == provider.c.provider_id, isouter=True)
    query = query.where(*narrowed(fact.c.received_on, fact, cohort))
    if after is not None:
        day, appeal_id = after
        query = query.where(fact.c.received_on >= day, or_(fact.c.received_on > day, fact.c.appeal_id > appeal_id))
    return (await session.execute(query.order_by(fact.c.received_on, fact.c.appeal_id).limit(limit))).all()


async def exported_transitions(
    session: AsyncSession, cohort: Cohort, after: tuple[datetime, UUID] | None, limit: int
) -> Sequence[Row[Any]]:
    """Return a page of the events of the appeals of a cohort with what is known of the appeal, by time and id.

    `after` is the time and the id of the last event of the page before.
    """
    joined = transition.join(fact, transition.c.appeal_id == fact.c.appeal_id)
    joined = joined.outerjoin(provider, fact.c.provider_id == provider.c.provider_id)
    query: Select[Any] = select(*_EVENT, fact, *_OF_PROVIDER).select_from(joined).where(*narrowed(fact.c.received_on, fact, cohort))
    if after is not None:
        at, event_id = after
        is_later = or_(transition.c.at > at, and_(transition.c.at == at, transition.c.event_id > event_id))
        query = query.where(transition.c.at >= at, is_later)
    query = query.order_by(transition.c.at, transition.c.event_id).limit(limit)
    rows: Sequence[Row[Any]] = (await session.execute(query)).all()
    return rows
