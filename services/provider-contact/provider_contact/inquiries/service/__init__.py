"""What the other slices may use of inquiries. The actions and how a slice adds its own: `service.actions`; the ports: `service.ports`."""

from provider_contact.inquiries.policy import check_policies as check_files
from provider_contact.inquiries.service import workflow
from provider_contact.inquiries.service.actions import (
    Actions,
    LockedInquiries,
    ReceivedAnswer,
    change_flags,
    lock_context,
    lock_inquiries,
)
from provider_contact.inquiries.service.answers import AnswerSender
from provider_contact.inquiries.service.appeals import (
    appeal_for_update,
    appeals_in,
    close_appeals,
    known_providers,
    record_appeals,
    record_stated,
)
from provider_contact.inquiries.service.flags import set_flag
from provider_contact.inquiries.service.ports import ActionContext, ActionHandler, FindDeliveries, InquiryFiles, NoNotices, Notice, Notices
from provider_contact.inquiries.service.sending import assign_provider
from provider_contact.inquiries.service.steps import STEP_BATCH, advance_due

__all__ = [
    "STEP_BATCH",
    "ActionContext",
    "ActionHandler",
    "Actions",
    "AnswerSender",
    "FindDeliveries",
    "InquiryFiles",
    "LockedInquiries",
    "NoNotices",
    "Notice",
    "Notices",
    "ReceivedAnswer",
    "advance_due",
    "appeal_for_update",
    "appeals_in",
    "assign_provider",
    "change_flags",
    "check_policies",
    "close_appeals",
    "known_providers",
    "lock_context",
    "lock_inquiries",
    "record_appeals",
    "record_stated",
    "set_flag",
]


def check_policies() -> None:
    """Load every file of this slice. Raises ReferenceDataError or ValidationError, so that no process starts with a wrong file."""
    check_files()
    workflow.steps()
