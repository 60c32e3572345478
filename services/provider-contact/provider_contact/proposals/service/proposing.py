"""What a provider does: propose that the problem is solved here and now. The applicant is asked, and nobody else can confirm."""

from typing import Final
from uuid import UUID

from provider_contact.inquiries.codes import InquiryAction, InquiryFlag
from provider_contact.inquiries.schemas.commands import Propose
from provider_contact.inquiries.service import ActionContext, ActionHandler, set_flag
from provider_contact.inquiries.service.entries import enter
from provider_contact.proposals import events, repository
from provider_contact.proposals.codes import ProposalStatus
from provider_contact.proposals.errors import ProposalOpen
from provider_contact.proposals.models import Proposal
from provider_contact.proposals.policy import proposal_policy
from shared.domain.calendar import planning_calendar
from shared.domain.deadlines import due_at, due_on, policies
from shared.domain.regions import regions
from shared.unit_of_work import UnitOfWork

TABLE, FIELD = "proposal", "text"


async def propose(work: UnitOfWork, *, inquiry_id: UUID, appeal_id: UUID, provider_id: UUID, region: str, language: str, text: str) -> UUID:
    """Store the proposal, sealed, and publish `solution-proposed`; return its id. The inquiry is locked.

    Raises ProposalOpen while the applicant has not answered an earlier proposal about the inquiry.
    """
    if await repository.has_open(work.session, inquiry_id):
        raise ProposalOpen
    now, proposal_id = work.clock.now(), work.ids.new()
    today = now.astimezone(regions()[region].timezone).date()
    last_day = due_on(today, policies()[proposal_policy().answer_policy], planning_calendar()).due_on
    proposal = Proposal(
        proposal_id=proposal_id,
        inquiry_id=inquiry_id,
        appeal_id=appeal_id,
        provider_id=provider_id,
        language=language,
        text=work.sealer.seal(TABLE, proposal_id, FIELD, text.encode()),
        status=ProposalStatus.PROPOSED,
        proposed_at=now,
        answer_until=due_at(last_day, region),
    )
    work.session.add(proposal)
    work.publish(events.solution_proposed(proposal))
    return proposal_id


async def _carry_out(context: ActionContext, command: Propose) -> None:
    inquiry = context.inquiry
    await propose(
        context.work,
        inquiry_id=inquiry.inquiry_id,
        appeal_id=inquiry.appeal_id,
        provider_id=inquiry.provider_id,
        region=context.appeal.region,
        language=command.language,
        text=command.text,
    )
    set_flag(inquiry, InquiryFlag.OPEN_PROPOSAL, value=True)
    enter(context, InquiryAction.PROPOSE)


PROPOSE: Final = ActionHandler(Propose, _carry_out)
