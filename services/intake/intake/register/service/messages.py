"""Messages of the applicant after filing, and the documents that come with them."""

from collections.abc import Awaitable, Callable
from uuid import UUID

from intake.register.codes import MessageKind
from intake.register.errors import AppealFinished
from intake.register.repository import applicant as records
from intake.register.schemas import MessageAddedOut, MessageIn
from intake.register.schemas.rows import TrackingRow
from intake.register.service.progress import lock_appeal, publish_change, store_message
from intake.register.service.rights import is_finished
from shared.contracts import MessageAdded
from shared.unit_of_work import UnitOfWork

ClaimFiles = Callable[[UnitOfWork, UUID], Awaitable[int]]
"""Attach files to the message of this id, in the transaction; return how many are new."""


async def add_message(work: UnitOfWork, appeal_id: UUID, message: MessageIn, claim_files: ClaimFiles | None = None) -> MessageAddedOut:
    """Add a message to the Fund on an appeal that its applicant has opened.

    Raises AppealFinished, TooMany, and what `claim_files` raises.
    """
    tracking = await lock_appeal(work, appeal_id)
    if is_finished(tracking["status"]):
        raise AppealFinished
    message_id = await store_message(work, appeal_id, MessageKind.MESSAGE, message.text)
    files = await claim_files(work, message_id) if claim_files is not None else 0
    await publish_message(work, tracking, message_id, files)
    number = await records.number_of_appeal(work.session, appeal_id)
    return MessageAddedOut(number=number or "", status=tracking["status"], message_id=message_id, at=work.clock.now())


async def publish_message(work: UnitOfWork, tracking: TrackingRow, message_id: UUID, files: int) -> None:
    """Publish a message, or files alone, with the appeal's row locked: what the Fund waited for has come."""
    event = MessageAdded(appeal_id=tracking["appeal_id"], message_id=message_id, attachments=files)
    await publish_change(work, tracking, event, timeline_type=MessageAdded.FACT)
