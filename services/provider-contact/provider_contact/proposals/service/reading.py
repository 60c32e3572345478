"""Reads of proposals by the other slices and services."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from provider_contact.inquiries.schemas.views import ProposalView
from provider_contact.inquiries.service.contents import StatementContent
from provider_contact.proposals import repository
from provider_contact.proposals.codes import ProposalStatus
from provider_contact.proposals.models import Proposal
from provider_contact.proposals.service.proposing import FIELD, TABLE
from shared.unit_of_work import UnitOfWork


async def proposal_texts(work: UnitOfWork, ids: Sequence[UUID]) -> Mapping[UUID, StatementContent]:
    """Return the opened texts of those ids that are proposals."""
    found = await repository.proposals(work.session, ids)
    return {proposal.proposal_id: {"language": proposal.language, "text": _text(work, proposal)} for proposal in found}


async def proposals_of(work: UnitOfWork, inquiry_id: UUID) -> list[ProposalView]:
    """Return the proposals about an inquiry with their texts, oldest first."""
    return [
        ProposalView(
            proposal_id=proposal.proposal_id,
            status=proposal.status,
            language=proposal.language,
            text=_text(work, proposal),
            proposed_at=proposal.proposed_at,
            answer_until=proposal.answer_until,
            answered_at=proposal.answered_at,
        )
        for proposal in await repository.proposals_of(work.session, [inquiry_id])
    ]


async def inquiry_of(work: UnitOfWork, proposal_id: UUID) -> UUID | None:
    """Return the inquiry of a proposal; None for an unknown one."""
    return next(iter(await repository.inquiries_of(work.session, [proposal_id])), None)


async def unanswered_share(work: UnitOfWork, provider_id: UUID, since: datetime) -> tuple[int, int]:
    """Return how many of the provider's proposals since a time nobody confirmed, and how many there are; open ones do not count."""
    counts = dict(await repository.count_by_status(work.session, provider_id, since))
    counts.pop(ProposalStatus.PROPOSED, None)
    unproven = sum(counts.get(status, 0) for status in (ProposalStatus.DENIED, ProposalStatus.NO_ANSWER, ProposalStatus.REFUTED))
    return unproven, sum(counts.values())


def _text(work: UnitOfWork, proposal: Proposal) -> str:
    return work.sealer.open(TABLE, proposal.proposal_id, FIELD, proposal.text).decode()
