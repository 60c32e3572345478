"""Routes of register imports."""

from collections.abc import AsyncIterator
from hashlib import sha256
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Depends, Request, Response

from intake.imports.errors import TooManyRefused
from intake.imports.legacy_lines import CSV, FILE_LIMIT, NDJSON, reader_of
from intake.imports.schemas import Imported
from intake.imports.service import BATCH, import_lines
from intake.register.dependencies import IntakeDep
from shared.auth import Principal, require
from shared.errors import (
    Forbidden,
    InvalidInput,
    PayloadTooLarge,
    Unauthorized,
    UnsupportedMediaType,
    responses,
)
from shared.header_fields import media_type_of
from shared.http import StrictModel
from shared.idempotency import IdempotencyKey, IdempotencyKeyReused, scope_of
from shared.idempotency_steps import Steps, StepsDone

if TYPE_CHECKING:
    from hashlib import _Hash as Hash

router = APIRouter()

IMPORT_BODY = {"requestBody": {"required": True, "content": {kind: {"schema": {"type": "string"}} for kind in (NDJSON, CSV)}}}


IMPORT_ERRORS = responses(
    Unauthorized, Forbidden, InvalidInput, TooManyRefused, PayloadTooLarge, UnsupportedMediaType, IdempotencyKeyReused
)


@router.post("/v1/imports", response_model=Imported, responses=IMPORT_ERRORS, openapi_extra=IMPORT_BODY)
async def import_register(
    request: Request, intake: IntakeDep, admin: Annotated[Principal, Depends(require("admin"))], key: IdempotencyKey = None
) -> Response:
    """Import closed appeals, at most 100 lines a transaction. Lines that were imported before are unchanged.

    A repeated request under the same Idempotency-Key gets the first report.
    """
    read = reader_of(media_type_of(request))
    if read is None:
        raise UnsupportedMediaType
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced[:20]) > FILE_LIMIT:
        raise PayloadTooLarge
    parts = intake.parts

    async def work() -> StepsDone:
        report, digest = Imported(), sha256()
        async for lines in read(_digested(request, digest)):
            for start in range(0, len(lines), BATCH):
                await import_lines(parts, lines[start : start + BATCH], report)
        return StepsDone(report, digest.digest())

    async def digest_repeat() -> bytes:
        digest = sha256()
        async for _ in _digested(request, digest):
            pass
        return digest.digest()

    repeatable = parts.idempotency.request(scope_of(admin), key, "import-register", StrictModel()) if key else None
    steps = Steps(parts.idempotency, parts.units)
    return await steps.once(repeatable, work, digest_repeat=digest_repeat)


async def _digested(request: Request, digest: "Hash") -> AsyncIterator[bytes]:
    """Yield the chunks of the body and add each to `digest`. Raises PayloadTooLarge."""
    total = 0
    async for chunk in request.stream():
        total += len(chunk)
        if total > FILE_LIMIT:
            raise PayloadTooLarge
        digest.update(chunk)
        yield chunk
