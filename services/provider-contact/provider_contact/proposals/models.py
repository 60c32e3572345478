"""The table of proposals. `bytes` columns are sealed values."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Column, Index, text
from sqlmodel import Field

from provider_contact.base import ProviderContactModel
from provider_contact.proposals.codes import ProposalStatus
from shared.enum_column import EnumColumn

_OPEN = text("status = 'PROPOSED'")


class Proposal(ProviderContactModel, table=True):
    """What a provider says it has done to solve the problem here and now. An inquiry has at most one open proposal."""

    __table_args__ = (
        Index("ix_proposal_open", "inquiry_id", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN),
        Index("ix_proposal_due", "answer_until", "proposal_id", sqlite_where=_OPEN, postgresql_where=_OPEN),
        Index("ix_proposal_order", "proposed_at", "proposal_id"),
        Index("ix_proposal_provider", "provider_id", "proposed_at", "proposal_id"),
    )

    proposal_id: UUID = Field(primary_key=True)
    inquiry_id: UUID = Field(index=True)
    appeal_id: UUID
    provider_id: UUID
    language: str
    text: bytes
    status: ProposalStatus = Field(sa_column=Column(EnumColumn(ProposalStatus), nullable=False))
    proposed_at: datetime
    answer_until: datetime
    answered_at: datetime | None = None
    """When the applicant answered; NULL while nobody did."""
    method: str | None = None
    """How the applicant answered: a code of the event `proposal-answered`."""
