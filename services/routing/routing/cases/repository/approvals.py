"""The queries of the actions that wait for a second person."""

from dataclasses import asdict
from typing import Final
from uuid import UUID

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from routing.cases.models import ApprovalRequest
from routing.cases.schemas.approvals import ApprovalRecord
from shared.rows import columns_of

_DECIDED: Final = ("decision", "decided_at", "decided_role", "decided_by", "refusal")


async def add_approval(session: AsyncSession, request: ApprovalRecord) -> None:
    """Insert a new request."""
    await session.execute(insert(ApprovalRequest), [asdict(request)])


async def latest_approval(session: AsyncSession, appeal_id: UUID) -> ApprovalRecord | None:
    """Return the latest request of a case. Whoever has locked the case may decide on it."""
    query = select(*columns_of(ApprovalRequest, ApprovalRecord)).where(col(ApprovalRequest.appeal_id) == appeal_id)
    latest = query.order_by(col(ApprovalRequest.at).desc(), col(ApprovalRequest.request_id).desc()).limit(1)
    row = (await session.execute(latest)).one_or_none()
    return ApprovalRecord(*row) if row is not None else None


async def store_decision(session: AsyncSession, request: ApprovalRecord) -> None:
    """Store the decision on a request."""
    decided = {name: getattr(request, name) for name in _DECIDED}
    statement = update(ApprovalRequest).where(col(ApprovalRequest.request_id) == request.request_id)
    await session.execute(statement.values(**decided).execution_options(synchronize_session=False))
