"""The text of a notification for its delivery method."""

from collections.abc import Mapping
from typing import Final, NamedTuple
from uuid import UUID

from pydantic import ValidationError

from intake.notifications.codes import CODES, CONSENT_FACT, DeliveryMethod
from intake.notifications.policy import NotificationRoute, notification_texts
from intake.notifications.repository import AddressedNotification
from intake.notifications.service.texts import fill, writing_language
from intake.register.schemas import AnswerOut
from shared.contents import Contents
from shared.domain.labels import Label, Language
from shared.sealing import Sealer

TRACK: Final = "/intake/track"
ANSWER: Final = "/intake/answer/"
"""The page of a link, before its token."""
LINKED_SMS_LIMIT: Final = 134  # UCS-2 characters of a message in two parts: each loses three to the header that joins them


async def read_answer(contents: Contents, item: AddressedNotification, *, reader: str) -> AnswerOut | None:
    """Read the answer of the notification's appeal from routing; None if there is none. Raises OwnerUnavailable."""
    if item.answer_id is None or item.answered_at is None:
        return None
    content = (await contents.read("routing", [item.answer_id], purpose="tracking", on_behalf_of=reader)).get(item.answer_id)
    try:
        return AnswerOut.model_validate({**content, "at": item.answered_at}) if content else None
    except ValidationError:
        return None


class AskedOffer(NamedTuple):
    """The offer about which a notification asks, and the link by which the applicant may answer once.

    `recipient`: the provider that a consent opens the appeal to.
    """

    offer_id: UUID
    link: str
    recipient: Label | None


def compose_text(
    sealer: Sealer,
    item: AddressedNotification,
    route: NotificationRoute,
    *,
    method: DeliveryMethod,
    public_url: str,
    answer: AnswerOut | None,
    asked: AskedOffer | None = None,
) -> tuple[str, str]:
    """Return subject and text. Only a mail contains more than number and status, and the answer if one is given. Raises SealError.

    An SMS has the link of `asked` if both fit into two parts. A chat shows the whole question for consent, as nobody consents to what is
    not named.
    """
    notification, link, recipient = item.notification, asked.link if asked else None, asked.recipient if asked else None
    language, template = writing_language(notification.language or item.appeal_language), notification_texts().templates[route.template]
    values = {"number": item.number}
    if notification.secret is not None:
        values["code"] = sealer.open("notice", notification.id, "secret", notification.secret).decode()
    subject = fill(template.short, language, values)
    if method == DeliveryMethod.SMS:
        return subject, _with_link(fill(template.sms, language, values), link)
    body = [fill(template.body, language, values), *_recipient_line(recipient, language)]
    if method != DeliveryMethod.EMAIL:
        is_consent = method == DeliveryMethod.TELEGRAM and notification.fact == CONSENT_FACT
        return subject, "\n\n".join([subject, *body]) if is_consent else subject
    return subject, _mail_text([*body, *_link_line(link, language)], language, item, answer, public_url)


def _recipient_line(recipient: Label | None, language: Language) -> list[str]:
    return [] if recipient is None else [fill(notification_texts().mail["recipient"], language, {"provider": recipient.in_(language)})]


def _with_link(sms: str, link: str | None) -> str:
    longer = f"{sms} {link}"
    return longer if link is not None and len(longer) <= LINKED_SMS_LIMIT else sms


def _link_line(link: str | None, language: Language) -> list[str]:
    return [] if link is None else [fill(notification_texts().mail["answer_link"], language, {"link": link})]


def _mail_text(body: list[str], language: Language, item: AddressedNotification, answer: AnswerOut | None, public_url: str) -> str:
    labels, is_code = notification_texts().mail, item.notification.fact in CODES
    paragraphs = body if is_code else [f"№ {item.number}", *body]
    if answer is not None:
        paragraphs += answer_paragraphs(answer, language, labels)
    if not is_code:
        paragraphs.append(fill(labels["page"], language, {"link": public_url + TRACK}))
    return "\n\n".join([*paragraphs, labels["signature"].in_(language)]) + "\n"


def answer_paragraphs(answer: AnswerOut, language: Language, headings: Mapping[str, Label]) -> list[str]:
    """Return the answer in paragraphs, as the Fund wrote it."""
    paragraphs = [answer.text]
    for name, text in (("next_steps", answer.next_steps), ("how_to_complain", answer.how_to_complain)):
        if text:
            paragraphs.append(f"{headings[name].in_(language)}\n{text}")
    return paragraphs
