"""Adding a file to a registered appeal in a request: a finished upload, or the file in the request itself."""

from collections.abc import AsyncIterable
from functools import partial
from typing import Final
from uuid import UUID

from fastapi import Request

from intake.attachments.dependencies.uploads import Uploads
from intake.attachments.service import attaching
from intake.attachments.service.attaching import AttachmentOut, UploadFingerprint
from intake.attachments.service.storing import UploadTicket
from intake.register.dependencies import Intake
from intake.register.dependencies.actions import ActionResult, ApplicantRequest
from shared.errors import DomainError
from shared.files.connection import while_connected
from shared.files.requests import FileFingerprint, ReceivedFile, receive_file
from shared.unit_of_work import UnitOfWork

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


async def _received(request: Request, uploads: Uploads, owner: bytes | None) -> ReceivedFile[UploadTicket]:
    """Receive and accept the file in the body or in a form's field `file`."""

    async def store(data: AsyncIterable[bytes], name: str | None, media_type: str | None) -> UploadTicket:
        return await uploads.receive(data, owner, name=name, media_type=media_type)

    received = await receive_file(request, store, uploads.cancel)
    await uploads.accept(received.file, run=partial(while_connected, request))
    return received
