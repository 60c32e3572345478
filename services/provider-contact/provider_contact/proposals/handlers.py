"""Reactions of proposals to events."""

from provider_contact.proposals import service
from shared.contracts import ProposalAnswered
from shared.messaging.handling import Batch
from shared.unit_of_work import UnitOfWork


async def apply_proposal_answers(work: UnitOfWork, batch: Batch[ProposalAnswered]) -> None:
    """Record what applicants answer to proposals."""
    await service.apply_answers(work, batch.received)
