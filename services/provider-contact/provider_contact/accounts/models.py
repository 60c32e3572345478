"""Tables of the accounts of providers' staff. `bytes` columns are sealed values or keyed hashes."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Column, Index, UniqueConstraint
from sqlmodel import Field

from provider_contact.accounts.codes import AccountEntryType, AccountRole, AccountState
from provider_contact.base import ProviderContactModel
from shared.enum_column import EnumColumn


class ProviderAccount(ProviderContactModel, table=True):
    """A person of a provider. An invited person has no identity yet; a removed one is refused by its identity."""

    __tablename__ = "provider_account"
    __table_args__ = (
        UniqueConstraint("provider_id", "identity_key", name="uq_provider_account_identity"),
        Index("ix_provider_account_provider", "provider_id", "state"),
    )

    account_id: UUID = Field(primary_key=True)
    provider_id: UUID
    role: AccountRole = Field(sa_column=Column(EnumColumn(AccountRole), nullable=False))
    state: AccountState = Field(sa_column=Column(EnumColumn(AccountState), nullable=False))
    name: bytes
    email: bytes | None
    email_key: bytes | None
    """Keyed hash of the mailbox: nobody is invited twice."""
    identity_key: bytes | None = Field(index=True)
    """Keyed hash of issuer and subject of the person's token; None before the invitation is accepted."""
    invite_key: bytes | None = Field(unique=True)
    """Keyed hash of the one-time token of the invitation; None when it is used or withdrawn."""
    invite_until: datetime | None
    created_at: datetime
    joined_at: datetime | None
    removed_at: datetime | None
    absent_until: date | None
    """The day of return."""
    version: int


class AccountEntry(ProviderContactModel, table=True):
    """The log of what was done with accounts, by whom. It is evidence: nothing is changed or deleted."""

    __tablename__ = "account_entry"
    __table_args__ = (Index("ix_account_entry_provider", "provider_id", "at", "entry_id"),)

    entry_id: UUID = Field(primary_key=True)
    provider_id: UUID
    account_id: UUID
    actor_id: UUID
    """The account that did it; `FUND`: the keeper of the directory."""
    at: datetime
    type: AccountEntryType = Field(sa_column=Column(EnumColumn(AccountEntryType), nullable=False))
    inquiries: int | None
    """How many inquiries it moved."""


class InquiryAssignment(ProviderContactModel, table=True):
    """Whose an inquiry is among the colleagues of the provider. An inquiry without a row is for all of them."""

    __tablename__ = "inquiry_assignment"
    __table_args__ = (Index("ix_inquiry_assignment_account", "account_id"),)

    inquiry_id: UUID = Field(primary_key=True)
    provider_id: UUID
    account_id: UUID
    assigned_by: UUID
    at: datetime
