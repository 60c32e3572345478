"""What the SMS gateway tells: receipts of what was sent, and what people answer."""

from typing import Annotated, Any, Final, Literal
from uuid import UUID

from pydantic import Field
from sqlalchemy import Row

from intake.notifications import repository
from intake.notifications.service.planning import Told, plan
from intake.notifications.service.policy import policy
from intake.notifications.service.receipts import delivered, undelivered
from intake.register.dependencies import Intake
from intake.register.errors import NotAnswered, OutcomeGiven
from intake.register.schemas import ConfirmationIn
from intake.register.service.outcome import NOT_RESOLVED, RESOLVED, confirm
from intake.register.service.registration import phone_key
from shared.domain.phones import InvalidPhone, normalise_phone
from shared.http import StrictModel, Text
from shared.ids import derived
from shared.service import Parts

ANSWERED: Final = "ANSWERED"
CONTINUED: Final = "appeal-continued"


class Receipt(StrictModel):
    id: UUID = Field(strict=False, description="as the message was sent under")
    status: Literal["DELIVERED", "UNDELIVERED"]


class Reply(StrictModel):
    sender: Annotated[str, Text(40)] = Field(alias="from")
    text: Annotated[str, Text(2000)]


async def note_receipt(parts: Parts, receipt: Receipt) -> None:
    await (delivered if receipt.status == "DELIVERED" else undelivered)(parts, receipt.id)


def meaning(text: str) -> bool | None:
    """Whether the matter is settled, as somebody wrote; None for anything else."""
    said = " ".join(text.lower().strip(" .!\t\r\n").split())
    if said in policy().settled:
        return True
    return False if said in policy().unsettled else None


async def answered_appeal(parts: Parts, reply: Reply) -> Row[Any] | None:
    """The appeal whose answer was last told to the telephone that wrote, while it waits to be confirmed."""
    try:
        phone = normalise_phone(reply.sender)
    except InvalidPhone:
        return None
    async with parts.database.read() as session:
        row = await repository.last_answered(session, phone_key(parts.pepper, phone))
    return row if row is not None and row.status == ANSWERED and row.answer_id is not None else None


async def take_reply(intake: Intake, message_id: str, reply: Reply) -> None:
    """Confirm or deny the outcome, as somebody answered the message that there is an answer; a message counts once."""
    parts, settled = intake.parts, meaning(reply.text)
    if settled is None or await was_counted(parts, message_id):
        return
    row = await answered_appeal(parts, reply)
    if row is not None:
        await judge(intake, row, message_id, settled=settled)
    await count(parts, message_id)


async def judge(intake: Intake, row: Row[Any], message_id: str, *, settled: bool) -> None:
    """The applicant's word on the answer; said once too often, it changes nothing. Where a new appeal follows, its number is told."""
    parts, key = intake.parts, _key(intake.parts, message_id)
    said = ConfirmationIn(outcome=RESOLVED if settled else NOT_RESOLVED)
    try:
        done = await confirm(parts, intake.register, row.appeal_id, said, key=f"sms-{key.hex()}")
    except (NotAnswered, OutcomeGiven):
        return
    if done.told.followed_by is not None:
        new_id = done.told.followed_by.appeal_id
        async with parts.database.write() as session:
            await plan(session, [Told(derived(new_id, CONTINUED), new_id, CONTINUED)], parts.clock.now())


async def was_counted(parts: Parts, message_id: str) -> bool:
    async with parts.database.read() as session:
        return await repository.is_known_message(session, _key(parts, message_id))


async def count(parts: Parts, message_id: str) -> None:
    """Remember a message, after what it asked for is done: one that broke off is done when it comes again."""
    async with parts.database.write() as session:
        await repository.remember_message(session, _key(parts, message_id), parts.clock.now())


def _key(parts: Parts, message_id: str) -> bytes:
    return parts.pepper.keyed_hmac("inbound-sms", message_id.encode())
