"""Constructors of the events that proposals emit."""

from provider_contact.proposals.models import Proposal
from shared.contracts import ProposalUnanswered, SolutionProposed


def solution_proposed(proposal: Proposal) -> SolutionProposed:
    """Return the event of a new proposal; it carries the id of the proposal and never its text."""
    return SolutionProposed(
        appeal_id=proposal.appeal_id,
        proposal_id=proposal.proposal_id,
        inquiry_id=proposal.inquiry_id,
        provider_id=proposal.provider_id,
        language=proposal.language,
        answer_until=proposal.answer_until,
    )


def proposal_unanswered(proposal: Proposal) -> ProposalUnanswered:
    """Return the event of a proposal that the applicant did not answer in time."""
    return ProposalUnanswered(
        appeal_id=proposal.appeal_id,
        proposal_id=proposal.proposal_id,
        inquiry_id=proposal.inquiry_id,
        provider_id=proposal.provider_id,
    )
