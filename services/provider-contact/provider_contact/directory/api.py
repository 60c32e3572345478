"""Routes of the provider directory."""

import asyncio
from datetime import datetime
from hashlib import sha256
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import AfterValidator

from provider_contact.dependencies import LIST_ERRORS, RegionCode, known_region
from provider_contact.directory.codes import Sheet
from provider_contact.directory.dependencies import DirectoryDep
from provider_contact.directory.errors import ImportBuiltOn, ImportNotLatest
from provider_contact.directory.schemas import DoctorItem, ImportDocument, ImportItem, ImportReport, ImportResult, NoFields, ProviderItem
from provider_contact.directory.service import doctors, imports, undo
from provider_contact.directory.service.search import provider_item, search
from provider_contact.directory.service.undo import EntriesInUse
from shared.auth import Principal, PrincipalDep, require
from shared.dependencies import OnceDep, ReadDep, SealerDep, UnitsOfWorkDep
from shared.domain.regions import CENTRAL_OFFICE
from shared.domain.text import clean
from shared.errors import Forbidden, InvalidInput, MalformedText, NotFound, PayloadTooLarge, Unauthorized, UnsupportedMediaType, responses
from shared.header_fields import media_type_of
from shared.http import DEFAULT_LIMIT, Cursor, CursorText, KnownQuery, Limit, ListResponse, body, keyset_page, page_of, read_body
from shared.idempotency import IdempotencyKeyReused, Once, response_of
from shared.unit_of_work import UnitOfWork, UnitsOfWork

IMPORT_LIMIT: Final = 16 * 1024 * 1024  # bytes: ten times the country's providers
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
IMPORT_ERRORS = responses(Unauthorized, Forbidden, InvalidInput, MalformedText, PayloadTooLarge, UnsupportedMediaType, IdempotencyKeyReused)
UNDO_ERRORS = responses(Unauthorized, Forbidden, NotFound, InvalidInput, ImportNotLatest, ImportBuiltOn, IdempotencyKeyReused)

router = APIRouter(tags=["directory"])


AdminDep = Annotated[Principal, Depends(require("admin"))]
HistoryDep = Annotated[Principal, Depends(require("admin", "supervisor", "head"))]
DryRun = Annotated[bool, Query(description="Only report what the import would add, change and refuse.")]


@router.get("/v1/providers")
async def search_providers(
    sealer: SealerDep,
    directory: DirectoryDep,
    principal: PrincipalDep,
    _query: KnownQuery,
    query: Annotated[str, Query(max_length=400), AfterValidator(clean)] = "",
    region: RegionCode = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: CursorText = None,
) -> ListResponse[ProviderItem]:
    """Search providers by name in Kazakh, Russian or Latin letters. Misspelt words match, numbers must be equal.

    Without a query the answer lists all providers by name.
    """
    code = known_region(region)
    found = search(await directory.current(), query, None if code == CENTRAL_OFFICE else code)
    page, next_cursor = page_of(found, limit, cursor)
    items = [provider_item(provider, score, principal, sealer) for provider, score in page]
    return ListResponse(items=items, total=len(found), next_cursor=next_cursor)


@router.post("/v1/providers/imports", response_model=ImportResult, responses=IMPORT_ERRORS)
async def import_providers(request: Request, admin: AdminDep, once: OnceDep, units: UnitsOfWorkDep, dry_run: DryRun = False) -> Response:
    """Import the Fund's list of providers (CSV or XLSX): add and change entries by BIN, and report each line."""
    return await _import(Sheet.PROVIDERS, request, admin, once, units, is_dry=dry_run)


@router.post("/v1/contacts/imports", response_model=ImportResult, responses=IMPORT_ERRORS)
async def import_contacts(request: Request, admin: AdminDep, once: OnceDep, units: UnitsOfWorkDep, dry_run: DryRun = False) -> Response:
    """Import contacts by role (CSV or XLSX), of providers by BIN and of the bodies above them by region, and report each line."""
    return await _import(Sheet.CONTACTS, request, admin, once, units, is_dry=dry_run)


@router.post("/v1/doctors/imports", response_model=ImportResult, responses=IMPORT_ERRORS)
async def import_doctors(request: Request, admin: AdminDep, once: OnceDep, units: UnitsOfWorkDep, dry_run: DryRun = False) -> Response:
    """Import the doctors of providers (CSV or XLSX) by BIN, and report each line."""
    return await _import(Sheet.DOCTORS, request, admin, once, units, is_dry=dry_run)


async def _import(sheet: Sheet, request: Request, admin: Principal, once: Once, units: UnitsOfWork, *, is_dry: bool) -> Response:
    raw = await read_body(request, limit=IMPORT_LIMIT, media_type=XLSX if media_type_of(request) == XLSX else "text/csv")
    plan_sheet = await asyncio.to_thread(imports.read_import, sheet, raw)
    if is_dry:
        async with units.read() as work:
            return response_of(200, (await imports.dry_run(work, plan_sheet)).model_dump_json().encode())
    digest = sha256(raw).hexdigest()

    async def carry_out(work: UnitOfWork) -> ImportResult:
        return await imports.import_sheet(work, sheet, plan_sheet, digest, admin)

    return await once(f"import-{sheet.lower()}", ImportDocument(sha256=digest), carry_out)


@router.get("/v1/imports", responses=LIST_ERRORS)
async def list_imports(
    _reader: HistoryDep, work: ReadDep, _query: KnownQuery, limit: Limit = DEFAULT_LIMIT, cursor: CursorText = None
) -> ListResponse[ImportItem]:
    """List the imports of providers, contacts and doctors, the newest first: who, when, and the figures."""
    after = Cursor.decode(cursor, datetime, UUID) if cursor is not None else None
    found, total = await imports.history(work, limit + 1, after)
    return keyset_page(
        found,
        limit,
        total,
        item=lambda row: ImportItem.model_validate(row, from_attributes=True),
        key=lambda row: (row.at, row.import_id),
    )


@router.get("/v1/imports/{import_id}", responses=responses(Unauthorized, Forbidden, NotFound, InvalidInput))
async def read_import(import_id: UUID, _reader: HistoryDep, work: ReadDep, _query: KnownQuery) -> ImportReport:
    """Return an import with the report of its lines."""
    return ImportReport.model_validate(await imports.import_of(work, import_id), from_attributes=True)


@router.post("/v1/imports/{import_id}/actions/undo", response_model=ImportItem, responses=UNDO_ERRORS)
async def undo_import(
    import_id: UUID, request: Request, admin: AdminDep, once: OnceDep, payload: Annotated[NoFields, body(NoFields)]
) -> Response:
    """Undo the latest import: changed entries are as before, added providers end. Refused if something was built on the import."""
    in_use: EntriesInUse = request.app.state.entries_in_use

    async def carry_out(work: UnitOfWork) -> ImportItem:
        await undo.undo_import(work, import_id, admin, in_use)
        return ImportItem.model_validate(await imports.import_of(work, import_id), from_attributes=True)

    return await once(f"undo-import {import_id}", payload, carry_out)


@router.get("/v1/doctors", responses=responses(InvalidInput))
async def list_doctors(
    _principal: PrincipalDep, work: ReadDep, _query: KnownQuery, provider_id: UUID, limit: Limit = DEFAULT_LIMIT, cursor: CursorText = None
) -> ListResponse[DoctorItem]:
    """List the doctors of a provider by name. Empty for a provider without a list of doctors."""
    found = await doctors.doctors_of(work, provider_id)
    page, next_cursor = page_of(found, limit, cursor)
    return ListResponse(items=list(page), total=len(found), next_cursor=next_cursor)
