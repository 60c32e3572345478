"""Codes on which the code of inquiries branches."""

from enum import StrEnum


class InquiryStatus(StrEnum):
    DRAFT = "DRAFT"
    SENT = "SENT"
    DELIVERED = "DELIVERED"
    ACKNOWLEDGED = "ACKNOWLEDGED"
    RESPONDED = "RESPONDED"
    ACCEPTED = "ACCEPTED"
    RETURNED = "RETURNED"


class InquiryAction(StrEnum):
    """What a provider does with an inquiry."""

    ACKNOWLEDGE = "acknowledge"
    RESPOND = "respond"


class DeliveryMethod(StrEnum):
    """How an inquiry reaches the provider."""

    PORTAL = "PORTAL"
    """The provider reads it over the API, where it is visible at once."""
