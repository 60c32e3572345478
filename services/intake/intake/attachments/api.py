"""The calls for files: uploads that go on after a broken connection, files of an appeal, and their way out.

Uploads speak the vocabulary of the IETF draft "Resumable Uploads for HTTP" (draft-ietf-httpbis-resumable-upload): begin with a length, ask
with HEAD how far it is (`Upload-Offset`, `Upload-Length`, `Upload-Complete`), go on with PATCH at that offset. The secret that came with
the beginning stands in `Upload-Token`, never in an address.
"""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from functools import partial
from typing import Annotated, Final
from urllib.parse import quote
from uuid import UUID

import structlog
from fastapi import APIRouter, Header, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field
from starlette.requests import ClientDisconnect

from intake import repository
from intake.api import AppealPin
from intake.attachments import policy
from intake.attachments.connection import while_connected
from intake.attachments.enclosing import FIELD, AttachmentOut, enclose, enclose_body, media_type_of
from intake.attachments.multipart import MEDIA_TYPE, MalformedForm, refuse_announced
from intake.attachments.policy import NO_ROOM, REFUSALS
from intake.attachments.quota import owner_of
from intake.attachments.service import Ticket
from intake.errors import AppealFinished
from intake.service.tracking import open_case, open_own
from intake.state import CurrentIntake, Intake
from shared.auth import Principal, UnconfinedPrincipal
from shared.errors import (
    Forbidden,
    InvalidInput,
    NotFound,
    PayloadTooLarge,
    TooMany,
    Unauthorized,
    Unavailable,
    UnsupportedMediaType,
    responses,
)
from shared.http import KnownQuery, StrictModel, Text, body, parse, read_body
from shared.idempotency import REPLAYED, IdempotencyKey, IdempotencyKeyReused
from shared.sealing import SealError

router = APIRouter()
log = structlog.get_logger()

PARTIAL: Final = "application/partial-upload"
OCTETS: Final = "application/octet-stream"  # generated clients do not know the draft's media type
JSON: Final = "application/json"
READ_PURPOSE: Final = "attachment"
# Nothing in a file given out may run, be framed, be kept or be read from another site.
GIVEN_OUT: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
BINARY: Final = {"schema": {"type": "string", "format": "binary"}}

UploadToken = Annotated[str, Header(alias="Upload-Token", max_length=100, description="The secret given when the upload began.")]
UploadOffset = Annotated[int, Header(alias="Upload-Offset", ge=0, le=2**40, description="Where this piece begins.")]


class UploadBeginning(StrictModel):
    name: Annotated[str, Text(500)] | None = Field(None, description="the file's name; it is kept sealed")
    media_type: Annotated[str, Text(200)] | None = None
    length: int = Field(ge=0, le=2**40, description="bytes")


class UploadBegun(BaseModel):
    """`token` is shown once: it goes on with the upload and claims it for an appeal."""

    upload_id: UUID
    token: str
    offset: int
    length: int
    expires_at: datetime


class UploadState(BaseModel):
    upload_id: UUID
    offset: int
    length: int | None
    complete: bool


class UploadClaim(StrictModel):
    upload_id: UUID
    token: Annotated[str, Text(100)]


@router.post(
    "/v1/uploads",
    status_code=201,
    responses=responses(
        policy.Empty, policy.TooLarge, policy.TypeNotAllowed, *NO_ROOM, PayloadTooLarge, InvalidInput, TooMany, Unauthorized, Forbidden
    ),
)
async def begin_upload(
    request: Request,
    response: Response,
    intake: CurrentIntake,
    sender: UnconfinedPrincipal,
    given: Annotated[UploadBeginning, body(UploadBeginning)],
) -> UploadBegun:
    """Begin a file that belongs to nobody yet; anybody may. It is dropped after a day unless an appeal claims it."""
    address = intake.address(request)
    intake.uploads.spend(address)
    owner = owner_of(intake.parts.pepper, sender, address)
    ticket = await intake.attachments.begin(owner, name=given.name, media_type=given.media_type, length=given.length)
    response.headers["Location"] = f"/intake/v1/uploads/{ticket.upload_id}"
    until = intake.parts.clock.now() + timedelta(hours=policy.policy().limits.kept_hours)
    return UploadBegun(upload_id=ticket.upload_id, token=ticket.token, offset=0, length=given.length, expires_at=until)


