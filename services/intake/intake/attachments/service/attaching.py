"""Adding a finished upload to a registered appeal."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel

from intake.attachments.repository import set_message
from intake.attachments.service.storing import Attachments, NamedFile, UploadTicket
from intake.register.codes import MessageKind
from intake.register.errors import AppealFinished
from intake.register.service.messages import publish_message
from intake.register.service.progress import lock_appeal, store_message
from intake.register.service.rights import is_finished
from shared.unit_of_work import UnitOfWork


class AttachmentOut(BaseModel):
    """A file of an appeal; `kk`, `ru` and `en` explain its state."""

    attachment_id: UUID
    message_id: UUID | None
    name: str
    kind: str
    media_type: str
    size: int
    state: str
    added_at: datetime
    kk: str
    ru: str
    en: str


class UploadFingerprint(BaseModel):
    """A finished upload; a repeat of the request is recognised by it."""

    upload_id: UUID


def attachment_out(file: NamedFile) -> AttachmentOut:
    """Return a file as the API shows it."""
    return AttachmentOut(
        attachment_id=file.attachment_id,
        message_id=file.message_id,
        name=file.name,
        kind=file.kind.code,
        media_type=file.kind.media_types[0],
        size=file.size,
        state=file.state,
        added_at=file.added_at,
        **file.state_label.as_dict(),
    )


async def attach(
    work: UnitOfWork, attachments: Attachments, appeal_id: UUID, ticket: UploadTicket, *, as_filed: bool = False
) -> AttachmentOut:
    """Claim an upload for a registered appeal and publish it as a message, once however often it is claimed.

    `as_filed`: the file was sent with the appeal and is no message.

    Raises AppealFinished, NotFound, Incomplete, TooManyFiles, TotalTooLarge and TooMany.
    """
    tracking = await lock_appeal(work, appeal_id)
    if not as_filed and is_finished(tracking["status"]):
        raise AppealFinished
    if await attachments.claim(work, appeal_id, None, [ticket]) and not as_filed:
        message_id = await store_message(work, appeal_id, MessageKind.MESSAGE, None)
        await set_message(work.session, ticket.upload_id, message_id)
        await publish_message(work, tracking, message_id, 1)
    await work.session.flush()
    listed = await attachments.listing(work, appeal_id)
    return attachment_out(next(file for file in listed if file.attachment_id == ticket.upload_id))
