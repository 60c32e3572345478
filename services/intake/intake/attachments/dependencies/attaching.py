"""Adding a file to a registered appeal in a request: a finished upload, or the file in the request itself."""

import hashlib
from collections.abc import AsyncIterable, AsyncIterator
from functools import partial
from typing import Final
from uuid import UUID

from fastapi import Request

from intake.attachments.dependencies.uploads import Uploads
from intake.attachments.service import attaching
from intake.attachments.service.attaching import AttachmentOut, FileFingerprint, UploadFingerprint
from intake.attachments.service.storing import UploadTicket
from intake.register.dependencies import Intake
from intake.register.dependencies.actions import ActionResult, ApplicantRequest
from shared.errors import DomainError, InvalidInput
from shared.files import errors as attachment_errors
from shared.files import policy
from shared.files.connection import while_connected
from shared.forms import MULTIPART, parts_of, refuse_announced
from shared.header_fields import filename_of, media_type_of
from shared.unit_of_work import UnitOfWork

FORM_MARGIN: Final = 65_536  # bytes of a form in addition to its file
FIELD: Final = "file"
OPERATION: Final = "attachments"


async def attach(
    intake: Intake,
    uploads: Uploads,
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

    async def do(work: UnitOfWork) -> AttachmentOut:
        return await attaching.attach(work, uploads.attachments, appeal_id, ticket, as_filed=as_filed)

    given_file = given or UploadFingerprint(upload_id=ticket.upload_id)
    return await intake.actions.perform(appeal_id, ApplicantRequest(OPERATION, given_file, key), AttachmentOut, do)


async def attach_body(
    intake: Intake, uploads: Uploads, appeal_id: UUID, request: Request, owner: bytes | None, key: str | None
) -> ActionResult[AttachmentOut]:
    """Add the file in the request. The file of a repeated request is deleted."""
    ticket, given = await _received(request, uploads, owner)
    try:
        done = await attach(intake, uploads, appeal_id, ticket, given=given, key=key)
    except DomainError:
        await uploads.cancel(ticket)
        raise
    if done.replayed:
        await uploads.cancel(ticket)
    return done


async def _received(request: Request, uploads: Uploads, owner: bytes | None) -> tuple[UploadTicket, FileFingerprint]:
    """Receive and accept the file in the body or in a form's field `file`."""
    most = policy.policy().limits.file_bytes
    if media_type_of(request) != MULTIPART:
        refuse_announced(request, most, attachment_errors.TooLarge)
        name = filename_of(request.headers.get("content-disposition", ""))
        ticket, given = await _stored(uploads, request.stream(), owner, name, media_type_of(request))
    else:
        ticket, given = await _from_form(request, uploads, owner)
    await uploads.accept(ticket, run=partial(while_connected, request))
    return ticket, given


async def _from_form(request: Request, uploads: Uploads, owner: bytes | None) -> tuple[UploadTicket, FileFingerprint]:
    """Receive the form's file. The form is read to its end: only then a disconnected client is noticed."""
    found = None
    try:
        limit = policy.policy().limits.file_bytes + FORM_MARGIN
        async for part in parts_of(request, limit=limit, too_large=attachment_errors.TooLarge):
            if found is not None or part.name != FIELD or part.filename is None:
                raise InvalidInput.field(FIELD, "unknown-field", "A form has one file, under this name.")  # noqa: TRY301
            found = await _stored(uploads, part.chunks, owner, part.filename, part.media_type)
    except BaseException:
        if found is not None:
            await uploads.cancel(found[0])
        raise
    if found is None:
        raise InvalidInput.field(FIELD, "required", "A file is needed.")
    return found


async def _stored(
    uploads: Uploads, data: AsyncIterable[bytes], owner: bytes | None, name: str | None, media_type: str | None
) -> tuple[UploadTicket, FileFingerprint]:
    digest = hashlib.sha256()

    async def passing() -> AsyncIterator[bytes]:
        async for chunk in data:
            digest.update(chunk)
            yield chunk

    ticket = await uploads.receive(passing(), owner, name=name, media_type=media_type)
    return ticket, FileFingerprint(name=name, media_type=media_type, sha256=digest.hexdigest())
