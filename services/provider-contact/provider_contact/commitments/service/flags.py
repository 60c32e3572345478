"""What the workflow of an inquiry has to know of its promises."""

from typing import Final

from provider_contact.commitments import repository
from provider_contact.commitments.codes import CommitmentStatus
from provider_contact.inquiries.codes import InquiryFlag
from provider_contact.inquiries.service import LockedInquiries, set_flag
from shared.unit_of_work import UnitOfWork

EXCUSABLE: Final = frozenset({CommitmentStatus.OPEN, CommitmentStatus.DUE, CommitmentStatus.NO_ANSWER})
"""The statuses in which a clerk may release the provider, and in which the applicant's word still counts."""


async def refresh_flags(work: UnitOfWork, inquiries: LockedInquiries) -> None:
    """Set the flag of locked inquiries by the present statuses of their promises."""
    await work.session.flush()
    found = await repository.statuses_of(work.session, list(inquiries))
    for inquiry_id, inquiry in inquiries.items():
        set_flag(inquiry, InquiryFlag.OPEN_COMMITMENT, value=not EXCUSABLE.isdisjoint(found.get(inquiry_id, ())))
