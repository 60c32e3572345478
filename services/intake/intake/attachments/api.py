"""HTTP routes of files: resumable uploads, adding files to an appeal, and downloads.

Uploads follow the IETF draft "Resumable Uploads for HTTP" (draft-ietf-httpbis-resumable-upload): begin with a length, ask
with HEAD how far it is (`Upload-Offset`, `Upload-Length`, `Upload-Complete`), go on with PATCH at that offset. The secret that came with
the beginning stands in `Upload-Token`, never in an address.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256
from typing import Annotated, Final
from uuid import UUID

import structlog
from fastapi import APIRouter, Depends, Header, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field
from starlette.requests import ClientDisconnect

from intake.attachments.dependencies import AttachmentsDep, UploadsDep
from intake.attachments.dependencies.attaching import attach, attach_body
from intake.attachments.dependencies.downloads import PROVIDER_PURPOSE, PURPOSES, FileAccess, download_file, send_file
from intake.attachments.service.attaching import AttachmentOut
from intake.attachments.service.quota import owner_of
from intake.attachments.service.storing import Attachments, UploadTicket
from intake.register.dependencies import AppealPin, Intake, IntakeDep
from intake.register.errors import AppealFinished
from intake.register.service.consents import discloses_to_provider
from shared.auth import Principal, UnconfinedPrincipalDep, require
from shared.contents import ContentsRequest, FileRequest, entitled
from shared.dependencies import OnceDep, ReadDep, UnitsOfWorkDep
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
from shared.files import policy
from shared.files.connection import while_connected
from shared.files.errors import (
    NO_ROOM,
    REFUSALS,
    ChecksBusy,
    Empty,
    Incomplete,
    Infected,
    Lost,
    NotChecked,
    OffsetMismatch,
    TooLarge,
    TooManyFiles,
    TooManyPieces,
    TotalTooLarge,
    TypeNotAllowed,
    UploadsFull,
)
from shared.files.receiving import at_most
from shared.files.requests import BINARY, FIELD, file_contents
from shared.forms import MULTIPART, MalformedForm, refuse_announced
from shared.header_fields import media_type_of
from shared.http import KnownQuery, StrictModel, Text, body, parse, read_body
from shared.idempotency import REPLAYED, IdempotencyKey, IdempotencyKeyReused, IdempotencyKeyWeak
from shared.idempotency_steps import Steps, StepsDone, no_digest
from shared.unit_of_work import UnitOfWork

router = APIRouter(tags=["attachments"])
log = structlog.get_logger()

PARTIAL: Final = "application/partial-upload"
OCTETS: Final = "application/octet-stream"  # for generated clients, which do not know the draft's media type
JSON: Final = "application/json"

UploadToken = Annotated[str, Header(alias="Upload-Token", max_length=100, description="The secret given when the upload began.")]
UploadOffset = Annotated[int, Header(alias="Upload-Offset", ge=0, le=2**40, description="Where this piece begins.")]


class UploadBeginning(StrictModel):
    """The file that is going to be uploaded."""

    name: Annotated[str, Text(500)] | None = Field(None, description="the file's name; it is kept sealed")
    media_type: Annotated[str, Text(200)] | None = None
    length: int = Field(ge=0, le=2**40, description="bytes")


class UploadBegun(BaseModel):
    """A begun upload. `token` is shown once; it continues the upload and claims it for an appeal."""

    upload_id: UUID
    token: str
    offset: int
    length: int
    expires_at: datetime


class UploadState(BaseModel):
    """How much of an upload was received."""

    upload_id: UUID
    offset: int
    length: int | None
    complete: bool


class UploadClaim(StrictModel):
    """A finished upload to add to an appeal."""

    upload_id: UUID
    token: Annotated[str, Text(100)]


@router.post(
    "/v1/uploads",
    status_code=201,
    response_model=UploadBegun,
    responses=responses(
        Empty, TooLarge, TypeNotAllowed, *NO_ROOM, PayloadTooLarge, InvalidInput, TooMany, Unauthorized, Forbidden,
        IdempotencyKeyReused, IdempotencyKeyWeak,
    ),
)  # fmt: skip
async def begin_upload(
    request: Request,
    intake: IntakeDep,
    attachments: AttachmentsDep,
    sender: UnconfinedPrincipalDep,
    once: OnceDep,
    given: Annotated[UploadBeginning, body(UploadBeginning)],
) -> Response:
    """Begin an upload; anybody may. It is deleted after a day unless an appeal claims it."""
    address = intake.address(request)
    intake.uploads.spend(address)
    owner = owner_of(intake.parts.pepper, sender, address)

    async def begin(work: UnitOfWork) -> UploadBegun:
        ticket = await attachments.begin_upload(work, owner, name=given.name, media_type=given.media_type, length=given.length)
        until = work.clock.now() + timedelta(hours=policy.policy().limits.kept_hours)
        return UploadBegun(upload_id=ticket.upload_id, token=ticket.token, offset=0, length=given.length, expires_at=until)

    answer = await once("begin-upload", given, begin, status=201)
    upload_id = UploadBegun.model_validate_json(bytes(answer.body)).upload_id
    answer.headers.update({"Location": f"/intake/v1/uploads/{upload_id}", "Cache-Control": "no-store"})
    return answer


@router.head("/v1/uploads/{upload_id}", status_code=204, response_class=Response, responses=responses(NotFound, InvalidInput))
async def read_upload(upload_id: UUID, token: UploadToken, attachments: AttachmentsDep, work: ReadDep) -> Response:
    """Return how much of an upload was received."""
    row = await attachments.find_upload(work, UploadTicket(upload_id, token))
    return Response(status_code=204, headers=_progress(row.size, row.length, is_complete=row.kind is not None))


@router.patch(
    "/v1/uploads/{upload_id}",
    response_model=UploadState,
    responses=responses(
        IdempotencyKeyReused, IdempotencyKeyWeak, Unauthorized,
        NotFound, OffsetMismatch, TooManyPieces, UploadsFull, ChecksBusy, Unavailable, UnsupportedMediaType,
        InvalidInput, MalformedForm, *REFUSALS,
    ),
    openapi_extra={"requestBody": {"required": True, "content": {PARTIAL: BINARY, OCTETS: BINARY}}},
)  # fmt: skip
async def continue_upload(
    upload_id: UUID,
    token: UploadToken,
    request: Request,
    intake: IntakeDep,
    uploads: UploadsDep,
    offset: UploadOffset,
    key: IdempotencyKey = None,
) -> Response:
    """Append a piece. Bytes received before a disconnect are stored. The last byte completes the upload; a refused file is deleted."""
    if media_type_of(request) not in {PARTIAL, OCTETS}:
        raise UnsupportedMediaType
    refuse_announced(request, policy.policy().limits.file_bytes, TooLarge)
    ticket, run = UploadTicket(upload_id, token), partial(while_connected, request)

    async def work() -> StepsDone:
        piece = _RequestPiece(request)
        row = await uploads.append(ticket, offset, piece.chunks(), run=run)
        state = UploadState(upload_id=row.id, offset=row.size, length=row.length, complete=row.kind is not None)
        return StepsDone(state, piece.digest, is_complete=not piece.is_broken)

    async def digest_repeat() -> bytes:
        piece = _RequestPiece(request)
        async for _ in at_most(piece.chunks(), policy.policy().limits.file_bytes):
            pass
        return piece.digest

    answer = await _once_by_ticket(intake, uploads.attachments, ticket, f"append {offset}", key, work, digest_repeat)
    state = UploadState.model_validate_json(bytes(answer.body))
    answer.headers.update(_progress(state.offset, state.length, is_complete=state.complete))
    return answer


@router.delete(
    "/v1/uploads/{upload_id}",
    status_code=204,
    response_class=Response,
    responses=responses(NotFound, InvalidInput, Unauthorized, IdempotencyKeyReused, IdempotencyKeyWeak),
)
async def cancel_upload(
    upload_id: UUID, token: UploadToken, intake: IntakeDep, uploads: UploadsDep, key: IdempotencyKey = None
) -> Response:
    """Cancel an upload that no appeal has claimed."""
    ticket = UploadTicket(upload_id, token)

    async def work() -> StepsDone:
        await uploads.cancel(ticket)
        return StepsDone(None)

    return await _once_by_ticket(intake, uploads.attachments, ticket, "cancel", key, work, status=204)


async def _once_by_ticket(
    intake: Intake,
    attachments: Attachments,
    ticket: UploadTicket,
    operation: str,
    key: str | None,
    work: Callable[[], Awaitable[StepsDone]],
    digest_repeat: Callable[[], Awaitable[bytes]] = no_digest,
    *,
    status: int = 200,
) -> Response:
    """Do the work once per Idempotency-Key; the scope of the key is the holder of the upload's secret."""
    parts = intake.parts
    scope = attachments.scope_of(ticket)
    repeatable = parts.idempotency.request(scope, key, operation, StrictModel()) if key else None
    steps = Steps(parts.idempotency, parts.units)
    return await steps.once(repeatable, work, digest_repeat=digest_repeat, status=status)


