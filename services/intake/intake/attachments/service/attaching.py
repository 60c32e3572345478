"""Adding a file to an appeal that is registered: one that was uploaded before, or the one that a request brings."""

import hashlib
from collections.abc import AsyncIterable, AsyncIterator
from datetime import datetime
from functools import partial
from typing import Final
from uuid import UUID

from fastapi import Request
from pydantic import BaseModel

from intake.attachments.dependencies import attachments_of
from intake.attachments.repository import came_with
from intake.attachments.service import policy
from intake.attachments.service.connection import while_connected
from intake.attachments.service.storing import Attachments, Enclosed, Ticket
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

FORM_MARGIN: Final = 65_536  # bytes of a form round its file
FIELD: Final = "file"
OPERATION: Final = "attachments"


class AttachmentOut(BaseModel):
    """A file of an appeal; `kk`, `ru` and `en` say what its state means."""

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


class FileGiven(BaseModel):
    """A file as it came, to know a repeat by."""

    name: str | None
    media_type: str | None
    sha256: str


class UploadGiven(BaseModel):
    """The same of a finished upload."""

    upload_id: UUID


def shown(one: Enclosed) -> AttachmentOut:
    return AttachmentOut(
        attachment_id=one.attachment_id,
        message_id=one.message_id,
        name=one.name,
        kind=one.kind.code,
        media_type=one.kind.media_types[0],
        size=one.size,
        state=one.state,
        added_at=one.added_at,
        **one.sentence.as_dict(),
    )


async def enclose(
    intake: Intake,
    attachments: Attachments,
    appeal_id: UUID,
    ticket: Ticket,
    *,
    given: FileGiven | None = None,
    key: str | None = None,
    as_filed: bool = False,
) -> ActionResult[AttachmentOut]:
    """Claim an upload for an appeal that is registered, and tell it as a message; told once, however often it is claimed.

    `given`: the file as it came in the request itself, `key`: under which Idempotency-Key; `as_filed`: it came with the appeal, and is no
    message.

    Raises AppealFinished, NotFound, Incomplete, TooManyFiles, TotalTooLarge, TooMany and IdempotencyKeyReused.
    """
    parts = intake.parts

    async def do(work: UnitOfWork, tracking: TrackingRow) -> AttachmentOut:
        if not as_filed and is_finished(tracking["status"]):
            raise AppealFinished
        if await attachments.claim(work.session, appeal_id, None, [ticket]) and not as_filed:
            message_id = await store_message(work, appeal_id, MessageKind.MESSAGE, None)
            await came_with(work.session, ticket.upload_id, message_id)
            await publish_message(work, tracking, message_id, 1)
        await work.session.flush()
        listed = await attachments.listing(work.session, appeal_id)
        return shown(next(one for one in listed if one.attachment_id == ticket.upload_id))

    said = given or UploadGiven(upload_id=ticket.upload_id)
    return await perform(parts, appeal_id, ApplicantRequest(OPERATION, said, key), AttachmentOut, do)


async def enclose_body(
    intake: Intake, appeal_id: UUID, request: Request, owner: bytes | None, key: str | None
) -> ActionResult[AttachmentOut]:
    """The file that the request brings; of a repeat nothing is kept."""
    attachments = attachments_of(request)
    ticket, given = await _received(request, attachments, owner)
    try:
        done = await enclose(intake, attachments, appeal_id, ticket, given=given, key=key)
    except DomainError:
        await attachments.cancel(ticket)
        raise
    if done.replayed:
        await attachments.cancel(ticket)
    return done


async def _received(request: Request, attachments: Attachments, owner: bytes | None) -> tuple[Ticket, FileGiven]:
    """The file in the body, or in a form's field `file`, whole."""
    most = policy.policy().limits.file_bytes
    if media_type_of(request) != MULTIPART:
        refuse_announced(request, most, policy.TooLarge)
        name = filename_of(request.headers.get("content-disposition", ""))
        ticket, given = await _stored(attachments, request.stream(), owner, name, media_type_of(request))
    else:
        ticket, given = await _from_form(request, attachments, owner)
    await attachments.accept_upload(ticket, run=partial(while_connected, request))
    return ticket, given


async def _from_form(request: Request, attachments: Attachments, owner: bytes | None) -> tuple[Ticket, FileGiven]:
    """The form's one file, received; the rest of the form is read, as a client that hangs up is seen only then."""
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
) -> tuple[Ticket, FileGiven]:
    digest = hashlib.sha256()

    async def passing() -> AsyncIterator[bytes]:
        async for chunk in data:
            digest.update(chunk)
            yield chunk

    ticket = await attachments.receive_upload(passing(), owner, name=name, media_type=media_type)
    return ticket, FileGiven(name=name, media_type=media_type, sha256=digest.hexdigest())
