"""The table of commitments. `bytes` columns are sealed values."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Column, Index, text
from sqlmodel import Field

from provider_contact.base import ProviderContactModel
from provider_contact.commitments.codes import CommitmentStatus
from shared.enum_column import EnumColumn

_RUNNING = text("next_step_at IS NOT NULL")


class Commitment(ProviderContactModel, table=True):
    """A provider's promise to do something by a day."""

    __table_args__ = (
        Index("ix_commitment_step", "next_step_at", "commitment_id", sqlite_where=_RUNNING, postgresql_where=_RUNNING),
        Index("ix_commitment_order", "due_on", "commitment_id"),
    )

    commitment_id: UUID = Field(primary_key=True)
    inquiry_id: UUID = Field(index=True)
    appeal_id: UUID
    provider_id: UUID
    language: str
    text: bytes
    due_on: date
    """The local day by whose end the promise is to be fulfilled."""
    status: CommitmentStatus = Field(sa_column=Column(EnumColumn(CommitmentStatus), nullable=False))
    made_at: datetime
    next_step_at: datetime | None
    """When the clock moves the promise: OPEN to DUE, DUE to NO_ANSWER. NULL: it has ended."""
    ended_at: datetime | None = None
    method: str | None = None
    """How the applicant answered: a code of the event `commitment-answered`."""
    excuse_reason: str | None = None
    """A code of `excuse_reasons.csv`."""
    excused_by: str | None = None
