"""The flags of an inquiry, and what they say of a provider's request for the applicant's consent."""

from provider_contact.inquiries.codes import ConsentState, InquiryFlag
from provider_contact.inquiries.models import Inquiry


def set_flag(inquiry: Inquiry, flag: InquiryFlag, *, value: bool) -> None:
    """Set or remove a flag of a locked inquiry. For a handler of an action, which leaves the version alone."""
    others = [each for each in inquiry.flags if each != flag]
    inquiry.flags = sorted([*others, flag]) if value else others


def consent_state(inquiry: Inquiry) -> ConsentState | None:
    """Return how far the request for the consent is, or that it was withdrawn; None: the provider made none."""
    if InquiryFlag.CONSENT_ASKED in inquiry.flags:
        return ConsentState.ASKED
    if InquiryFlag.CONSENT_REQUESTED not in inquiry.flags:
        return ConsentState.WITHDRAWN if InquiryFlag.CONSENT_WITHDRAWN in inquiry.flags else None
    if InquiryFlag.CONSENT_REFUSED in inquiry.flags:
        return ConsentState.REFUSED
    return ConsentState.GIVEN if inquiry.discloses else ConsentState.REQUESTED
