"""What the applicant writes after filing, and the documents that come with it."""

from collections.abc import Awaitable, Callable
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from intake.register.errors import AppealFinished
from intake.register.repository import applicant as records
from intake.register.schemas import MessageAddedOut, MessageIn
from intake.register.service.progress import Asked, Done, Tracking, act, tell, write_down
from intake.register.service.rights import is_finished
from shared.contracts import MessageAdded
from shared.service import Parts

Claim = Callable[[AsyncSession, UUID], Awaitable[int]]
"""Makes files the message's, in the transaction; gives how many are new."""


async def add_message(
    parts: Parts, appeal_id: UUID, said: MessageIn, *, key: str | None = None, claim: Claim | None = None
) -> Done[MessageAddedOut]:
    """A message to the Fund, on an appeal that its applicant has opened.

    Raises AppealFinished, TooMany, IdempotencyKeyReused, and what `claim` raises.
    """

    async def work(session: AsyncSession, tracking: Tracking) -> MessageAddedOut:
        if is_finished(tracking["status"]):
            raise AppealFinished
        message_id = await write_down(session, parts, appeal_id, "MESSAGE", said.text)
        files = await claim(session, message_id) if claim is not None else 0
        await note(session, parts, tracking, message_id, files)
        number = await records.number_of_appeal(session, appeal_id)
        return MessageAddedOut(number=number or "", status=tracking["status"], message_id=message_id, at=parts.clock.now())

    return await act(parts, appeal_id, Asked("messages", said, key), MessageAddedOut, work)


async def note(session: AsyncSession, parts: Parts, tracking: Tracking, message_id: UUID, files: int) -> None:
    """Tell of a message or of files alone, with the appeal's row locked: what was waited for is there."""
    event = MessageAdded(appeal_id=tracking["appeal_id"], message_id=message_id, attachments=files)
    await tell(session, parts, tracking, event, kept=MessageAdded.FACT)
