"""The queries of extensions of the statutory term, and of the deputies of a head."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from typing import Final
from uuid import UUID

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from routing.cases.models import Colleague, Deputy, ExtensionRequest
from routing.cases.schemas.extensions import DeputyRecord, DeputyView, ExtensionRecord
from shared.rows import columns_of, upsert

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
    query = select(col(Deputy.subject)).where(col(Deputy.region) == region, col(Deputy.subject) == subject, col(Deputy.until) >= today)
    return (await session.execute(query)).first() is not None


async def deputies(session: AsyncSession, region: str, today: date) -> Sequence[DeputyView]:
    """Return the deputies of the head of a region today, the next to end first."""
    query = select(col(Deputy.subject), col(Colleague.name), col(Deputy.until))
    named = query.outerjoin(Colleague, col(Colleague.subject) == col(Deputy.subject))
    rows = await session.execute(
        named.where(col(Deputy.region) == region, col(Deputy.until) >= today).order_by(col(Deputy.until), col(Deputy.subject))
    )
    return [DeputyView(*row) for row in rows]


async def store_deputy(session: AsyncSession, deputy: DeputyRecord) -> None:
    """Insert a deputy, or replace the earlier appointment of the same person."""
    row = asdict(deputy)
    changed = {name: value for name, value in row.items() if name not in {"region", "subject"}}
    statement = upsert(session, Deputy).values(**row)
    await session.execute(statement.on_conflict_do_update(index_elements=["region", "subject"], set_=changed))


async def delete_deputy(session: AsyncSession, region: str, subject: str) -> None:
    """Delete an appointment, if there is one."""
    await session.execute(delete(Deputy).where(col(Deputy.region) == region, col(Deputy.subject) == subject))
