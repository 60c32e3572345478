"""What the other slices may use of inquiries."""

from provider_contact.inquiries.policy import check_policies
from provider_contact.inquiries.service.appeals import appeal_for_update, appeals_in, close_appeals, record_appeals
from provider_contact.inquiries.service.sending import OVERDUE_BATCH, assign_provider, mark_overdue

__all__ = [
    "OVERDUE_BATCH",
    "appeal_for_update",
    "appeals_in",
    "assign_provider",
    "check_policies",
    "close_appeals",
    "mark_overdue",
    "record_appeals",
]
