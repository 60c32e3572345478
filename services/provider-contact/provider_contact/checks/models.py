"""The table of checks. `bytes` columns are sealed values."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Column, Index, text
from sqlmodel import Field

from provider_contact.base import ProviderContactModel
from provider_contact.checks.codes import CheckStatus, CheckSubject
from shared.enum_column import EnumColumn

_OPEN = text("status = 'OPEN'")


class OutcomeCheck(ProviderContactModel, table=True):
    """A confirmation or a withdrawal, and whether the Fund asks the applicant by telephone if it was their own free statement."""

    __tablename__ = "outcome_check"
    __table_args__ = (
        Index("ix_outcome_check_open", "call_from", "check_id", sqlite_where=_OPEN, postgresql_where=_OPEN),
        Index("ix_outcome_check_order", "stated_at", "check_id"),
        Index("ix_outcome_check_provider", "provider_id", "stated_at"),
    )

    check_id: UUID = Field(primary_key=True)
    about: CheckSubject = Field(sa_column=Column(EnumColumn(CheckSubject), nullable=False))
    proposal_id: UUID | None = Field(index=True)
    answer_id: UUID | None = None
    appeal_id: UUID
    provider_id: UUID | None
    reason: str | None
    """Why the appeal was withdrawn: a code of intake's `withdrawal_reasons.csv`."""
    stated_at: datetime
    """When the applicant confirmed or withdrew."""
    per_mille: int
    """Of a thousand statements like this one, how many the policy draws."""
    status: CheckStatus = Field(sa_column=Column(EnumColumn(CheckStatus), nullable=False))
    attempts: int
    call_from: datetime
    """The earliest time of the next call."""
    text: bytes | None = None
    """What the applicant said, as the caller wrote it down."""
    checked_at: datetime | None = None
    checked_by: str | None = None
