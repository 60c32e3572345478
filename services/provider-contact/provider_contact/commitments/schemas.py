"""Responses of commitments."""

from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel

from provider_contact.commitments.codes import CommitmentStatus


class CommitmentItem(BaseModel):
    """A promise as it is listed, without its text."""

    commitment_id: UUID
    inquiry_id: UUID
    appeal_id: UUID
    number: str
    provider_id: UUID
    region: str
    status: CommitmentStatus
    language: str
    due_on: date
    made_at: datetime
    ended_at: datetime | None
