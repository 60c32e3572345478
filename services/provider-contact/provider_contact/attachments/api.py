"""HTTP routes of files: uploads for an answer, downloads of answers' files and of shown documents."""

from collections.abc import AsyncIterable, Mapping
from functools import partial
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import StreamingResponse

from provider_contact.attachments.dependencies import (
    AnswerFilesDep,
    FileAccess,
    asked_inquiry,
    download_document,
    download_file,
    send_file,
)
from provider_contact.attachments.models import AnswerFile
from provider_contact.attachments.service.answer_files import file_of_appeal, file_view, owner_of
from provider_contact.inquiries.schemas.views import AnswerFileView
from shared.auth import STAFF, Principal, require
from shared.contents import ContentsRequest, FileRequest, Purpose, entitled
from shared.dependencies import ContentsDep, SealerDep, UnitsOfWorkDep
from shared.errors import (
    Forbidden,
    InvalidInput,
    NotFound,
    Unauthorized,
    Unavailable,
    responses,
)
from shared.files.connection import while_connected
from shared.files.errors import NO_ROOM, REFUSALS, Infected, Lost, NotChecked
from shared.files.requests import BINARY, FIELD, file_contents, receive_file
from shared.forms import MULTIPART, MalformedForm
from shared.http import KnownQuery, StrictModel, body
from shared.idempotency import IdempotencyKey, IdempotencyKeyReused, scope_of
from shared.idempotency_steps import Steps, StepsDone

ProviderDep = Annotated[Principal, Depends(require("provider"))]
ReaderDep = Annotated[Principal, Depends(require("provider", *STAFF))]
ServiceDep = Annotated[Principal, Depends(require("service"))]
PURPOSES: Final[Mapping[str, Purpose]] = {"desk-attachment": Purpose(frozenset({"routing"}), for_a_person=True)}
"""The purposes for which other services read files; they check first that the person may see the case."""
_FILE: Final[dict[int | str, dict[str, Any]]] = {200: {"description": "The file.", "content": file_contents()}}

router = APIRouter()


@router.post(
    "/v1/inquiries/{inquiry_id}/files",
    tags=["inquiries"],
    status_code=201,
    response_model=AnswerFileView,
    responses=responses(
        Unauthorized, Forbidden, NotFound, InvalidInput, MalformedForm, IdempotencyKeyReused, Unavailable, *NO_ROOM, *REFUSALS
    ),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                MULTIPART: {
                    "schema": {
                        "title": "AnswerFileForm",
                        "type": "object",
                        "required": [FIELD],
                        "properties": {FIELD: {"type": "string", "format": "binary"}},
                    }
                },
                **file_contents(),
            },
        }
    },
)
async def upload_answer_file(
    request: Request,
    inquiry_id: UUID,
    principal: ProviderDep,
    files: AnswerFilesDep,
    units: UnitsOfWorkDep,
    sealer: SealerDep,
    key: IdempotencyKey = None,
) -> Response:
    """Upload a file for the answer to an inquiry: a form with one `file`, or the file itself as the body.

    Name its `file_id` in `attachments` of the answer. A file that no answer names is deleted after a day.
    """
    inquiry = await asked_inquiry(units, inquiry_id, principal)
    parts = request.app.state.parts
    owner = owner_of(parts.pepper, principal)

    async def store(data: AsyncIterable[bytes], name: str | None, media_type: str | None) -> AnswerFile:
        return await files.receive(inquiry, owner, data, name=name, media_type=media_type)

    async def work() -> StepsDone:
        received = await receive_file(request, store, files.cancel)
        accepted = await files.accept(received.file, run=partial(while_connected, request))
        return StepsDone(file_view(accepted, sealer), received.fingerprint.digest)

    async def digest_repeat() -> bytes:
        async def discard(data: AsyncIterable[bytes], _name: str | None, _media_type: str | None) -> None:
            async for _ in data:
                pass

        async def nothing(_file: None) -> None:
            return None

        return (await receive_file(request, discard, nothing)).fingerprint.digest

    repeatable = parts.idempotency.request(scope_of(principal), key, f"file of {inquiry_id}", StrictModel()) if key else None
    return await Steps(parts.idempotency, units).once(repeatable, work, digest_repeat=digest_repeat, status=201)


@router.get(
    "/v1/inquiries/{inquiry_id}/files/{file_id}",
    tags=["inquiries"],
    response_class=StreamingResponse,
    responses={**responses(Unauthorized, Forbidden, NotFound, InvalidInput, NotChecked, Infected, Lost, Unavailable), **_FILE},
)
async def download_answer_file(
    inquiry_id: UUID, file_id: UUID, principal: ReaderDep, files: AnswerFilesDep, units: UnitsOfWorkDep, _query: KnownQuery
) -> StreamingResponse:
    """Return a file of the provider to the provider, and, once it was sent with an answer, to staff, whose access is recorded."""
    return await download_file(units, files, principal, inquiry_id, file_id)


@router.get(
    "/v1/inquiries/{inquiry_id}/documents/{attachment_id}",
    tags=["inquiries"],
    response_class=StreamingResponse,
    responses={
        **responses(Unauthorized, Forbidden, NotFound, InvalidInput, NotChecked, Lost, Unavailable),
        200: {"description": "The file.", "content": {"*/*": BINARY}},
    },
)
async def download_shown_document(
    inquiry_id: UUID, attachment_id: UUID, principal: ProviderDep, units: UnitsOfWorkDep, contents: ContentsDep, _query: KnownQuery
) -> StreamingResponse:
    """Return a document of the appeal that the Fund shows to the provider, as far as consent and category allow."""
    return await download_document(units, contents, principal, inquiry_id, attachment_id)


@router.post(
    "/internal/v1/attachments",
    tags=["internal"],
    response_class=StreamingResponse,
    responses={**responses(InvalidInput, NotFound, Unauthorized, Forbidden, Unavailable, NotChecked, Infected, Lost), **_FILE},
)
async def read_answer_file(
    reader: ServiceDep, files: AnswerFilesDep, units: UnitsOfWorkDep, asked: Annotated[FileRequest, body(FileRequest)]
) -> StreamingResponse:
    """Return a file of an answer about an appeal to another service, for a person whose right to see the case that service has checked.

    Every access is recorded in the audit log.
    """
    entitled(ContentsRequest(ids=[asked.attachment_id], purpose=asked.purpose, on_behalf_of=asked.on_behalf_of), reader, PURPOSES)
    async with units.read() as work:
        file = await file_of_appeal(work, asked.appeal_id, asked.attachment_id)
    return await send_file(units, files, file, FileAccess(reader.subject, asked.purpose, asked.on_behalf_of))
