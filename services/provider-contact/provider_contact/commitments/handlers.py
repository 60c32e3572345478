"""Reactions of commitments to events."""

from provider_contact.commitments import service
from shared.contracts import CommitmentAnswered
from shared.messaging.handling import Batch
from shared.unit_of_work import UnitOfWork


async def apply_commitment_answers(work: UnitOfWork, batch: Batch[CommitmentAnswered]) -> None:
    """End the promises that applicants say were kept or broken."""
    await service.apply_answers(work, batch.received)