@router.post(
    "/v1/appeals/{number}/attachments",
    status_code=201,
    responses=responses(
        NotFound, Unauthorized, Forbidden, AppealFinished, TooMany, UnsupportedMediaType, InvalidInput, MalformedForm, PayloadTooLarge,
        Incomplete, TooManyFiles, TotalTooLarge, *NO_ROOM, Unavailable, IdempotencyKeyReused, IdempotencyKeyWeak,
        *REFUSALS,
    ),
    openapi_extra={"requestBody": {"required": True, "content": {
        # first: generators of clients offer the first form of a body, and cannot name the schema of a later one with files
        MULTIPART: {"schema": {
            "title": "AttachmentForm", "type": "object", "required": [FIELD], "properties": {FIELD: {"type": "string", "format": "binary"}},
        }},
        JSON: {"schema": UploadClaim.model_json_schema()},
        **file_contents(),
    }}},
)  # fmt: skip
async def add_attachment(
    number: str,
    request: Request,
    response: Response,
    intake: IntakeDep,
    uploads: UploadsDep,
    sender: UnconfinedPrincipalDep,
    units: UnitsOfWorkDep,
    pin: AppealPin = None,
    key: IdempotencyKey = None,
) -> AttachmentOut:
    """Add a document: a finished upload by its id and secret, a form with one `file`, or the file itself as the body.

    A repeat with the same Idempotency-Key adds nothing; a finished upload is added once without a key too.
    """
    response.headers["Cache-Control"] = "no-store"
    address = intake.address(request)
    appeal_id = await intake.opener.own_id(number=number, pin=pin, principal=sender, address=address)
    if media_type_of(request) == JSON:
        claim = parse(UploadClaim, await read_body(request))
        done = await attach(intake, uploads, appeal_id, UploadTicket(claim.upload_id, claim.token), key=key)
    else:
        if key is None:  # a repeat with a key needs no room: the file may be the last one; others are refused when they are claimed
            async with units.read() as work:
                await uploads.attachments.check_room(work, appeal_id)
        done = await attach_body(intake, uploads, appeal_id, request, owner_of(intake.parts.pepper, sender, address), key)
    if done.replayed:
        response.headers.update(REPLAYED)
    return done.response


