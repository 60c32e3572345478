"""What the SMS gateway reports: delivery receipts of sent messages, and replies of applicants."""

from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import Field

from intake.notifications import repository
from intake.notifications.repository import AddressedNotification
from intake.notifications.service.planning import FactOfAppeal, plan
from intake.notifications.service.policy import policy
from intake.notifications.service.receipts import record_delivered, record_undelivered
from intake.register.dependencies import Intake
from intake.register.errors import NotAnswered, OutcomeGiven
from intake.register.schemas import ConfirmationIn
from intake.register.schemas.codes import Verdict
from intake.register.service.outcome import confirm
from intake.register.service.registration import phone_key
from shared.domain.lifecycle import CaseStatus
from shared.domain.phones import InvalidPhone, normalise_phone
from shared.http import StrictModel, Text
from shared.ids import derived
from shared.service import Parts

CONTINUED: Final = "appeal-continued"


class SmsReceipt(StrictModel):
    """Whether a sent SMS arrived."""

    id: UUID = Field(strict=False, description="as the message was sent under")
    status: Literal["DELIVERED", "UNDELIVERED"]


class SmsReply(StrictModel):
    """An SMS that somebody sent to the Fund."""

    sender: Annotated[str, Text(40)] = Field(alias="from")
    text: Annotated[str, Text(2000)]


async def process_receipt(parts: Parts, receipt: SmsReceipt) -> None:
    """Record whether a message arrived; an unknown id is ignored."""
    await (record_delivered if receipt.status == "DELIVERED" else record_undelivered)(parts, receipt.id)


def outcome_in(text: str) -> bool | None:
    """Return whether a reply says that the problem is solved; None if it says neither."""
    normalised = " ".join(text.lower().strip(" .!\t\r\n").split())
    if normalised in policy().settled:
        return True
    return False if normalised in policy().unsettled else None


async def answered_appeal(parts: Parts, reply: SmsReply) -> AddressedNotification | None:
    """Return the notification of the latest answer sent to the reply's phone number, while its appeal awaits confirmation."""
    try:
        phone = normalise_phone(reply.sender)
    except InvalidPhone:
        return None
    async with parts.database.read() as session:
        item = await repository.latest_answer_sent_to(session, phone_key(parts.pepper, phone))
    return item if item is not None and item.status == CaseStatus.ANSWERED and item.answer_id is not None else None


async def process_reply(intake: Intake, message_id: str, reply: SmsReply) -> None:
    """Confirm or deny the outcome of the latest answer sent to this phone number; each message is processed once."""
    parts, settled = intake.parts, outcome_in(reply.text)
    if settled is None or await was_processed(parts, message_id):
        return
    item = await answered_appeal(parts, reply)
    if item is not None:
        await confirm_outcome(intake, item, message_id, settled=settled)
    await mark_processed(parts, message_id)


async def confirm_outcome(intake: Intake, item: AddressedNotification, message_id: str, *, settled: bool) -> None:
    """Record the applicant's verdict on the answer; a second verdict changes nothing. A following appeal's number is notified."""
    parts, key = intake.parts, _message_key(intake.parts, message_id)
    confirmation = ConfirmationIn(outcome=Verdict.RESOLVED if settled else Verdict.NOT_RESOLVED)
    try:
        done = await confirm(parts, intake.register, item.notification.appeal_id, confirmation, key=f"sms-{key.hex()}")
    except (NotAnswered, OutcomeGiven):
        return
    if done.response.followed_by is not None:
        new_id = done.response.followed_by.appeal_id
        async with parts.database.write() as session:
            await plan(session, [FactOfAppeal(derived(new_id, CONTINUED), new_id, CONTINUED)], parts.clock.now())


async def was_processed(parts: Parts, message_id: str) -> bool:
    """Return whether a message was processed before."""
    async with parts.database.read() as session:
        return await repository.is_processed_message(session, _message_key(parts, message_id))


async def mark_processed(parts: Parts, message_id: str) -> None:
    """Record a message after its effect is committed, so that one whose processing failed is processed when it comes again."""
    async with parts.database.write() as session:
        await repository.record_message(session, _message_key(parts, message_id), parts.clock.now())


def _message_key(parts: Parts, message_id: str) -> bytes:
    return parts.pepper.keyed_hmac("inbound-sms", message_id.encode())
