"""Constructors of the events this service emits."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from provider_contact.models import Inquiry
from shared.contracts import InquiryAcknowledged, InquiryAnswered, InquiryOverdue, InquirySent, ProviderRecorded


def provider_recorded(row: Mapping[str, Any], *, active: bool) -> ProviderRecorded:
    """The public part of a `provider` row."""
    public = {name: row[name] for name in ProviderRecorded.model_fields if name != "active"}
    return ProviderRecorded(**public, active=active)


def inquiry_sent(row: Mapping[str, Any]) -> InquirySent:
    """Of an `inquiry` row."""
    return InquirySent(**{name: row[name] for name in InquirySent.model_fields})


def inquiry_acknowledged(inquiry: Inquiry) -> InquiryAcknowledged:
    return InquiryAcknowledged(appeal_id=inquiry.appeal_id, inquiry_id=inquiry.inquiry_id, provider_id=inquiry.provider_id)


def inquiry_answered(inquiry: Inquiry, response_id: UUID, code: str) -> InquiryAnswered:
    return InquiryAnswered(
        appeal_id=inquiry.appeal_id, inquiry_id=inquiry.inquiry_id, provider_id=inquiry.provider_id, response_id=response_id, code=code
    )


def inquiry_overdue(inquiry: Inquiry) -> InquiryOverdue:
    return InquiryOverdue(
        appeal_id=inquiry.appeal_id, inquiry_id=inquiry.inquiry_id, provider_id=inquiry.provider_id, due_at=inquiry.due_at
    )
