"""Routes of register imports."""

from collections.abc import AsyncIterator
from hashlib import sha256
from typing import TYPE_CHECKING, Annotated, Final

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.exc import IntegrityError

from intake.imports.errors import TooManyRefused
from intake.imports.schemas import Imported
from intake.imports.service.importing import CheckedLines, add_to_report, check_lines, import_lines
from intake.imports.service.legacy_lines import CSV, FILE_LIMIT, NDJSON, in_batches, reader_of
from intake.register.dependencies import IntakeDep
from shared.auth import Principal, require
from shared.dependencies import UnitsOfWorkDep
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
from shared.unit_of_work import UnitsOfWork

if TYPE_CHECKING:
    from hashlib import _Hash as Hash

router = APIRouter(tags=["imports"])

AdminDep = Annotated[Principal, Depends(require("admin"))]

ATTEMPTS: Final = 5  # each retry follows the commit of another import with some of the same rows
IMPORT_BODY = {"requestBody": {"required": True, "content": {kind: {"schema": {"type": "string"}} for kind in (NDJSON, CSV)}}}


IMPORT_ERRORS = responses(
    Unauthorized, Forbidden, InvalidInput, TooManyRefused, PayloadTooLarge, UnsupportedMediaType, IdempotencyKeyReused
)


@router.post("/v1/imports", response_model=Imported, responses=IMPORT_ERRORS, openapi_extra=IMPORT_BODY)
async def import_register(
    request: Request, intake: IntakeDep, admin: AdminDep, units: UnitsOfWorkDep, key: IdempotencyKey = None
) -> Response:
    """Import closed appeals, some hundred lines a transaction. Lines that were imported before are unchanged.

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
        async for lines in in_batches(read(_digested(request, digest))):
            batch = await check_lines(parts.pepper, lines, parts.clock.now())
            add_to_report(report, await _import_with_retries(units, batch))
        return StepsDone(report, digest.digest())

    async def digest_repeat() -> bytes:
        digest = sha256()
        async for _ in _digested(request, digest):
            pass
        return digest.digest()

    repeatable = parts.idempotency.request(scope_of(admin), key, "import-register", StrictModel()) if key else None
    steps = Steps(parts.idempotency, units)
    return await steps.once(repeatable, work, digest_repeat=digest_repeat)


async def _import_with_retries(units: UnitsOfWork, batch: CheckedLines) -> Imported:
    """Import a batch in one transaction, and again after a conflict with a concurrent import of some of the same rows."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            async with units.write() as work:
                return await import_lines(work, batch)
        except IntegrityError:
            if attempt == ATTEMPTS:
                raise
    raise AssertionError  # the loop above returns or raises


async def _digested(request: Request, digest: "Hash") -> AsyncIterator[bytes]:
    """Yield the chunks of the body and add each to `digest`. Raises PayloadTooLarge."""
    total = 0
    async for chunk in request.stream():
        total += len(chunk)
        if total > FILE_LIMIT:
            raise PayloadTooLarge
        digest.update(chunk)
        yield chunk
