"""The queries of extensions of the statutory term, and of the deputies of a head."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from routing.cases.models import Colleague, DeputyAppointment, ExtensionRequest
from routing.cases.schemas.extensions import DeputyRecord, DeputyView, ExtensionRecord
from shared.rows import columns_of

_DECIDED: Final = ("decision", "decided_at", "decided_role", "decided_by", "refusal")


async def add_extension(session: AsyncSession, request: ExtensionRecord) -> None:
    """Insert a new request."""
    await session.execute(insert(ExtensionRequest), [asdict(request)])


async def latest_extension(session: AsyncSession, appeal_id: UUID) -> ExtensionRecord | None:
    """Return the latest request of a case. Whoever has locked the case may decide on it."""
    query = select(*columns_of(ExtensionRequest, ExtensionRecord)).where(col(ExtensionRequest.appeal_id) == appeal_id)
    latest = query.order_by(col(ExtensionRequest.at).desc(), col(ExtensionRequest.request_id).desc()).limit(1)
    row = (await session.execute(latest)).one_or_none()
    return ExtensionRecord(*row) if row is not None else None


async def store_decision(session: AsyncSession, request: ExtensionRecord) -> None:
    """Store the decision on a request."""
    decided = {name: getattr(request, name) for name in _DECIDED}
    statement = update(ExtensionRequest).where(col(ExtensionRequest.request_id) == request.request_id)
    await session.execute(statement.values(**decided).execution_options(synchronize_session=False))


async def is_deputy(session: AsyncSession, region: str, subject: str, today: date) -> bool:
    """Return whether a person is a deputy of the head of the region today."""
    starts_on = col(DeputyAppointment.starts_on)
    has_begun = or_(starts_on.is_(None), starts_on <= today)
    query = select(col(DeputyAppointment.subject)).where(*_not_over(region, today), has_begun, col(DeputyAppointment.subject) == subject)
    return (await session.execute(query)).first() is not None


async def deputies(session: AsyncSession, region: str, today: date) -> Sequence[DeputyView]:
    """Return the deputies of the head of a region today and on days to come, the next to end first."""
    until, subject = col(DeputyAppointment.until), col(DeputyAppointment.subject)
    columns = (subject, col(Colleague.name), col(DeputyAppointment.starts_on), until)
    named = select(*columns).outerjoin(Colleague, col(Colleague.subject) == subject)
    rows = await session.execute(named.where(*_not_over(region, today)).order_by(until, subject))
    return [DeputyView(*row) for row in rows]


def _not_over(region: str, today: date) -> Sequence[ColumnElement[bool]]:
    return col(DeputyAppointment.region) == region, col(DeputyAppointment.until) >= today, col(DeputyAppointment.ended_at).is_(None)


async def add_deputy(session: AsyncSession, deputy: DeputyRecord) -> None:
    """Insert an appointment."""
    await session.execute(insert(DeputyAppointment), [asdict(deputy)])


async def end_deputy(session: AsyncSession, region: str, subject: str, at: datetime) -> None:
    """End the appointment of a person, if there is one. The row stays."""
    own = col(DeputyAppointment.region) == region, col(DeputyAppointment.subject) == subject, col(DeputyAppointment.ended_at).is_(None)
    await session.execute(update(DeputyAppointment).where(*own).values(ended_at=at).execution_options(synchronize_session=False))
