"""Every query on checks."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Subquery, func, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from provider_contact.checks.codes import CheckStatus, CheckSubject
from provider_contact.checks.models import OutcomeCheck
from shared.database import among
from shared.rows import Rows, insert_new_rows
from shared.visibility import Scope


class ListedCheck(NamedTuple):
    """A check with what is known of its appeal."""

    check: OutcomeCheck
    number: str
    region: str
    category: str | None


async def add_checks(session: AsyncSession, rows: Rows) -> None:
    """Insert checks; one that is stored already stays as it is."""
    await insert_new_rows(session, OutcomeCheck, rows, returning="check_id")


async def check_for_update(session: AsyncSession, check_id: UUID, appeals: Subquery, scope: Scope) -> ListedCheck | None:
    """Return a check in scope with its appeal, and lock its row."""
    query = _joined(appeals).where(col(OutcomeCheck.check_id) == check_id, _visible(appeals, scope)).with_for_update(of=OutcomeCheck)
    found = (await session.execute(query)).one_or_none()
    return ListedCheck(*found) if found else None


async def check_in(session: AsyncSession, check_id: UUID, appeals: Subquery, scope: Scope) -> ListedCheck | None:
    """Return a check in scope with its appeal."""
    found = (await session.execute(_joined(appeals).where(col(OutcomeCheck.check_id) == check_id, _visible(appeals, scope)))).one_or_none()
    return ListedCheck(*found) if found else None


async def check_of_proposal(session: AsyncSession, proposal_id: UUID) -> OutcomeCheck | None:
    """Return the check of a confirmed proposal and lock its row; None for a proposal that nobody confirmed."""
    query = select(OutcomeCheck).where(col(OutcomeCheck.proposal_id) == proposal_id).with_for_update()
    return (await session.execute(query)).scalar_one_or_none()


async def supersede_checks(session: AsyncSession, appeal_ids: Sequence[UUID]) -> None:
    """End the open checks of withdrawals and confirmed answers of these appeals without a call."""
    is_open = (among(session, OutcomeCheck.appeal_id, appeal_ids), col(OutcomeCheck.status) == CheckStatus.OPEN)
    superseded = (
        update(OutcomeCheck).where(*is_open, col(OutcomeCheck.about) != CheckSubject.PROPOSAL).values(status=CheckStatus.SUPERSEDED)
    )
    await session.execute(superseded.execution_options(synchronize_session=False))


async def count_withdrawals(session: AsyncSession, provider_id: UUID, since: datetime) -> tuple[int, int]:
    """Return how many withdrawals about a provider since a time are not verified, and how many there are."""
    made = (col(OutcomeCheck.provider_id) == provider_id, col(OutcomeCheck.stated_at) >= since)
    about = col(OutcomeCheck.about) == CheckSubject.WITHDRAWAL
    rows = await session.execute(select(col(OutcomeCheck.status), func.count()).where(*made, about).group_by(col(OutcomeCheck.status)))
    counts = {row[0]: row[1] for row in rows}
    return sum(counts.values()) - counts.get(CheckStatus.VERIFIED, 0), sum(counts.values())


async def listed_checks(
    session: AsyncSession,
    appeals: Subquery,
    scope: Scope,
    status: CheckStatus | None,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> tuple[list[ListedCheck], int]:
    """Return the checks in scope, and their total number: open ones by the time of the next call, others latest statement first."""
    predicate: list[Any] = [_visible(appeals, scope)]
    if status is not None:
        predicate.append(col(OutcomeCheck.status) == status)
    of_appeal = col(OutcomeCheck.appeal_id) == appeals.c.appeal_id
    total = (await session.execute(select(func.count()).select_from(OutcomeCheck).join(appeals, of_appeal).where(*predicate))).scalar_one()
    is_open = status is CheckStatus.OPEN
    order = (col(OutcomeCheck.call_from if is_open else OutcomeCheck.stated_at), col(OutcomeCheck.check_id))
    query = _joined(appeals).where(*predicate).order_by(*(column if is_open else column.desc() for column in order)).limit(limit)
    if after is not None:
        query = query.where(tuple_(*order) > after if is_open else tuple_(*order) < after)
    return [ListedCheck(*row) for row in await session.execute(query)], total


def _joined(appeals: Subquery) -> Any:
    columns = (appeals.c.number, appeals.c.region, appeals.c.category)
    return select(OutcomeCheck, *columns).join(appeals, col(OutcomeCheck.appeal_id) == appeals.c.appeal_id)


def _visible(appeals: Subquery, scope: Scope) -> Any:
    return scope.where(appeals.c.region, appeals.c.tier, col(OutcomeCheck.provider_id), appeals.c.protection)
