"""What a notice says: a mail in the language of its addressee, and the body of a webhook. Neither says who appealed or what about."""

from typing import Final

from pydantic_core import to_json

from provider_contact.deliveries.policy import delivery_policy, delivery_texts
from provider_contact.deliveries.repository import NotifiedDelivery
from provider_contact.inquiries.codes import NoticeKind
from shared.contracts import (
    ConsentAnswered,
    ConsentDeclined,
    ConsentWithdrawn,
    InquiryCancelled,
    InquiryEscalated,
    InquiryOverdue,
    InquiryReminded,
    InquiryReturned,
    InquirySent,
    TimeGranted,
    TimeRefused,
)
from shared.domain.labels import Label, Language
from shared.domain.regions import regions
from shared.web.formats import Formats

TYPES: Final = {
    NoticeKind.INQUIRY: InquirySent.FACT,
    NoticeKind.REMINDER: InquiryReminded.FACT,
    NoticeKind.OVERDUE: InquiryOverdue.FACT,
    NoticeKind.ESCALATION: InquiryEscalated.FACT,
    NoticeKind.RETURNED: InquiryReturned.FACT,
    NoticeKind.TIME_GRANTED: TimeGranted.FACT,
    NoticeKind.TIME_REFUSED: TimeRefused.FACT,
    NoticeKind.CANCELLED: InquiryCancelled.FACT,
    NoticeKind.CONSENT_GIVEN: ConsentAnswered.FACT,
    NoticeKind.CONSENT_REFUSED: ConsentAnswered.FACT,
    NoticeKind.CONSENT_WITHDRAWN: ConsentWithdrawn.FACT,
    NoticeKind.CONSENT_DECLINED: ConsentDeclined.FACT,
}
"""The types of webhooks: the names of the events."""
INQUIRIES: Final = "/provider-contact/v1/inquiries"


def webhook_body(sent: NotifiedDelivery) -> bytes:
    """Return the body of a webhook: codes, ids and times as they are now. Texts are read by `data.url` with the provider's token."""
    delivery, inquiry = sent
    data = {
        "inquiry_id": inquiry.inquiry_id,
        "number": inquiry.number,
        "category": inquiry.category,
        "status": inquiry.status,
        "due_at": inquiry.due_at,
        "overdue": inquiry.overdue,
        "version": inquiry.version,
        "url": f"{INQUIRIES}/{inquiry.inquiry_id}",
    }
    return to_json({"type": TYPES[delivery.notice], "timestamp": delivery.planned_at, "data": data})


def compose_mail(sent: NotifiedDelivery, link: str | None, provider: tuple[str, str]) -> tuple[str, str]:
    """Return the subject and the text of a mail. `link`: the one-time link; `provider`: the provider's names in Kazakh and Russian."""
    languages: tuple[Language, ...] = ("kk", "ru")
    parts = [_in_language(sent, each, link, provider) for each in languages if sent.delivery.language in {None, each}]
    return parts[0][0], "\n\n* * *\n\n".join(text for _, text in parts) + "\n"


def _in_language(sent: NotifiedDelivery, language: Language, link: str | None, provider: tuple[str, str]) -> tuple[str, str]:
    inquiry, texts = sent.inquiry, delivery_texts()
    template = texts.mails[sent.delivery.notice]
    values = {
        "number": inquiry.number,
        "due": Formats(language).datetime(inquiry.due_at, regions()[inquiry.region].timezone),
        "provider": provider[0] if language == "kk" else provider[1],
        "link": link or "",
        "days": str(delivery_policy().replies.days),
    }
    paragraphs = [_filled(template.body, language, values)]
    if link is not None:
        paragraphs.append(_filled(texts.link, language, values))
    elif sent.delivery.notice != NoticeKind.ESCALATION:
        paragraphs.append(_filled(texts.no_link, language, values))
    paragraphs.append(_filled(texts.signature, language, values))
    return _filled(template.subject, language, values), "\n\n".join(paragraphs)


def _filled(label: Label, language: Language, values: dict[str, str]) -> str:
    return label.in_(language).format_map(values)
