"""Rows and responses of proposals."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from pydantic import BaseModel

from provider_contact.proposals.codes import ProposalStatus


class ProposalItem(BaseModel):
    """A proposal as it is listed, without its text."""

    proposal_id: UUID
    inquiry_id: UUID
    appeal_id: UUID
    number: str
    provider_id: UUID
    region: str
    status: ProposalStatus
    language: str
    proposed_at: datetime
    answer_until: datetime
    answered_at: datetime | None


class Confirmation(NamedTuple):
    """A proposal that the applicant has confirmed just now."""

    proposal_id: UUID
    appeal_id: UUID
    provider_id: UUID
    proposed_at: datetime
    confirmed_at: datetime
