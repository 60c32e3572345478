"""Queries about what applicants add to their appeals: messages, codes and withdrawals."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple, cast
from uuid import UUID

from sqlalchemy import delete, func, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from intake.register.codes import CodePurpose, MessageAuthor, WithdrawalState
from intake.register.models import Appeal, ContactCode, ContentRead, Message, Tracking, Withdrawal
from intake.register.repository.appeals import lock_trackings
from intake.register.schemas.rows import MessageRow, TrackingRow
from shared.database import among
from shared.domain.lifecycle import CaseStatus
from shared.domain.taxonomy import taxonomy
from shared.errors import NotFound
from shared.fast.queries import Query, given, value
from shared.rows import insert_new_rows, table_of
from shared.visibility import Scope


@dataclass(frozen=True, slots=True)
class PendingWithdrawal:
    """A withdrawal that waits for a call, and its appeal."""

    withdrawal: Withdrawal
    number: str
    region: str
    kind: str | None
    status: CaseStatus


class AppealFacts(NamedTuple):
    """What an event says of an appeal and `tracking` does not have."""

    number: str
    category: str | None
    received_at: datetime
    reachable: bool
    """The applicant gave a phone number."""


_NUMBER: Final = Query(value, select(col(Appeal.number)).where(col(Appeal.id) == given("appeal_id")))


async def lock_tracking(session: AsyncSession, appeal_id: UUID) -> TrackingRow:
    """Return the tracking row of an appeal, locked until the transaction ends. Raises NotFound."""
    found = (await lock_trackings(session, [appeal_id])).get(appeal_id)
    if found is None:
        raise NotFound
    return found


async def tracking_of(session: AsyncSession, appeal_id: UUID) -> TrackingRow:
    """Return the tracking row of an appeal without a lock. Raises NotFound."""
    table = table_of(Tracking)
    found = (await session.execute(select(table).where(table.c.appeal_id == appeal_id))).one_or_none()
    if found is None:
        raise NotFound
    return cast("TrackingRow", found._asdict())


async def whole_appeal(session: AsyncSession, appeal_id: UUID) -> Appeal:
    """Return an appeal with its sealed texts. Raises NotFound."""
    found = await session.get(Appeal, appeal_id)
    if found is None:
        raise NotFound
    return found


async def sealed_applicant(session: AsyncSession, appeal_id: UUID) -> bytes | None:
    """Return the sealed data of the applicant; None: filed anonymously."""
    return (await session.execute(select(col(Appeal.applicant)).where(col(Appeal.id) == appeal_id))).scalar_one_or_none()


async def number_of_appeal(session: AsyncSession, appeal_id: UUID) -> str | None:
    return await _NUMBER.first(session, appeal_id=appeal_id)


async def appeal_facts(session: AsyncSession, appeal_id: UUID) -> AppealFacts:
    """Return codes and times of an appeal without its texts. Raises NotFound."""
    columns = (col(Appeal.number), col(Appeal.category), col(Appeal.received_at), col(Appeal.phone_key).is_not(None))
    found = (await session.execute(select(*columns).where(col(Appeal.id) == appeal_id))).one_or_none()
    if found is None:
        raise NotFound
    return AppealFacts(*found)


async def status_of(session: AsyncSession, appeal_id: UUID) -> CaseStatus | None:
    return (await session.execute(select(col(Tracking.status)).where(col(Tracking.appeal_id) == appeal_id))).scalar_one_or_none()


async def add_messages(session: AsyncSession, rows: Sequence[MessageRow]) -> None:
    """Insert messages; a message whose id is stored already is skipped."""
    await insert_new_rows(session, Message, rows, unique=("id",), returning="id")


async def message(session: AsyncSession, message_id: UUID) -> Message | None:
    return await session.get(Message, message_id)


async def messages(session: AsyncSession, appeal_id: UUID) -> Sequence[Message]:
    """Return the messages of an appeal by the applicant and the Fund, oldest first."""
    query = select(Message).where(col(Message.appeal_id) == appeal_id).order_by(col(Message.at), col(Message.id))
    return (await session.execute(query)).scalars().all()


async def reads_of(session: AsyncSession, appeal_id: UUID, limit: int) -> Sequence[ContentRead]:
    """Return the latest reads of an appeal by people, newest first."""
    query = select(ContentRead).where(col(ContentRead.appeal_id) == appeal_id).order_by(col(ContentRead.at).desc()).limit(limit)
    return (await session.execute(query)).scalars().all()


async def applicants_messages(session: AsyncSession, appeal_ids: Collection[UUID]) -> Mapping[UUID, list[Message]]:
    """Return the messages of the applicants by appeal id, oldest first; files alone are a message without text."""
    query = select(Message).where(among(session, Message.appeal_id, appeal_ids), col(Message.by) == MessageAuthor.APPLICANT)
    found: dict[UUID, list[Message]] = {}
    for message in (await session.execute(query.order_by(col(Message.at), col(Message.id)))).scalars():
        found.setdefault(message.appeal_id, []).append(message)
    return found


async def message_count(session: AsyncSession, appeal_id: UUID, by: MessageAuthor, since: datetime) -> int:
    query = select(func.count()).where(col(Message.appeal_id) == appeal_id, col(Message.by) == by, col(Message.at) > since)
    return (await session.execute(query)).scalar_one()


def add_code(session: AsyncSession, code: ContactCode) -> None:
    session.add(code)


async def codes_since(
    session: AsyncSession, appeal_id: UUID, contact: bytes, purposes: Collection[CodePurpose], since: datetime
) -> Sequence[datetime]:
    """Return when codes for these purposes were sent for this appeal or to this contact, oldest first."""
    mine = or_(col(ContactCode.appeal_id) == appeal_id, col(ContactCode.contact) == contact)
    wanted = (mine, col(ContactCode.purpose).in_(purposes), col(ContactCode.sent_at) > since)
    return (await session.execute(select(col(ContactCode.sent_at)).where(*wanted).order_by(col(ContactCode.sent_at)))).scalars().all()


async def latest_code(session: AsyncSession, appeal_id: UUID, purpose: CodePurpose) -> ContactCode | None:
    """Return the newest code of an appeal for a purpose; only the newest is valid."""
    query = select(ContactCode).where(col(ContactCode.appeal_id) == appeal_id, col(ContactCode.purpose) == purpose)
    latest = query.order_by(col(ContactCode.sent_at).desc(), col(ContactCode.id).desc()).limit(1)
    return (await session.execute(latest)).scalar_one_or_none()


async def count_try(session: AsyncSession, code_id: UUID, most: int) -> bool:
    """Count a try of a code, atomically, and lock the code. Return False and count nothing for an unknown, used or exhausted one."""
    usable = (col(ContactCode.id) == code_id, col(ContactCode.used_at).is_(None), col(ContactCode.tries) < most)
    counted = update(ContactCode).where(*usable).values(tries=col(ContactCode.tries) + 1).execution_options(synchronize_session=False)
    return (await session.execute(counted.returning(col(ContactCode.id)))).first() is not None


async def use_code(session: AsyncSession, code_id: UUID, now: datetime) -> None:
    """Mark a code as used."""
    used = update(ContactCode).where(col(ContactCode.id) == code_id).values(used_at=now)
    await session.execute(used.execution_options(synchronize_session=False))


async def replace_pin(session: AsyncSession, appeal_id: UUID, pin: bytes) -> None:
    """Store the keyed hash of a new PIN; the old one no longer opens the appeal."""
    await session.execute(update(Appeal).where(col(Appeal.id) == appeal_id).values(pin=pin).execution_options(synchronize_session=False))


async def purge_codes(session: AsyncSession, before: datetime) -> None:
    """Delete the codes that were sent before a time."""
    await session.execute(delete(ContactCode).where(col(ContactCode.sent_at) < before))


def add_withdrawal(session: AsyncSession, withdrawal: Withdrawal) -> None:
    session.add(withdrawal)


async def pending_withdrawal(session: AsyncSession, appeal_id: UUID) -> Withdrawal | None:
    query = select(Withdrawal).where(col(Withdrawal.appeal_id) == appeal_id, col(Withdrawal.state) == WithdrawalState.PENDING)
    return (await session.execute(query)).scalar_one_or_none()


async def mark_late_withdrawals(session: AsyncSession, appeal_ids: Collection[UUID]) -> None:
    """Set the withdrawals of these appeals that are DONE to LATE."""
    done = update(Withdrawal).where(among(session, Withdrawal.appeal_id, appeal_ids), col(Withdrawal.state) == WithdrawalState.DONE)
    await session.execute(done.values(state=WithdrawalState.LATE))


async def pending_withdrawals(
    session: AsyncSession, scope: Scope, after: tuple[datetime, UUID] | None, limit: int
) -> tuple[Sequence[PendingWithdrawal], int]:
    """Return a page of the withdrawals that wait for a call on undecided appeals in `scope`, oldest first, and the total."""
    decided = {code for code, status in taxonomy().statuses.items() if status.final} | {CaseStatus.ANSWERED}
    wanted = (
        col(Withdrawal.state) == WithdrawalState.PENDING,
        col(Tracking.status).not_in(sorted(decided)),
        scope.where(Tracking.region, Tracking.tier, Tracking.provider_id, Tracking.protection),
    )
    position = tuple_(col(Withdrawal.asked_at), col(Withdrawal.id))
    query = (
        select(Withdrawal, col(Appeal.number), col(Tracking.region), col(Tracking.kind), col(Tracking.status))
        .join(Appeal, col(Appeal.id) == col(Withdrawal.appeal_id))
        .join(Tracking, col(Tracking.appeal_id) == col(Withdrawal.appeal_id))
        .where(*wanted)
    )
    total = (await session.execute(query.with_only_columns(func.count(), maintain_column_froms=True))).scalar_one()
    page = query if after is None else query.where(position > after)
    rows = await session.execute(page.order_by(col(Withdrawal.asked_at), col(Withdrawal.id)).limit(limit))
    return [PendingWithdrawal(*row) for row in rows], total
