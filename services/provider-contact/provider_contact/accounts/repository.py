"""Every query on accounts of providers' staff and on assignments. Each is limited to one provider or one person."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import case, delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from provider_contact.accounts.codes import AccountState
from provider_contact.accounts.models import AccountEntry, InquiryAssignment, ProviderAccount
from provider_contact.accounts.schemas import EntryLine, OpenWork
from provider_contact.inquiries.models import Inquiry
from shared.database import among
from shared.rows import is_sqlite, upsert

_PRESENT = (AccountState.INVITED, AccountState.ACTIVE)


async def account_by_identity(session: AsyncSession, provider_id: UUID, identity_key: bytes) -> ProviderAccount | None:
    """Return the account of a person in a provider, also a removed one."""
    query = select(ProviderAccount).where(col(ProviderAccount.identity_key) == identity_key)
    return (await session.execute(query.where(col(ProviderAccount.provider_id) == provider_id))).scalar_one_or_none()


async def is_removed(session: AsyncSession, provider_id: UUID, identity_key: bytes) -> bool:
    """Return whether the person's account in the provider was removed."""
    query = select(col(ProviderAccount.account_id)).where(
        col(ProviderAccount.identity_key) == identity_key,
        col(ProviderAccount.provider_id) == provider_id,
        col(ProviderAccount.state) == AccountState.REMOVED,
    )
    return (await session.execute(query)).first() is not None


async def has_accounts(session: AsyncSession, provider_id: UUID) -> bool:
    """Return whether somebody of the provider has an account or an invitation."""
    present = (col(ProviderAccount.provider_id) == provider_id, col(ProviderAccount.state).in_(_PRESENT))
    return (await session.execute(select(col(ProviderAccount.account_id)).where(*present).limit(1))).first() is not None


async def lock_first(session: AsyncSession, provider_id: UUID) -> None:
    """Let one transaction at a time add the first account of a provider, until its end. On SQLite there is one writer."""
    if not is_sqlite(session):
        await session.execute(select(func.pg_advisory_xact_lock(int.from_bytes(provider_id.bytes[-8:], signed=True))))


async def accounts_for_update(session: AsyncSession, provider_id: UUID) -> Sequence[ProviderAccount]:
    """Return the active and invited accounts of a provider, oldest first, and lock them: changes of a provider follow one another."""
    query = select(ProviderAccount).where(col(ProviderAccount.provider_id) == provider_id, col(ProviderAccount.state).in_(_PRESENT))
    order = (col(ProviderAccount.created_at), col(ProviderAccount.account_id))
    return (await session.execute(query.order_by(*order).with_for_update())).scalars().all()


async def accounts(session: AsyncSession, provider_id: UUID) -> Sequence[ProviderAccount]:
    """Return every account of a provider, oldest first, removed ones among them: the log names them."""
    order = (col(ProviderAccount.created_at), col(ProviderAccount.account_id))
    query = select(ProviderAccount).where(col(ProviderAccount.provider_id) == provider_id).order_by(*order)
    return (await session.execute(query)).scalars().all()


async def account_by_invitation(session: AsyncSession, invite_key: bytes, *, lock: bool = False) -> ProviderAccount | None:
    """Return the account that a one-time token invites to."""
    query = select(ProviderAccount).where(col(ProviderAccount.invite_key) == invite_key)
    return (await session.execute(query.with_for_update() if lock else query)).scalar_one_or_none()


async def entries(session: AsyncSession, provider_id: UUID, limit: int) -> Sequence[EntryLine]:
    """Return the log of a provider's accounts, newest first."""
    names = ("at", "type", "account_id", "actor_id", "inquiries")
    query = select(*(col(getattr(AccountEntry, name)) for name in names)).where(col(AccountEntry.provider_id) == provider_id)
    order = (col(AccountEntry.at).desc(), col(AccountEntry.entry_id).desc())
    return [EntryLine(*row) for row in await session.execute(query.order_by(*order).limit(limit))]


async def assign(session: AsyncSession, inquiry_id: UUID, provider_id: UUID, account_id: UUID, by: UUID, at: datetime) -> None:
    """Store whose the inquiry is, replacing an earlier assignment."""
    changed = {"account_id": account_id, "assigned_by": by, "at": at}
    statement = upsert(session, InquiryAssignment).values(inquiry_id=inquiry_id, provider_id=provider_id, **changed)
    await session.execute(statement.on_conflict_do_update(index_elements=["inquiry_id"], set_=changed))


async def release(session: AsyncSession, inquiry_id: UUID, provider_id: UUID) -> bool:
    """Delete the assignment of an inquiry. Return whether it had one."""
    own = (col(InquiryAssignment.inquiry_id) == inquiry_id, col(InquiryAssignment.provider_id) == provider_id)
    statement = delete(InquiryAssignment).where(*own).returning(col(InquiryAssignment.inquiry_id))
    return (await session.execute(statement)).first() is not None


async def assigned_inquiries(session: AsyncSession, account_id: UUID) -> Sequence[UUID]:
    """Return the inquiries of an account whose case goes on. An answered one is among them: the Fund may return the answer."""
    of_inquiry = col(Inquiry.inquiry_id) == col(InquiryAssignment.inquiry_id)
    query = select(col(InquiryAssignment.inquiry_id)).join(Inquiry, of_inquiry)
    query = query.where(col(InquiryAssignment.account_id) == account_id, col(Inquiry.closed_at).is_(None))
    return list((await session.execute(query.order_by(col(InquiryAssignment.inquiry_id)))).scalars())


async def assignees(session: AsyncSession, inquiry_ids: Sequence[UUID]) -> Mapping[UUID, UUID]:
    """Return the accounts whose these inquiries are; inquiries of nobody are left out."""
    query = select(col(InquiryAssignment.inquiry_id), col(InquiryAssignment.account_id))
    rows = await session.execute(query.where(among(session, InquiryAssignment.inquiry_id, inquiry_ids)))
    return {row[0]: row[1] for row in rows}


async def open_work(session: AsyncSession, provider_id: UUID) -> Mapping[UUID, OpenWork]:
    """Return how much waits with each account of a provider; accounts without an open inquiry are left out."""
    overdue = func.sum(case((col(Inquiry.overdue).is_(True), 1), else_=0))
    of_inquiry = col(Inquiry.inquiry_id) == col(InquiryAssignment.inquiry_id)
    query = select(col(InquiryAssignment.account_id), func.count(), overdue).join(Inquiry, of_inquiry)
    query = query.where(col(InquiryAssignment.provider_id) == provider_id, col(Inquiry.settled).is_(False))
    rows = await session.execute(query.group_by(col(InquiryAssignment.account_id)))
    return {row[0]: OpenWork(row[1], int(row[2])) for row in rows}
