"""What becomes of proposals: the applicant's answer, silence, and the check of a confirmation by telephone."""

from collections.abc import Sequence
from uuid import UUID

from provider_contact.inquiries.service import lock_inquiries
from provider_contact.proposals import events, repository
from provider_contact.proposals.codes import ProposalStatus
from provider_contact.proposals.errors import ProposalNotConfirmed, UnknownProposal
from provider_contact.proposals.schemas import Confirmation
from provider_contact.proposals.service.flags import refresh_flags
from shared.contracts import ProposalAnswered
from shared.messaging.handling import Received
from shared.unit_of_work import UnitOfWork

UNANSWERED_BATCH = 200  # proposals in one transaction
_UNDECIDED = frozenset({ProposalStatus.PROPOSED, ProposalStatus.NO_ANSWER})
"""The applicant's first answer counts. One after the term is still the applicant's word, and silence decided nothing."""


async def apply_answers(work: UnitOfWork, answers: Sequence[Received[ProposalAnswered]]) -> list[Confirmation]:
    """Record the first answer to each proposal, and return the confirmations among them. Later answers change nothing.

    Raises UnknownProposal.
    """
    wanted = list({received.event.proposal_id for received in answers})
    inquiries = await lock_inquiries(work, await repository.inquiries_of(work.session, wanted))
    locked = await repository.proposals_for_update(work.session, wanted)
    confirmed: list[Confirmation] = []
    changed: set[UUID] = set()
    for received in answers:
        event, at = received.event, received.envelope.time
        proposal = locked.get(event.proposal_id)
        if proposal is None:
            raise UnknownProposal
        if proposal.status not in _UNDECIDED:
            continue
        proposal.status = ProposalStatus.CONFIRMED if event.confirmed else ProposalStatus.DENIED
        proposal.answered_at, proposal.method = at, event.method
        changed.add(proposal.inquiry_id)
        if event.confirmed:
            confirmed.append(Confirmation(proposal.proposal_id, proposal.appeal_id, proposal.provider_id, proposal.proposed_at, at))
    await refresh_flags(work, {each: inquiries[each] for each in changed})
    for each in changed:
        inquiries[each].version += 1
    return confirmed


async def mark_unanswered(work: UnitOfWork) -> int:
    """End at most `UNANSWERED_BATCH` proposals that nobody answered in time, longest over first, and publish it once for each.

    Returns how many were ended.
    """
    late = await repository.unanswered_proposals(work.session, work.clock.now(), UNANSWERED_BATCH)
    inquiries = await lock_inquiries(work, set(late.values()), skip_locked=True)
    locked = await repository.proposals_for_update(work.session, [each for each, inquiry_id in late.items() if inquiry_id in inquiries])
    ended = [locked[each] for each in late if each in locked and locked[each].status is ProposalStatus.PROPOSED]
    for proposal in ended:
        proposal.status = ProposalStatus.NO_ANSWER
        inquiries[proposal.inquiry_id].version += 1
        work.publish(events.proposal_unanswered(proposal))
    await refresh_flags(work, inquiries)
    return len(ended)


async def set_verdict(work: UnitOfWork, proposal_id: UUID, *, verified: bool) -> None:
    """Record what the applicant said by telephone of a confirmed proposal. Raises ProposalNotConfirmed."""
    proposal = (await repository.proposals_for_update(work.session, [proposal_id])).get(proposal_id)
    if proposal is None or proposal.status is not ProposalStatus.CONFIRMED:
        raise ProposalNotConfirmed
    proposal.status = ProposalStatus.VERIFIED if verified else ProposalStatus.REFUTED