@router.get(
    "/v1/appeals/{number}/attachments/{attachment_id}",
    response_class=StreamingResponse,
    responses={
        **responses(
            InvalidInput,
            NotFound,
            Unauthorized,
            Forbidden,
            TooMany,
            Unavailable,
            NotChecked,
            Infected,
            Lost,
        ),
        200: {"description": "The file.", "content": file_contents()},
    },
)
async def download_attachment(
    number: str,
    attachment_id: UUID,
    request: Request,
    intake: IntakeDep,
    attachments: AttachmentsDep,
    reader: UnconfinedPrincipalDep,
    _query: KnownQuery,
    pin: AppealPin = None,
) -> StreamingResponse:
    """Return a file of an appeal to those who may see the appeal; access by staff is recorded in the audit log."""
    return await download_file(intake, attachments, request, number=number, pin=pin, attachment_id=attachment_id, reader=reader)


@router.post(
    "/internal/v1/attachments",
    response_class=StreamingResponse,
    responses={
        **responses(InvalidInput, NotFound, Unauthorized, Forbidden, Unavailable, NotChecked, Infected, Lost),
        200: {"description": "The file.", "content": file_contents()},
    },
)
async def read_file(
    attachments: AttachmentsDep,
    reader: Annotated[Principal, Depends(require("service"))],
    units: UnitsOfWorkDep,
    asked: Annotated[FileRequest, body(FileRequest)],
) -> StreamingResponse:
    """Return a file of an appeal to another service for a person whose right to see it that service has checked.

    Every access is recorded in the audit log.
    """
    entitled(ContentsRequest(ids=[asked.attachment_id], purpose=asked.purpose, on_behalf_of=asked.on_behalf_of), reader, PURPOSES)
    if asked.purpose == PROVIDER_PURPOSE:
        async with units.read() as work:
            if not await discloses_to_provider(work, asked.appeal_id):
                raise NotFound
    access = FileAccess(reader.subject, asked.purpose, asked.on_behalf_of, asked.role)
    return await send_file(units, attachments, asked.appeal_id, asked.attachment_id, access)


class _RequestPiece:
    """The piece of a file in a request, as far as it is received."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._sha256 = sha256()
        self.is_broken = False
        """The client disconnected before the end."""

    @property
    def digest(self) -> bytes:
        return self._sha256.digest()

    async def chunks(self) -> AsyncIterator[bytes]:
        try:
            async for chunk in self._request.stream():
                self._sha256.update(chunk)
                yield chunk
        except ClientDisconnect:
            self.is_broken = True


def _progress(offset: int, length: int | None, *, is_complete: bool) -> dict[str, str]:
    known = {} if length is None else {"Upload-Length": str(length)}
    return {"Upload-Offset": str(offset), "Upload-Complete": "?1" if is_complete else "?0", **known, "Cache-Control": "no-store"}
