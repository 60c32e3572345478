"""Adding a file to a registered appeal: a finished upload, or the file in a request."""

import hashlib
from collections.abc import AsyncIterable, AsyncIterator
from datetime import datetime
from functools import partial
from typing import Final
from uuid import UUID

from fastapi import Request
from pydantic import BaseModel

from intake.attachments.dependencies import attachments_of
from intake.attachments.repository import set_message
from intake.attachments.service import policy
from intake.attachments.service.connection import while_connected
from intake.attachments.service.storing import Attachments, NamedFile, UploadTicket
from intake.register.dependencies import Intake
from intake.register.errors import AppealFinished
from intake.register.schemas.codes import MessageKind
from intake.register.schemas.rows import TrackingRow
from intake.register.service.messages import publish_message
from intake.register.service.progress import ActionResult, ApplicantRequest, perform, store_message
from intake.register.service.rights import is_finished
from shared.errors import DomainError, InvalidInput
from shared.forms import MULTIPART, parts_of, refuse_announced
from shared.header_fields import filename_of, media_type_of
from shared.unit_of_work import UnitOfWork

FORM_MARGIN: Final = 65_536  # bytes of a form in addition to its file
FIELD: Final = "file"
OPERATION: Final = "attachments"


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


class FileFingerprint(BaseModel):
    """A file in a request; a repeat of the request is recognised by it."""

    name: str | None
    media_type: str | None
    sha256: str


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
    intake: Intake,
    attachments: Attachments,
    appeal_id: UUID,
    ticket: UploadTicket,
    *,
    given: FileFingerprint | None = None,
    key: str | None = None,
    as_filed: bool = False,
) -> ActionResult[AttachmentOut]:
    """Claim an upload for a registered appeal and publish it as a message, once however often it is claimed.

    `given`: the file if it was sent in the request itself; `key`: the Idempotency-Key; `as_filed`: the file was sent with the appeal and
    is no message.

    Raises AppealFinished, NotFound, Incomplete, TooManyFiles, TotalTooLarge, TooMany and IdempotencyKeyReused.
    """
    parts = intake.parts

    async def do(work: UnitOfWork, tracking: TrackingRow) -> AttachmentOut:
        if not as_filed and is_finished(tracking["status"]):
            raise AppealFinished
        if await attachments.claim(work.session, appeal_id, None, [ticket]) and not as_filed:
            message_id = await store_message(work, appeal_id, MessageKind.MESSAGE, None)
            await set_message(work.session, ticket.upload_id, message_id)
            await publish_message(work, tracking, message_id, 1)
        await work.session.flush()
        listed = await attachments.listing(work.session, appeal_id)
        return attachment_out(next(file for file in listed if file.attachment_id == ticket.upload_id))

    given_file = given or UploadFingerprint(upload_id=ticket.upload_id)
    return await perform(parts, appeal_id, ApplicantRequest(OPERATION, given_file, key), AttachmentOut, do)


async def attach_body(
    intake: Intake, appeal_id: UUID, request: Request, owner: bytes | None, key: str | None
) -> ActionResult[AttachmentOut]:
    """Add the file in the request. The file of a repeated request is deleted."""
    attachments = attachments_of(request)
    ticket, given = await _received(request, attachments, owner)
    try:
        done = await attach(intake, attachments, appeal_id, ticket, given=given, key=key)
    except DomainError:
        await attachments.cancel(ticket)
        raise
    if done.replayed:
        await attachments.cancel(ticket)
    return done


async def _received(request: Request, attachments: Attachments, owner: bytes | None) -> tuple[UploadTicket, FileFingerprint]:
    """Receive and accept the file in the body or in a form's field `file`."""
    most = policy.policy().limits.file_bytes
    if media_type_of(request) != MULTIPART:
        refuse_announced(request, most, policy.TooLarge)
        name = filename_of(request.headers.get("content-disposition", ""))
        ticket, given = await _stored(attachments, request.stream(), owner, name, media_type_of(request))
    else:
        ticket, given = await _from_form(request, attachments, owner)
    await attachments.accept_upload(ticket, run=partial(while_connected, request))
    return ticket, given


async def _from_form(request: Request, attachments: Attachments, owner: bytes | None) -> tuple[UploadTicket, FileFingerprint]:
    """Receive the form's file. The form is read to its end: only then a disconnected client is noticed."""
    found = None
    try:
        limit = policy.policy().limits.file_bytes + FORM_MARGIN
        async for part in parts_of(request, limit=limit, too_large=policy.TooLarge):
            if found is not None or part.name != FIELD or part.filename is None:
                raise InvalidInput.field(FIELD, "unknown-field", "A form has one file, under this name.")  # noqa: TRY301
            found = await _stored(attachments, part.chunks, owner, part.filename, part.media_type)
    except BaseException:
        if found is not None:
            await attachments.cancel(found[0])
        raise
    if found is None:
        raise InvalidInput.field(FIELD, "required", "A file is needed.")
    return found


async def _stored(
    attachments: Attachments, data: AsyncIterable[bytes], owner: bytes | None, name: str | None, media_type: str | None
) -> tuple[UploadTicket, FileFingerprint]:
    digest = hashlib.sha256()

    async def passing() -> AsyncIterator[bytes]:
        async for chunk in data:
            digest.update(chunk)
            yield chunk

    ticket = await attachments.receive_upload(passing(), owner, name=name, media_type=media_type)
    return ticket, FileFingerprint(name=name, media_type=media_type, sha256=digest.hexdigest())