@router.head("/v1/uploads/{upload_id}", status_code=204, response_class=Response, responses=responses(NotFound, InvalidInput))
async def look_at_upload(upload_id: UUID, token: UploadToken, intake: CurrentIntake) -> Response:
    """How far an upload is."""
    row = await intake.attachments.look(Ticket(upload_id, token))
    return Response(status_code=204, headers=_progress(row.size, row.length, is_complete=row.kind is not None))


@router.patch(
    "/v1/uploads/{upload_id}",
    responses=responses(
        NotFound, policy.OffsetMismatch, policy.TooManyPieces, policy.UploadsFull, policy.ChecksBusy, Unavailable, UnsupportedMediaType,
        InvalidInput, MalformedForm, *REFUSALS,
    ),
    openapi_extra={"requestBody": {"required": True, "content": {PARTIAL: BINARY, OCTETS: BINARY}}},
)  # fmt: skip
async def go_on_with_upload(
    upload_id: UUID, token: UploadToken, request: Request, response: Response, intake: CurrentIntake, offset: UploadOffset
) -> UploadState:
    """Append a piece. What came before a connection broke is kept. The last byte completes the upload: a file refused then is gone."""
    if media_type_of(request) not in {PARTIAL, OCTETS}:
        raise UnsupportedMediaType
    refuse_announced(request, policy.policy().limits.file_bytes)
    ticket, run = Ticket(upload_id, token), partial(while_connected, request)
    row = await intake.attachments.append(ticket, offset, _until_gone(request), run=run)
    is_complete = row.kind is not None
    response.headers.update(_progress(row.size, row.length, is_complete=is_complete))
    return UploadState(upload_id=row.id, offset=row.size, length=row.length, complete=is_complete)


@router.delete("/v1/uploads/{upload_id}", status_code=204, response_class=Response, responses=responses(NotFound, InvalidInput))
async def cancel_upload(upload_id: UUID, token: UploadToken, intake: CurrentIntake) -> Response:
    """Give an upload up that no appeal has claimed."""
    await intake.attachments.cancel(Ticket(upload_id, token))
    return Response(status_code=204)


@router.post(
    "/v1/appeals/{number}/attachments",
    status_code=201,
    responses=responses(
        NotFound, Unauthorized, Forbidden, AppealFinished, TooMany, UnsupportedMediaType, InvalidInput, MalformedForm, PayloadTooLarge,
        policy.Incomplete, policy.TooManyFiles, policy.TotalTooLarge, *NO_ROOM, Unavailable, IdempotencyKeyReused, *REFUSALS,
    ),
    openapi_extra={"requestBody": {"required": True, "content": {
        JSON: {"schema": UploadClaim.model_json_schema()},
        MEDIA_TYPE: {"schema": {"type": "object", "required": [FIELD], "properties": {FIELD: {"type": "string", "format": "binary"}}}},
        **{kind.media_types[0]: BINARY for kind in policy.kinds().values()},
    }}},
)  # fmt: skip
async def add_attachment(
    number: str,
    request: Request,
    response: Response,
    intake: CurrentIntake,
    sender: UnconfinedPrincipal,
    pin: AppealPin = None,
    key: IdempotencyKey = None,
) -> AttachmentOut:
    """Add a document: a finished upload by its id and secret, a form with one `file`, or the file itself as the body.

    The same under the same Idempotency-Key is added once; a finished upload is without a key too.
    """
    response.headers["Cache-Control"] = "no-store"
    address = intake.address(request)
    seen = await open_own(intake.parts, intake.guesses, number=number, pin=pin, principal=sender, address=address)
    if media_type_of(request) == JSON:
        claim = parse(UploadClaim, await read_body(request))
        done = await enclose(intake, seen.appeal.id, Ticket(claim.upload_id, claim.token), key=key)
    else:
        if key is None:  # a repeat of the last file there was room for needs none; any other is refused when it is claimed
            await intake.attachments.check_room(seen.appeal.id)
        done = await enclose_body(intake, seen.appeal.id, request, owner_of(intake.parts.pepper, sender, address), key)
    if done.replayed:
        response.headers.update(REPLAYED)
    return done.told


