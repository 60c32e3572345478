"""The queries of the links between cases."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import and_, exists, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from routing.cases.models import AppealCase
from routing.cases.repository.listing import visible_rows
from routing.cases.schemas.links import CaseSubject, LinkedCase
from shared.rows import columns_of
from shared.visibility import Scope

MOST_LINKS = 100


async def linked_cases(session: AsyncSession, appeal_id: UUID, named: Sequence[UUID]) -> list[LinkedCase]:
    """Return the named cases, and those that were linked to the case as its duplicates, at most MOST_LINKS."""
    belongs = or_(col(AppealCase.appeal_id).in_(named), col(AppealCase.duplicate_of) == appeal_id)
    query = select(*columns_of(AppealCase, LinkedCase)).where(belongs).order_by(col(AppealCase.received_at), col(AppealCase.appeal_id))
    return [LinkedCase(*row) for row in await session.execute(query.limit(MOST_LINKS))]


async def case_with_number(session: AsyncSession, visible: Scope, number_digits: int) -> UUID | None:
    """Return the id of a visible case by the digits of its number; None if there is none or it is not visible."""
    query = select(col(AppealCase.appeal_id)).where(col(AppealCase.number_digits) == number_digits, visible_rows(visible))
    return (await session.execute(query)).scalar_one_or_none()


async def lock_linked(session: AsyncSession, appeal_id: UUID, *, skip_locked: bool) -> LinkedCase | None:
    """Lock a case and return it. With `skip_locked`: None if another transaction has locked it."""
    query = select(*columns_of(AppealCase, LinkedCase)).where(col(AppealCase.appeal_id) == appeal_id)
    row = (await session.execute(query.with_for_update(skip_locked=skip_locked))).one_or_none()
    return LinkedCase(*row) if row is not None else None


async def has_duplicates(session: AsyncSession, appeal_id: UUID) -> bool:
    """Return whether a case was linked to this one as its duplicate."""
    return (await session.execute(select(exists().where(col(AppealCase.duplicate_of) == appeal_id)))).scalar_one()


async def cases_alike(session: AsyncSession, visible: Scope, case: CaseSubject, since: datetime, limit: int) -> list[LinkedCase]:
    """Return the latest visible cases received since then that are about the same: the provider or else the region, and the subject."""
    subject = col(AppealCase.category) == case.category if case.category is not None else col(AppealCase.topic) == case.topic
    place = col(AppealCase.provider_id) == case.provider_id if case.provider_id is not None else col(AppealCase.region) == case.region
    other = and_(col(AppealCase.appeal_id) != case.appeal_id, col(AppealCase.received_at) >= since)
    query = select(*columns_of(AppealCase, LinkedCase)).where(visible_rows(visible), subject, place, other)
    latest = query.order_by(col(AppealCase.received_at).desc(), col(AppealCase.appeal_id).desc()).limit(limit)
    return [LinkedCase(*row) for row in await session.execute(latest)]


async def visible_linked(session: AsyncSession, visible: Scope, appeal_ids: Sequence[UUID], limit: int) -> list[LinkedCase]:
    """Return the visible ones of these cases, the latest first."""
    if not appeal_ids:
        return []
    query = select(*columns_of(AppealCase, LinkedCase)).where(visible_rows(visible), col(AppealCase.appeal_id).in_(appeal_ids))
    latest = query.order_by(col(AppealCase.received_at).desc(), col(AppealCase.appeal_id).desc()).limit(limit)
    return [LinkedCase(*row) for row in await session.execute(latest)]
