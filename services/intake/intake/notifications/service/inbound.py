"""What the SMS gateway reports: delivery receipts of sent messages, and replies of applicants."""

from typing import Annotated, Literal, NamedTuple
from uuid import UUID

from pydantic import Field

from intake.notifications import repository
from intake.notifications.codes import ASKING
from intake.notifications.policy import CONTINUED, policy
from intake.notifications.repository import AddressedNotification
from intake.notifications.service.planning import FactOfAppeal, plan
from intake.notifications.service.receipts import record_delivered, record_undelivered
from intake.register.codes import AnswerMethod, OfferKind
from intake.register.schemas.offers import OfferAnswer
from intake.register.service import offers
from intake.register.service.offers import offer_asked_by
from intake.register.service.registration import phone_key
from intake.settings import Settings
from shared.domain.lifecycle import CaseStatus
from shared.domain.phones import InvalidPhone, normalise_phone
from shared.http import StrictModel, Text
from shared.ids import derived
from shared.sealing import Pepper
from shared.unit_of_work import UnitOfWork


class SmsReceipt(StrictModel):
    """Whether a sent SMS arrived."""

    id: UUID = Field(strict=False, description="as the message was sent under")
    status: Literal["DELIVERED", "UNDELIVERED"]


class SmsReply(StrictModel):
    """An SMS that somebody sent to the Fund."""

    sender: Annotated[str, Text(40)] = Field(alias="from")
    text: Annotated[str, Text(2000)]


async def process_receipt(work: UnitOfWork, settings: Settings, receipt: SmsReceipt) -> None:
    """Record whether a message arrived; an unknown id is ignored."""
    if receipt.status == "DELIVERED":
        await record_delivered(work, receipt.id)
    else:
        await record_undelivered(work, settings, receipt.id)


def outcome_in(text: str) -> bool | None:
    """Return whether a reply says that the problem is solved; None if it says neither."""
    normalised = _normalised(text)
    if normalised in policy().settled:
        return True
    return False if normalised in policy().unsettled else None


def _normalised(text: str) -> str:
    return " ".join(text.lower().strip(" .!\t\r\n").split())


class RepliedQuestion(NamedTuple):
    """What a reply answers: whether the Fund's answer settles the appeal, or whether an offer of a provider holds."""

    item: AddressedNotification
    """The notification that asks."""
    offer: OfferAnswer | None
    """None: the reply is about the Fund's answer."""


async def replied_question(work: UnitOfWork, reply: SmsReply, *, yes: bool) -> RepliedQuestion | None:
    """Return the latest question sent to the reply's phone number, as far as it still waits for the applicant."""
    recipient = _recipient(work.pepper, reply)
    item = await repository.latest_question_sent_to(work.session, recipient) if recipient is not None else None
    if recipient is None or item is None:
        return None
    if item.notification.fact not in ASKING:
        return RepliedQuestion(item, None) if item.status == CaseStatus.ANSWERED and item.answer_id is not None else None
    offer = await offer_asked_by(work, item.notification.event_id)
    if offer is None or (offer.kind is OfferKind.CONSENT and not await _answers_consent(work, reply, recipient, item)):
        return None
    return RepliedQuestion(item, OfferAnswer(kind=offer.kind, offer_id=offer.id, answer=yes, method=AnswerMethod.SMS))


async def note_unclear(work: UnitOfWork, reply: SmsReply) -> None:
    """Have the contact centre ask by telephone what a reply leaves open, if the latest question was about an offer of a provider."""
    recipient = _recipient(work.pepper, reply)
    item = await repository.latest_question_sent_to(work.session, recipient) if recipient is not None else None
    if item is None or item.notification.fact not in ASKING:
        return
    offer = await offer_asked_by(work, item.notification.event_id)
    if offer is not None:
        await offers.note_unclear(work, offer.id)


def _recipient(pepper: Pepper, reply: SmsReply) -> bytes | None:
    """Return the lookup key of the sender's phone number; None for a sender without one."""
    try:
        return phone_key(pepper, normalise_phone(reply.sender))
    except InvalidPhone:
        return None


async def _answers_consent(work: UnitOfWork, reply: SmsReply, recipient: bytes, item: AddressedNotification) -> bool:
    """Return whether a reply answers the question for consent beyond doubt.

    A digit may be meant for another question that waits on the same phone: then the applicant is not taken at a word never given.
    """
    normalised = _normalised(reply.text)
    if normalised in policy().consent_words:
        return True
    return normalised in policy().consent_digits and not await repository.has_other_question(work.session, recipient, item.notification.id)


def outcome_key(pepper: Pepper, message_id: str) -> str:
    """Return the Idempotency-Key of the outcome that a message gives."""
    return f"sms-{_message_key(pepper, message_id).hex()}"


async def plan_continued(work: UnitOfWork, appeal_id: UUID) -> None:
    """Plan the notification of the number under which a denied answer continues."""
    await plan(work, [FactOfAppeal(derived(appeal_id, CONTINUED), appeal_id, CONTINUED)])


async def was_processed(work: UnitOfWork, message_id: str) -> bool:
    """Return whether a message was processed before."""
    return await repository.is_processed_message(work.session, _message_key(work.pepper, message_id))


async def mark_processed(work: UnitOfWork, message_id: str) -> None:
    """Record a message after its effect, so that one whose processing failed is processed when it comes again."""
    await repository.record_message(work.session, _message_key(work.pepper, message_id), work.clock.now())


def _message_key(pepper: Pepper, message_id: str) -> bytes:
    return pepper.keyed_hmac("inbound-sms", message_id.encode())