@router.get(
    "/v1/appeals/{number}/attachments/{attachment_id}",
    response_class=StreamingResponse,
    responses={
        **responses(InvalidInput, NotFound, Unauthorized, Forbidden, TooMany, Unavailable, policy.NotChecked, policy.Infected, policy.Lost),
        200: {"description": "The file.", "content": {kind.media_types[0]: BINARY for kind in policy.kinds().values()}},
    },
)
async def download(
    number: str,
    attachment_id: UUID,
    request: Request,
    intake: CurrentIntake,
    reader: UnconfinedPrincipal,
    _query: KnownQuery,
    pin: AppealPin = None,
) -> StreamingResponse:
    """A file of an appeal, for whoever may see the appeal; what staff read is audited."""
    return await give_out(intake, request, number=number, pin=pin, attachment_id=attachment_id, reader=reader)


async def give_out(
    intake: Intake, request: Request, *, number: str, pin: str | None, attachment_id: UUID, reader: Principal
) -> StreamingResponse:
    """The file as an answer to save, never to show.

    Raises what `open_case` raises; NotFound, NotChecked, Infected, Lost and Unavailable.
    """
    seen = await open_case(intake.parts, intake.guesses, number=number, pin=pin, principal=reader, address=intake.address(request))
    found, chunks = await intake.attachments.open(seen.appeal.id, attachment_id)
    try:
        first = await anext(chunks, b"")  # an object that is gone or does not open is found before the answer begins
    except (FileNotFoundError, SealError):
        log.exception("a file is lost", attachment_id=str(attachment_id))
        raise policy.Lost from None
    if not seen.is_own:
        await _audit(intake, reader, attachment_id)

    async def all_chunks() -> AsyncIterator[bytes]:
        yield first
        async for chunk in chunks:
            yield chunk

    media_type = found.kind.media_types[0]
    headers = {"Content-Disposition": _disposition(found.name), "Content-Length": str(found.size), **GIVEN_OUT}
    return StreamingResponse(all_chunks(), headers=headers, media_type=media_type)


async def _audit(intake: Intake, reader: Principal, attachment_id: UUID) -> None:
    async with intake.parts.database.write() as session:
        await repository.add_content_read(
            session,
            {
                "id": intake.parts.ids.new(),
                "at": intake.parts.clock.now(),
                "reader": reader.subject,
                "on_behalf_of": None,
                "purpose": READ_PURPOSE,
                "ids": [str(attachment_id)],
            },
        )


async def _until_gone(request: Request) -> AsyncIterator[bytes]:
    try:
        async for chunk in request.stream():
            yield chunk
    except ClientDisconnect:
        return


def _disposition(name: str) -> str:
    """RFC 6266 §4.3 and appendix D: the name in ASCII for old programs, in UTF-8 for all others."""
    plain = name.encode("ascii", "replace").decode().translate({ord(each): "_" for each in '?"\\;'})
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def _progress(offset: int, length: int | None, *, is_complete: bool) -> dict[str, str]:
    known = {} if length is None else {"Upload-Length": str(length)}
    return {"Upload-Offset": str(offset), "Upload-Complete": "?1" if is_complete else "?0", **known, "Cache-Control": "no-store"}
