"""Messages of the applicant after filing, and the documents that come with them."""

from collections.abc import Awaitable, Callable
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from intake.register.errors import AppealFinished
from intake.register.repository import applicant as records
from intake.register.schemas import MessageAddedOut, MessageIn
from intake.register.schemas.codes import MessageKind
from intake.register.schemas.rows import TrackingRow
from intake.register.service.progress import ActionResult, ApplicantRequest, perform, publish_change, store_message
from intake.register.service.rights import is_finished
from shared.contracts import MessageAdded
from shared.service import Parts

ClaimFiles = Callable[[AsyncSession, UUID], Awaitable[int]]
"""Attach files to the message of this id, in the transaction; return how many are new."""


async def add_message(
    parts: Parts, appeal_id: UUID, message: MessageIn, *, key: str | None = None, claim_files: ClaimFiles | None = None
) -> ActionResult[MessageAddedOut]:
    """Add a message to the Fund on an appeal that its applicant has opened.

    Raises AppealFinished, TooMany, IdempotencyKeyReused, and what `claim_files` raises.
    """

    async def work(session: AsyncSession, tracking: TrackingRow) -> MessageAddedOut:
        if is_finished(tracking["status"]):
            raise AppealFinished
        message_id = await store_message(session, parts, appeal_id, MessageKind.MESSAGE, message.text)
        files = await claim_files(session, message_id) if claim_files is not None else 0
        await publish_message(session, parts, tracking, message_id, files)
        number = await records.number_of_appeal(session, appeal_id)
        return MessageAddedOut(number=number or "", status=tracking["status"], message_id=message_id, at=parts.clock.now())

    return await perform(parts, appeal_id, ApplicantRequest("messages", message, key), MessageAddedOut, work)


async def publish_message(session: AsyncSession, parts: Parts, tracking: TrackingRow, message_id: UUID, files: int) -> None:
    """Publish a message, or files alone, with the appeal's row locked: what the Fund waited for has come."""
    event = MessageAdded(appeal_id=tracking["appeal_id"], message_id=message_id, attachments=files)
    await publish_change(session, parts, tracking, event, timeline_type=MessageAdded.FACT)
