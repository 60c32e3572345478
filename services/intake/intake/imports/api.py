"""Routes of register imports."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from intake.imports.dependencies import preview_open, take_over, with_retries
from intake.imports.errors import ImportUndoneBefore, TooManyRefused
from intake.imports.schemas import Imported, LegacyRow, NoFields, OpenImported, OpenImportItem, OpenImportReport, OpenRow
from intake.imports.service import undo
from intake.imports.service.importing import CheckedLines, Line, add_to_report, check_lines, import_lines
from intake.imports.service.legacy_lines import CSV, FILE_LIMIT, NDJSON, in_batches, reader_of
from intake.imports.service.open_appeals import OpenTerms
from intake.register.dependencies import IntakeDep
from shared.auth import Principal, require
from shared.dependencies import OnceDep, ReadDep, UnitsOfWorkDep
from shared.errors import (
    Forbidden,
    InvalidInput,
    NotFound,
    PayloadTooLarge,
    Unauthorized,
    UnsupportedMediaType,
    responses,
)
from shared.header_fields import media_type_of
from shared.http import DEFAULT_LIMIT, Cursor, CursorText, KnownQuery, Limit, ListResponse, StrictModel, body, keyset_page
from shared.idempotency import IdempotencyKey, IdempotencyKeyReused, scope_of
from shared.idempotency_steps import Steps, StepsDone
from shared.unit_of_work import UnitOfWork

if TYPE_CHECKING:
    from hashlib import _Hash as Hash

router = APIRouter(tags=["imports"])


class OpenImportQuery(StrictModel):
    """The parameters of an import of open appeals, by which a repeat under its Idempotency-Key is recognised."""

    dry_run: bool
    notify: bool
    ask_providers: bool


AdminDep = Annotated[Principal, Depends(require("admin"))]

IMPORT_BODY = {"requestBody": {"required": True, "content": {kind: {"schema": {"type": "string"}} for kind in (NDJSON, CSV)}}}


IMPORT_ERRORS = responses(
    Unauthorized, Forbidden, InvalidInput, TooManyRefused, PayloadTooLarge, UnsupportedMediaType, IdempotencyKeyReused
)

UNDO_ERRORS = responses(Unauthorized, Forbidden, NotFound, InvalidInput, ImportUndoneBefore, IdempotencyKeyReused)


@router.post("/v1/imports", response_model=Imported, responses=IMPORT_ERRORS, openapi_extra=IMPORT_BODY)
async def import_register(
    request: Request, intake: IntakeDep, admin: AdminDep, units: UnitsOfWorkDep, key: IdempotencyKey = None
) -> Response:
    """Import closed appeals, some hundred lines a transaction. Lines that were imported before are unchanged.

    A repeated request under the same Idempotency-Key gets the first report.
    """
    read, parts = _reader(request, LegacyRow), intake.parts

    async def work() -> StepsDone:
        report, digest = Imported(), sha256()
        async for lines in in_batches(read(_digested(request, digest))):
            batch = await check_lines(parts.pepper, lines, parts.clock.now())

            async def store(work: UnitOfWork, batch: CheckedLines = batch) -> Imported:
                return await import_lines(work, batch)

            add_to_report(report, await with_retries(units, store))
        return StepsDone(report, digest.digest())

    repeatable = parts.idempotency.request(scope_of(admin), key, "import-register", StrictModel()) if key else None
    steps = Steps(parts.idempotency, units)
    return await steps.once(repeatable, work, digest_repeat=_digest_repeat(request))


@router.post("/v1/imports/open", response_model=OpenImported, responses=IMPORT_ERRORS, openapi_extra=IMPORT_BODY)
async def import_open_appeals(
    request: Request,
    intake: IntakeDep,
    admin: AdminDep,
    units: UnitsOfWorkDep,
    key: IdempotencyKey = None,
    *,
    dry_run: Annotated[bool, Query(description="report what the import would do, and store nothing")] = False,
    notify: Annotated[bool, Query(description="the contacts are confirmed: send the applicants the receipt, and later notices")] = False,
    ask_providers: Annotated[bool, Query(description="send inquiries to providers by rule, as for new appeals")] = False,
) -> Response:
    """Import appeals that are open in a former register, with their clocks as they stand there.

    Every fault of every line is reported. Lines that were imported before are unchanged. A repeated request under the same
    Idempotency-Key gets the first report.
    """
    read, parts = _reader(request, OpenRow), intake.parts

    async def work() -> StepsDone:
        digest = sha256()
        lines = read(_digested(request, digest))
        if dry_run:
            return StepsDone(await preview_open(intake, units, lines), digest.digest())
        terms = OpenTerms(parts.ids.new(), notify, ask_providers)
        return StepsDone(await take_over(intake, units, lines, terms, admin.subject), digest.digest())

    asked = OpenImportQuery(dry_run=dry_run, notify=notify, ask_providers=ask_providers)
    repeatable = parts.idempotency.request(scope_of(admin), key, "import-open-appeals", asked) if key else None
    return await Steps(parts.idempotency, units).once(repeatable, work, digest_repeat=_digest_repeat(request))


@router.get("/v1/imports", responses=responses(Unauthorized, Forbidden, InvalidInput))
async def list_open_imports(
    _admin: AdminDep, work: ReadDep, _query: KnownQuery, limit: Limit = DEFAULT_LIMIT, cursor: CursorText = None
) -> ListResponse[OpenImportItem]:
    """List the imports of open appeals, the newest first."""
    after = Cursor.decode(cursor, datetime, UUID) if cursor is not None else None
    found, total = await undo.history(work, limit + 1, after)
    return keyset_page(
        found,
        limit,
        total,
        item=lambda row: OpenImportItem.model_validate(row, from_attributes=True),
        key=lambda row: (row.at, row.import_id),
    )


@router.get("/v1/imports/{import_id}", responses=responses(Unauthorized, Forbidden, NotFound, InvalidInput))
async def read_open_import(import_id: UUID, _admin: AdminDep, work: ReadDep, _query: KnownQuery) -> OpenImportReport:
    """Return an import of open appeals, and which of them remain although it was undone."""
    return await undo.import_of(work, import_id)


@router.post("/v1/imports/{import_id}/actions/undo", response_model=OpenImportReport, responses=UNDO_ERRORS)
async def undo_open_import(import_id: UUID, admin: AdminDep, once: OnceDep, payload: Annotated[NoFields, body(NoFields)]) -> Response:
    """Undo an import of open appeals: every service removes them. One on which somebody has worked stays, and the report names it."""

    async def carry_out(work: UnitOfWork) -> OpenImportReport:
        await undo.undo_import(work, import_id, admin)
        return await undo.import_of(work, import_id)

    return await once(f"undo-open-import {import_id}", payload, carry_out)


def _reader(request: Request, form: type[LegacyRow]) -> Callable[[AsyncIterator[bytes]], AsyncIterator[list[Line]]]:
    """Return the reader of the request's body. Raises UnsupportedMediaType, and PayloadTooLarge for an announced length."""
    read = reader_of(media_type_of(request), form)
    if read is None:
        raise UnsupportedMediaType
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced[:20]) > FILE_LIMIT:
        raise PayloadTooLarge
    return read


def _digest_repeat(request: Request) -> Callable[[], Awaitable[bytes]]:
    async def digest_repeat() -> bytes:
        digest = sha256()
        async for _ in _digested(request, digest):
            pass
        return digest.digest()

    return digest_repeat


async def _digested(request: Request, digest: "Hash") -> AsyncIterator[bytes]:
    """Yield the chunks of the body and add each to `digest`. Raises PayloadTooLarge."""
    total = 0
    async for chunk in request.stream():
        total += len(chunk)
        if total > FILE_LIMIT:
            raise PayloadTooLarge
        digest.update(chunk)
        yield chunk
