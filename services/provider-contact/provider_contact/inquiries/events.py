"""Constructors of the events that inquiries emit."""

from datetime import date, datetime
from typing import TypedDict
from uuid import UUID

from provider_contact.inquiries.models import Inquiry, InquiryRow, ProviderResponse
from shared.contracts import (
    ConsentAsked,
    ConsentDeclined,
    ConsentRequested,
    InquiryAccepted,
    InquiryAcknowledged,
    InquiryAnswered,
    InquiryCancelled,
    InquiryEscalated,
    InquiryOverdue,
    InquiryReminded,
    InquiryReturned,
    InquirySent,
    TimeAsked,
    TimeGranted,
    TimeRefused,
)


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


def inquiry_answered(inquiry: Inquiry, response_id: UUID, code: str, *, late: bool, refusal_reason: str | None) -> InquiryAnswered:
    """Return the event of an answer; it carries the id of the response and never its text."""
    return InquiryAnswered(
        appeal_id=inquiry.appeal_id,
        inquiry_id=inquiry.inquiry_id,
        provider_id=inquiry.provider_id,
        response_id=response_id,
        code=code,
        round=inquiry.round,
        late=late,
        refusal_reason=refusal_reason,
    )


def inquiry_reminded(inquiry: Inquiry, actor_role: str | None = None) -> InquiryReminded:
    """Return the event of a reminder, by rule or by a clerk."""
    return InquiryReminded(**_of(inquiry), due_at=inquiry.due_at, actor_role=actor_role)


def inquiry_overdue(inquiry: Inquiry) -> InquiryOverdue:
    """Return the event of an inquiry that has passed its due date."""
    return InquiryOverdue(**_of(inquiry), due_at=inquiry.due_at)


def inquiry_escalated(inquiry: Inquiry, body: str, actor_role: str | None = None) -> InquiryEscalated:
    """Return the event of an inquiry that was passed to a body above the provider, by rule or by a clerk."""
    return InquiryEscalated(**_of(inquiry), body=body, actor_role=actor_role)


def inquiry_accepted(inquiry: Inquiry, response: ProviderResponse, actor_role: str) -> InquiryAccepted:
    """Return the event of an answer that a clerk accepted, with the finding on its refusal."""
    return InquiryAccepted(
        **_of(inquiry),
        response_id=response.response_id,
        actor_role=actor_role,
        refusal_reason=response.refusal_reason,
        refusal_lawful=response.refusal_lawful,
    )


def inquiry_returned(inquiry: Inquiry, reason: str, actor_role: str) -> InquiryReturned:
    """Return the event of an answer that a clerk returned; the inquiry is in its next round already."""
    return InquiryReturned(**_of(inquiry), reason=reason, round=inquiry.round, due_at=inquiry.due_at, actor_role=actor_role)


def inquiry_cancelled(inquiry: Inquiry, reason: str, actor_role: str) -> InquiryCancelled:
    """Return the event of an inquiry that a clerk cancelled."""
    return InquiryCancelled(**_of(inquiry), reason=reason, actor_role=actor_role)


def time_asked(inquiry: Inquiry, until: date) -> TimeAsked:
    """Return the event of a request for more time."""
    return TimeAsked(**_of(inquiry), until=until)


def time_granted(inquiry: Inquiry, actor_role: str) -> TimeGranted:
    """Return the event of more time that was granted; the inquiry has its new due date already."""
    return TimeGranted(**_of(inquiry), due_at=inquiry.due_at, actor_role=actor_role)


def time_refused(inquiry: Inquiry, actor_role: str) -> TimeRefused:
    """Return the event of more time that was refused."""
    return TimeRefused(**_of(inquiry), due_at=inquiry.due_at, actor_role=actor_role)


def consent_asked(inquiry: Inquiry) -> ConsentAsked:
    """Return the event of a provider's request to be told who the applicant is."""
    return ConsentAsked(**_of(inquiry))


def consent_requested(inquiry: Inquiry, answer_until: datetime, actor_role: str) -> ConsentRequested:
    """Return the event by which the applicant is asked for the consent."""
    return ConsentRequested(**_of(inquiry), answer_until=answer_until, actor_role=actor_role)


def consent_declined(inquiry: Inquiry, actor_role: str) -> ConsentDeclined:
    """Return the event of a clerk's decision not to ask the applicant."""
    return ConsentDeclined(**_of(inquiry), actor_role=actor_role)


class _Ids(TypedDict):
    appeal_id: UUID
    inquiry_id: UUID
    provider_id: UUID


def _of(inquiry: Inquiry) -> _Ids:
    return {"appeal_id": inquiry.appeal_id, "inquiry_id": inquiry.inquiry_id, "provider_id": inquiry.provider_id}
