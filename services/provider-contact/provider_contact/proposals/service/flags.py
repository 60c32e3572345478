"""What the workflow of an inquiry has to know of its proposals."""

from provider_contact.inquiries.codes import InquiryFlag
from provider_contact.inquiries.service import LockedInquiries, set_flag
from provider_contact.proposals import repository
from provider_contact.proposals.codes import ProposalStatus
from shared.unit_of_work import UnitOfWork


async def refresh_flags(work: UnitOfWork, inquiries: LockedInquiries) -> None:
    """Set the flags of locked inquiries by the present statuses of their proposals."""
    await work.session.flush()
    found = await repository.statuses_of(work.session, list(inquiries))
    for inquiry_id, inquiry in inquiries.items():
        statuses = found.get(inquiry_id, set())
        set_flag(inquiry, InquiryFlag.OPEN_PROPOSAL, value=ProposalStatus.PROPOSED in statuses)
        set_flag(inquiry, InquiryFlag.CONFIRMED_PROPOSAL, value=ProposalStatus.CONFIRMED in statuses)
