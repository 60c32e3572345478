"""Reactions of checks to events: each confirmation and each withdrawal takes part in the sample."""

from collections.abc import Mapping
from uuid import UUID

from provider_contact.checks import service
from provider_contact.checks.codes import CheckSubject
from provider_contact.checks.schemas import Statement
from provider_contact.inquiries.schemas import ClosedAppeal
from provider_contact.proposals import service as proposals
from shared.contracts import AppealWithdrawn, ProposalAnswered
from shared.ids import derived
from shared.messaging.handling import Batch
from shared.unit_of_work import UnitOfWork

NAME = "check"


async def apply_proposal_answers(work: UnitOfWork, batch: Batch[ProposalAnswered]) -> None:
    """Record what applicants answer to proposals, and draw of the confirmations."""
    confirmed = await proposals.apply_answers(work, batch.received)
    statements = [
        Statement(
            check_id=derived(each.proposal_id, NAME),
            about=CheckSubject.PROPOSAL,
            proposal_id=each.proposal_id,
            appeal_id=each.appeal_id,
            provider_id=each.provider_id,
            reason=None,
            begun_at=each.proposed_at,
            stated_at=each.confirmed_at,
        )
        for each in confirmed
    ]
    await service.draw(work, statements)


async def draw_withdrawals(work: UnitOfWork, batch: Batch[AppealWithdrawn], closed: Mapping[UUID, ClosedAppeal]) -> None:
    """Draw of the withdrawals. `closed`: the appeals about a provider that these closed; the others change no figure of a provider."""
    statements = [
        Statement(
            check_id=derived(received.envelope.id, NAME),
            about=CheckSubject.WITHDRAWAL,
            proposal_id=None,
            appeal_id=received.event.appeal_id,
            provider_id=appeal.provider_id,
            reason=received.event.reason,
            begun_at=appeal.received_at,
            stated_at=received.envelope.time,
        )
        for received in batch.received
        if (appeal := closed.get(received.event.appeal_id)) is not None and appeal.provider_id is not None
    ]
    await service.draw(work, statements)
