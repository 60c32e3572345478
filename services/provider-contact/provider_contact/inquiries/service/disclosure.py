"""What a provider may know of an appeal and its applicant: the consent, the state of the inquiry and the categories decide together."""

from typing import Final

from provider_contact.inquiries.codes import DisclosureLevel, InquiryStatus
from provider_contact.inquiries.models import Appeal, Inquiry
from provider_contact.inquiries.policy import disclosure_of
from provider_contact.inquiries.repository import AppealState

_STRICTEST_FIRST: Final = (DisclosureLevel.NONE, DisclosureLevel.TEXT, DisclosureLevel.PERSON)


def may_know(inquiry: Inquiry) -> bool:
    """Return whether the applicant consented and the inquiry still waits for the provider: it is neither cancelled nor closed."""
    return inquiry.discloses and inquiry.closed_at is None and inquiry.status is not InquiryStatus.CANCELLED


def allowed_level(category: str, appeal: Appeal | AppealState) -> DisclosureLevel:
    """Return what a consent may open: the stricter of the question's category and of the appeal's, which may have been corrected since."""
    levels = {disclosure_of(category), disclosure_of(appeal.category) if appeal.category else DisclosureLevel.PERSON}
    return next(level for level in _STRICTEST_FIRST if level in levels)


def disclosed_level(inquiry: Inquiry, appeal: Appeal | AppealState) -> DisclosureLevel:
    """Return what the provider may read now."""
    return allowed_level(inquiry.category, appeal) if may_know(inquiry) else DisclosureLevel.NONE


def names_person(inquiry: Inquiry, appeal: Appeal | AppealState) -> bool:
    """Return whether the provider may know the applicant now, and so read documents that name one."""
    return disclosed_level(inquiry, appeal) is DisclosureLevel.PERSON
