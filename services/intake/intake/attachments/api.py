"""The calls for files: uploads that go on after a broken connection, files of an appeal, and their way out.

Uploads speak the vocabulary of the IETF draft "Resumable Uploads for HTTP" (draft-ietf-httpbis-resumable-upload): begin with a length, ask
with HEAD how far it is (`Upload-Offset`, `Upload-Length`, `Upload-Complete`), go on with PATCH at that offset. The secret that came with
the beginning stands in `Upload-Token`, never in an address.
"""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from email.message import Message
from typing import Annotated, Final
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Header, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field
from starlette.requests import ClientDisconnect

from intake import repository
from intake.api import AppealPin
from intake.attachments import policy
from intake.attachments.multipart import MEDIA_TYPE, MalformedForm, parts_of, refuse_announced
from intake.attachments.policy import REFUSALS
from intake.attachments.service import Enclosed, Ticket
from intake.errors import AppealFinished
from intake.repository.applicant import lock_tracking
from intake.rights import is_finished
from intake.service.messages import note
from intake.service.progress import write_down
from intake.service.tracking import open_case, open_own
from intake.state import CurrentIntake, Intake
from shared.auth import CurrentPrincipal, Principal
from shared.errors import (
    DomainError,
    InvalidInput,
    NotFound,
    PayloadTooLarge,
    TooMany,
    Unauthorized,
    UnsupportedMediaType,
    responses,
)
from shared.http import KnownQuery, StrictModel, Text, body, parse, read_body

router = APIRouter()

PARTIAL: Final = "application/partial-upload"
OCTETS: Final = "application/octet-stream"  # generated clients do not know the draft's media type
FORM_MARGIN: Final = 65_536  # bytes of a form round its file
JSON: Final = "application/json"
FIELD: Final = "file"
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


@router.post(
    "/v1/uploads",
    status_code=201,
    responses=responses(policy.Empty, policy.TooLarge, policy.TypeNotAllowed, PayloadTooLarge, InvalidInput, TooMany, Unauthorized),
)
async def begin_upload(
    request: Request,
    response: Response,
    intake: CurrentIntake,
    _sender: CurrentPrincipal,
    given: Annotated[UploadBeginning, body(UploadBeginning)],
) -> UploadBegun:
    """Begin a file that belongs to nobody yet; anybody may. It is dropped after a day unless an appeal claims it."""
    intake.uploads.spend(intake.address(request))
    ticket = await intake.attachments.begin(name=given.name, media_type=given.media_type, length=given.length)
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
        NotFound, policy.OffsetMismatch, policy.TooManyPieces, UnsupportedMediaType, InvalidInput, MalformedForm, *REFUSALS
    ),
    openapi_extra={"requestBody": {"required": True, "content": {PARTIAL: BINARY, OCTETS: BINARY}}},
)
async def go_on_with_upload(
    upload_id: UUID, token: UploadToken, request: Request, response: Response, intake: CurrentIntake, offset: UploadOffset
) -> UploadState:
    """Append a piece. What came before a connection broke is kept. The last byte completes the upload: a file refused then is gone."""
    if _media_type(request) not in {PARTIAL, OCTETS}:
        raise UnsupportedMediaType
    refuse_announced(request, policy.policy().limits.file_bytes)
    row = await intake.attachments.append(Ticket(upload_id, token), offset, _until_gone(request))
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
        NotFound, Unauthorized, AppealFinished, TooMany, UnsupportedMediaType, InvalidInput, MalformedForm, PayloadTooLarge,
        policy.Incomplete, policy.TooManyFiles, policy.TotalTooLarge, *REFUSALS,
    ),
    openapi_extra={"requestBody": {"required": True, "content": {
        JSON: {"schema": UploadClaim.model_json_schema()},
        MEDIA_TYPE: {"schema": {"type": "object", "required": [FIELD], "properties": {FIELD: {"type": "string", "format": "binary"}}}},
        **{kind.media_types[0]: BINARY for kind in policy.kinds().values()},
    }}},
)  # fmt: skip
async def add_attachment(
    number: str, request: Request, response: Response, intake: CurrentIntake, sender: CurrentPrincipal, pin: AppealPin = None
) -> AttachmentOut:
    """Add a document: a finished upload by its id and secret, a form with one `file`, or the file itself as the body."""
    response.headers["Cache-Control"] = "no-store"
    address = intake.address(request)
    seen = await open_own(intake.parts, intake.guesses, number=number, pin=pin, principal=sender, address=address)
    if _media_type(request) == JSON:
        claim = parse(UploadClaim, await read_body(request))
        return shown(await enclose(intake, seen.appeal.id, Ticket(claim.upload_id, claim.token)))
    await intake.attachments.check_room(seen.appeal.id)
    ticket = await _received(request, intake)
    try:
        return shown(await enclose(intake, seen.appeal.id, ticket))
    except DomainError:
        await intake.attachments.cancel(ticket)
        raise


