"""Questions about: what applicants add to their appeals: messages, statements, codes, withdrawals."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, delete, func, insert, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from intake.register.models import Appeal, ContactCode, Message, Tracking, Withdrawal
from intake.register.repository.appeals import trackings
from shared.bulk import insert_new_rows
from shared.database import among, table_of
from shared.domain.taxonomy import taxonomy
from shared.errors import NotFound
from shared.visibility import Scope

PENDING = "PENDING"


async def lock_tracking(session: AsyncSession, appeal_id: UUID) -> dict[str, Any]:
    """The projection's row, locked until the transaction ends. Raises NotFound."""
    found = (await trackings(session, [appeal_id])).get(appeal_id)
    if found is None:
        raise NotFound
    return found


async def tracking_of(session: AsyncSession, appeal_id: UUID) -> dict[str, Any]:
    """The projection's row, not locked. Raises NotFound."""
    table = table_of(Tracking)
    found = (await session.execute(select(table).where(table.c.appeal_id == appeal_id))).one_or_none()
    if found is None:
        raise NotFound
    return found._asdict()


async def whole_appeal(session: AsyncSession, appeal_id: UUID) -> Appeal:
    """With its sealed words. Raises NotFound."""
    found = await session.get(Appeal, appeal_id)
    if found is None:
        raise NotFound
    return found


async def sealed_applicant(session: AsyncSession, appeal_id: UUID) -> bytes | None:
    """Who filed; None: nobody who is named."""
    return (await session.execute(select(col(Appeal.applicant)).where(col(Appeal.id) == appeal_id))).scalar_one_or_none()


async def number_of_appeal(session: AsyncSession, appeal_id: UUID) -> str | None:
    return (await session.execute(select(col(Appeal.number)).where(col(Appeal.id) == appeal_id))).scalar_one_or_none()


async def status_of(session: AsyncSession, appeal_id: UUID) -> str | None:
    return (await session.execute(select(col(Tracking.status)).where(col(Tracking.appeal_id) == appeal_id))).scalar_one_or_none()


async def add_messages(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> None:
    """Those that are known by their ids already are passed over."""
    await insert_new_rows(session, Message, rows, unique=("id",), returning="id")


async def messages(session: AsyncSession, appeal_id: UUID) -> Sequence[Message]:
    """Both ways, in the order of time."""
    query = select(Message).where(col(Message.appeal_id) == appeal_id).order_by(col(Message.at), col(Message.id))
    return (await session.execute(query)).scalars().all()


async def applicants_messages(session: AsyncSession, appeal_ids: Collection[UUID]) -> Mapping[UUID, list[Message]]:
    """The applicants' own words by appeal id, in the order of time."""
    query = select(Message).where(among(session, Message.appeal_id, appeal_ids), col(Message.text).is_not(None))
    found: dict[UUID, list[Message]] = {}
    for one in (await session.execute(query.order_by(col(Message.at), col(Message.id)))).scalars():
        found.setdefault(one.appeal_id, []).append(one)
    return found


async def message_count(session: AsyncSession, appeal_id: UUID, by: str, since: datetime) -> int:
    query = select(func.count()).where(col(Message.appeal_id) == appeal_id, col(Message.by) == by, col(Message.at) > since)
    return (await session.execute(query)).scalar_one()


async def add_code(session: AsyncSession, row: dict[str, Any]) -> None:
    await session.execute(insert(ContactCode), [row])


async def codes_since(session: AsyncSession, appeal_id: UUID, contact: bytes, since: datetime) -> Sequence[datetime]:
    """When codes went out for this appeal or to this contact, the oldest first."""
    mine = or_(col(ContactCode.appeal_id) == appeal_id, col(ContactCode.contact) == contact)
    query = select(col(ContactCode.sent_at)).where(mine, col(ContactCode.sent_at) > since).order_by(col(ContactCode.sent_at))
    return (await session.execute(query)).scalars().all()


async def latest_code(session: AsyncSession, appeal_id: UUID) -> ContactCode | None:
    """The newest code; those before it are no longer good."""
    query = select(ContactCode).where(col(ContactCode.appeal_id) == appeal_id)
    latest = query.order_by(col(ContactCode.sent_at).desc(), col(ContactCode.id).desc()).limit(1)
    return (await session.execute(latest)).scalar_one_or_none()


async def forget_codes(session: AsyncSession, before: datetime) -> None:
    await session.execute(delete(ContactCode).where(col(ContactCode.sent_at) < before))


async def add_withdrawal(session: AsyncSession, row: dict[str, Any]) -> None:
    await session.execute(insert(Withdrawal), [row])


async def pending_withdrawal(session: AsyncSession, appeal_id: UUID) -> Withdrawal | None:
    query = select(Withdrawal).where(col(Withdrawal.appeal_id) == appeal_id, col(Withdrawal.state) == PENDING)
    return (await session.execute(query)).scalar_one_or_none()


async def end_withdrawal(session: AsyncSession, withdrawal_id: UUID, values: Mapping[str, Any]) -> None:
    await session.execute(update(Withdrawal).where(col(Withdrawal.id) == withdrawal_id).values(**values))


async def end_withdrawals(session: AsyncSession, appeal_ids: Collection[UUID], state: str, following: str) -> None:
    """Those of these appeals that are in `state` are in `following` from now on."""
    chosen = update(Withdrawal).where(among(session, Withdrawal.appeal_id, appeal_ids), col(Withdrawal.state) == state)
    await session.execute(chosen.values(state=following))


async def pending_withdrawals(
    session: AsyncSession, scope: Scope, after: tuple[datetime, UUID] | None, limit: int
) -> tuple[Sequence[Row[Withdrawal, str, str, str | None, str]], int]:
    """Those that wait for a call on appeals in `scope` that are not decided, the oldest first, and how many there are in all."""
    decided = {code for code, status in taxonomy().statuses.items() if status.final} | {"ANSWERED"}
    wanted = (
        col(Withdrawal.state) == PENDING,
        col(Tracking.status).not_in(sorted(decided)),
        scope.where(Tracking.region, Tracking.tier, Tracking.provider_id),
    )
    place = tuple_(col(Withdrawal.asked_at), col(Withdrawal.id))
    query = (
        select(Withdrawal, col(Appeal.number), col(Tracking.region), col(Tracking.kind), col(Tracking.status))
        .join(Appeal, col(Appeal.id) == col(Withdrawal.appeal_id))
        .join(Tracking, col(Tracking.appeal_id) == col(Withdrawal.appeal_id))
        .where(*wanted)
    )
    total = (await session.execute(query.with_only_columns(func.count(), maintain_column_froms=True))).scalar_one()
    page = query if after is None else query.where(place > after)
    rows = await session.execute(page.order_by(col(Withdrawal.asked_at), col(Withdrawal.id)).limit(limit))
    return rows.all(), total
