"""Constructors of the events that commitments emit."""

from datetime import datetime

from provider_contact.commitments.codes import CommitmentStatus
from provider_contact.commitments.models import Commitment
from shared.contracts import CommitmentDue, CommitmentEnded, CommitmentMade


def commitment_made(commitment: Commitment) -> CommitmentMade:
    """Return the event of a new promise; it carries the id of the promise and never its text."""
    return CommitmentMade(
        appeal_id=commitment.appeal_id,
        commitment_id=commitment.commitment_id,
        inquiry_id=commitment.inquiry_id,
        provider_id=commitment.provider_id,
        due_on=commitment.due_on,
        language=commitment.language,
    )


def commitment_due(commitment: Commitment, answer_until: datetime) -> CommitmentDue:
    """Return the event of a promise whose day has come."""
    return CommitmentDue(
        appeal_id=commitment.appeal_id,
        commitment_id=commitment.commitment_id,
        inquiry_id=commitment.inquiry_id,
        provider_id=commitment.provider_id,
        answer_until=answer_until,
    )


def commitment_ended(commitment: Commitment) -> CommitmentEnded:
    """Return the event of a promise that has its result. Raises ValidationError for a promise that has none."""
    return CommitmentEnded.model_validate(
        {
            "appeal_id": commitment.appeal_id,
            "commitment_id": commitment.commitment_id,
            "inquiry_id": commitment.inquiry_id,
            "provider_id": commitment.provider_id,
            "result": CommitmentStatus(commitment.status).value,
        }
    )
