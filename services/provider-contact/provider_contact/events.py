"""Constructors of the events this service emits."""

from uuid import UUID

from provider_contact.models import Inquiry, Provider
from shared.contracts import InquiryAcknowledged, InquiryAnswered, InquiryOverdue, InquirySent, ProviderRecorded



def provider_recorded(provider: Provider, *, active: bool) -> ProviderRecorded:
    return ProviderRecorded(
        provider_id=provider.provider_id,
        name_kk=provider.name_kk,
        name_ru=provider.name_ru,
        short_name=provider.short_name,
        aliases=provider.aliases,
        region=provider.region,
        district=provider.district,
        kind=provider.kind,
        ownership=provider.ownership,
        active=active,
    )


def inquiry_sent(inquiry: Inquiry) -> InquirySent:
    return InquirySent(
        appeal_id=inquiry.appeal_id,
        inquiry_id=inquiry.inquiry_id,
        provider_id=inquiry.provider_id,
        category=inquiry.category,
        due_at=inquiry.due_at,
        discloses=inquiry.discloses,
    )


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