@router.get(
    "/v1/appeals/{number}/attachments/{attachment_id}",
    response_class=StreamingResponse,
    responses={
        **responses(InvalidInput, NotFound, Unauthorized, TooMany, policy.NotChecked, policy.Infected),
        200: {"description": "The file.", "content": {kind.media_types[0]: BINARY for kind in policy.kinds().values()}},
    },
)
async def download(
    number: str,
    attachment_id: UUID,
    request: Request,
    intake: CurrentIntake,
    reader: CurrentPrincipal,
    _query: KnownQuery,
    pin: AppealPin = None,
) -> StreamingResponse:
    """A file of an appeal, for whoever may see the appeal; what staff read is audited."""
    return await give_out(intake, request, number=number, pin=pin, attachment_id=attachment_id, reader=reader)


async def give_out(
    intake: Intake, request: Request, *, number: str, pin: str | None, attachment_id: UUID, reader: Principal
) -> StreamingResponse:
    """The file as an answer to save, never to show.

    Raises what `open_case` raises; NotFound, NotChecked and Infected.
    """
    seen = await open_case(intake.parts, intake.guesses, number=number, pin=pin, principal=reader, address=intake.address(request))
    found, chunks = await intake.attachments.open(seen.appeal.id, attachment_id)
    first = await anext(chunks, b"")  # an object that is gone or does not open is found before the answer begins
    if not seen.is_own:
        await _audit(intake, reader, attachment_id)

    async def all_chunks() -> AsyncIterator[bytes]:
        yield first
        async for chunk in chunks:
            yield chunk

    media_type = found.kind.media_types[0]
    headers = {"Content-Disposition": _disposition(found.name), "Content-Length": str(found.size), **GIVEN_OUT}
    return StreamingResponse(all_chunks(), headers=headers, media_type=media_type)


async def enclose(intake: Intake, appeal_id: UUID, ticket: Ticket, *, as_filed: bool = False) -> Enclosed:
    """Claim an upload for an appeal that is registered, and tell it as a message; told once, however often it is claimed.

    `as_filed`: it came with the appeal itself, and is no message.

    Raises AppealFinished, NotFound, Incomplete, TooManyFiles and TotalTooLarge.
    """
    parts = intake.parts
    async with parts.database.write() as session:
        tracking = await lock_tracking(session, appeal_id)
        if not as_filed and is_finished(tracking["status"]):
            raise AppealFinished
        message_id = None if as_filed else await write_down(session, parts, appeal_id, "MESSAGE", None)
        if not await intake.attachments.claim(session, appeal_id, message_id, [ticket]):
            await session.rollback()  # it was claimed before: nothing is told again
        elif message_id is not None:
            await note(session, parts, tracking, message_id, 1)
    async with intake.parts.database.read() as session:
        return next(one for one in await intake.attachments.listing(session, appeal_id) if one.attachment_id == ticket.upload_id)


async def _received(request: Request, intake: Intake) -> Ticket:
    """The file in the body, or in a form's field `file`, whole."""
    most = policy.policy().limits.file_bytes
    if _media_type(request) != MEDIA_TYPE:
        refuse_announced(request, most)
        name = _name_in(request.headers.get("content-disposition"))
        return await intake.attachments.store_upload(request.stream(), name=name, media_type=_media_type(request))
    async for part in parts_of(request, limit=most + FORM_MARGIN):
        if part.name == FIELD and part.filename is not None:
            return await intake.attachments.store_upload(part.chunks, name=part.filename, media_type=part.media_type)
        raise InvalidInput.field(FIELD, "unknown-field", "A form has one file, under this name.")
    raise InvalidInput.field(FIELD, "required", "A file is needed.")


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


def _media_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def _name_in(disposition: str | None) -> str | None:
    """The file's name in a Content-Disposition header (RFC 6266), also where a client wrote UTF-8 into it plainly."""
    if disposition is None:
        return None
    message = Message()
    message["Content-Disposition"] = disposition.encode("latin-1", "replace").decode("utf-8", "replace").replace("\r", "").replace("\n", "")
    return message.get_filename()


def _disposition(name: str) -> str:
    """RFC 6266 §4.3 and appendix D: the name in ASCII for old programs, in UTF-8 for all others."""
    plain = name.encode("ascii", "replace").decode().translate({ord(each): "_" for each in '?"\\;'})
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def _progress(offset: int, length: int | None, *, is_complete: bool) -> dict[str, str]:
    known = {} if length is None else {"Upload-Length": str(length)}
    return {"Upload-Offset": str(offset), "Upload-Complete": "?1" if is_complete else "?0", **known, "Cache-Control": "no-store"}
