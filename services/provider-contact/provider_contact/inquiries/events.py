"""Constructors of the events that inquiries emit."""

from uuid import UUID

from provider_contact.inquiries.models import Inquiry, InquiryRow
from shared.contracts import InquiryAcknowledged, InquiryAnswered, InquiryOverdue, InquirySent


def inquiry_sent(row: InquiryRow) -> InquirySent:
    """Return the event of an inquiry that was sent."""
    return InquirySent(
        appeal_id=row["appeal_id"],
        inquiry_id=row["inquiry_id"],
        provider_id=row["provider_id"],
        category=row["category"],
        due_at=row["due_at"],
        discloses=row["discloses"],
        request_id=row["request_id"],
    )


def inquiry_acknowledged(inquiry: Inquiry) -> InquiryAcknowledged:
    """Return the event of an inquiry whose receipt the provider acknowledged."""
    return InquiryAcknowledged(appeal_id=inquiry.appeal_id, inquiry_id=inquiry.inquiry_id, provider_id=inquiry.provider_id)


def inquiry_answered(inquiry: Inquiry, response_id: UUID, code: str) -> InquiryAnswered:
    """Return the event of an answer; it carries the id of the response and never its text."""
    return InquiryAnswered(
        appeal_id=inquiry.appeal_id, inquiry_id=inquiry.inquiry_id, provider_id=inquiry.provider_id, response_id=response_id, code=code
    )


def inquiry_overdue(inquiry: Inquiry) -> InquiryOverdue:
    """Return the event of an inquiry that has passed its due date."""
    return InquiryOverdue(
        appeal_id=inquiry.appeal_id, inquiry_id=inquiry.inquiry_id, provider_id=inquiry.provider_id, due_at=inquiry.due_at
    )
