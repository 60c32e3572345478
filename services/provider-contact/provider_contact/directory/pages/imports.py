"""The imports of the directory: a file with its report before anything is stored, the confirmation, the history and the undo."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response

from provider_contact.directory import repository
from provider_contact.directory.codes import ImportState, LineAction, Sheet
from provider_contact.directory.dependencies import DirectoryDep
from provider_contact.directory.errors import DraftGone, ImportBuiltOn, ImportNotLatest
from provider_contact.directory.pages.cards import SAME_ORIGIN
from provider_contact.directory.pages.common import FIELD_TEXTS, PAGES, PATH, KeeperDep, may_edit, sign_in
from provider_contact.directory.schemas import ReportLine
from provider_contact.directory.service import imports, undo
from provider_contact.directory.service.provider_index import ProviderIndex
from provider_contact.directory.service.sheets import COLUMNS_OF
from provider_contact.directory.service.undo import EntriesInUse
from shared.auth import PagePrincipalDep, Principal
from shared.dependencies import UnitsOfWorkDep
from shared.domain.regions import CENTRAL_OFFICE, regions
from shared.errors import DomainError, InvalidInput, MalformedText
from shared.forms import parts_of
from shared.http import Cursor, CursorText
from shared.unit_of_work import UnitsOfWork
from shared.web.i18n import N_
from shared.web.languages import language_of

IMPORTS: Final = f"{PATH}/imports"
FILE_LIMIT: Final = 8 * 1024 * 1024  # bytes: five times the country's providers
FORM_PARTS: Final = 4
LISTED: Final = 20
LINES_SHOWN: Final = 200  # lines of a report on its page
SHEETS: Final[Mapping[Sheet, tuple[str, str]]] = {
    Sheet.PROVIDERS: (N_("Providers"), N_("The Fund's list of organisations, by BIN")),
    Sheet.CONTACTS: (N_("Contacts"), N_("Patient support, call centre, head physician and others; health departments too")),
    Sheet.DOCTORS: (N_("Doctors"), N_("Names and specialities, which everybody sees")),
}
LINE_TEXTS: Final[Mapping[str, str]] = {
    **FIELD_TEXTS,
    "bad-bin": N_("This is neither a BIN nor an IIN."),
    "duplicate": N_("An earlier line is about the same entry."),
    "malformed-csv": N_("The line does not have the cells of the header. Look for a quotation mark that is not closed."),
    "owner-required": N_("Give the BIN of an organisation, or a body and its region."),
    "contract-incomplete": N_("Give both the year of the contract and its types of care."),
    "unknown-provider": N_("The directory has no organisation with this BIN. Import the list of providers first."),
    "payload-too-large": N_("The line is too long."),
}
LINE_OTHERWISE: Final = N_("The line cannot be read.")
TOO_LARGE: Final = N_("The file is larger than 8 MB. Divide the list into several files.")
FILE_TEXTS: Final[Mapping[type[DomainError], str]] = {
    MalformedText: N_('The file cannot be read. Save it as "Excel workbook (.xlsx)" or as "CSV UTF-8" and choose it again.'),
    InvalidInput: N_("The first line does not name the columns of this list. Compare it with the columns below."),
}

router = APIRouter()


class LineView(NamedTuple):
    """A line of a report, in the reader's language."""

    line: int
    action: LineAction
    name: str
    href: str
    columns: str
    reason: str


class ImportView(NamedTuple):
    """An import in the history."""

    href: str
    sheet: str
    state: ImportState
    at: datetime
    added: int
    changed: int
    rejected: int


@router.get("/directory/imports")
async def imports_page(request: Request, principal: PagePrincipalDep, units: UnitsOfWorkDep, cursor: CursorText = None) -> Response:
    """Show the form of an import and the history."""
    if principal.is_anonymous:
        return sign_in(request)
    may_edit(principal)
    after = Cursor.decode(cursor, datetime, UUID) if cursor is not None else None
    return await _list(request, principal, units, after=after)


@router.post("/directory/imports", dependencies=SAME_ORIGIN)
async def upload(request: Request, keeper: KeeperDep, units: UnitsOfWorkDep) -> Response:
    """Read a file, store it as a draft and show what its import would do."""
    sheet, raw = await _file_of(request)
    if not raw:
        return await _list(request, keeper, units, error=N_("Choose a file."), sheet=sheet)
    if len(raw) > FILE_LIMIT:
        return await _list(request, keeper, units, error=TOO_LARGE, sheet=sheet)
    try:
        plan_sheet = await asyncio.to_thread(imports.read_import, sheet, raw)
    except (MalformedText, InvalidInput) as error:
        return await _list(request, keeper, units, error=FILE_TEXTS[type(error)], sheet=sheet)
    async with units.write() as work:
        import_id = await imports.draft_import(work, sheet, plan_sheet, raw, keeper)
    return PAGES.redirect(f"{IMPORTS}/{import_id}")


@router.get("/directory/imports/{import_id}")
async def import_page(
    request: Request, import_id: UUID, principal: PagePrincipalDep, units: UnitsOfWorkDep, directory: DirectoryDep
) -> Response:
    """Show the report of an import or of a draft."""
    if principal.is_anonymous:
        return sign_in(request)
    may_edit(principal)
    index = await directory.current()
    async with units.read() as work:
        row = await imports.import_of(work, import_id)
        latest = await repository.latest_import(work.session)
    report = [ReportLine.model_validate(line) for line in row.report]
    return PAGES.render(
        request,
        "import.html",
        row=row,
        sheet=SHEETS[row.sheet][0],
        is_draft=row.state is ImportState.DRAFT,
        is_undone=row.state is ImportState.UNDONE,
        can_be_undone=latest == import_id,
        lines=[_line(request, line, index) for line in report[:LINES_SHOWN]],
        more=max(0, len(report) - LINES_SHOWN),
        zone=regions()[CENTRAL_OFFICE].timezone,
        may_edit=principal.has("admin"),
        address=f"{IMPORTS}/{import_id}",
    )


@router.post("/directory/imports/{import_id}/confirm", dependencies=SAME_ORIGIN)
async def confirm(import_id: UUID, keeper: KeeperDep, units: UnitsOfWorkDep) -> Response:
    """Carry out the import whose report the keeper has read."""
    try:
        async with units.read() as work:
            sheet, raw = await imports.draft_file(work, import_id)
        plan_sheet = await asyncio.to_thread(imports.read_import, sheet, raw)
        async with units.write() as work:
            await imports.import_draft(work, import_id, plan_sheet, keeper)
    except DraftGone:
        return PAGES.redirect(IMPORTS, flash="draft-gone")
    return PAGES.redirect(f"{IMPORTS}/{import_id}", flash="imported")


@router.post("/directory/imports/{import_id}/discard", dependencies=SAME_ORIGIN)
async def discard(import_id: UUID, _keeper: KeeperDep, units: UnitsOfWorkDep) -> Response:
    """Delete a draft with its file."""
    try:
        async with units.write() as work:
            await imports.discard_draft(work, import_id)
    except DraftGone:
        return PAGES.redirect(IMPORTS, flash="draft-gone")
    return PAGES.redirect(IMPORTS, flash="discarded")


@router.post("/directory/imports/{import_id}/undo", dependencies=SAME_ORIGIN)
async def undo_page(request: Request, import_id: UUID, keeper: KeeperDep, units: UnitsOfWorkDep) -> Response:
    """Undo the latest import."""
    in_use: EntriesInUse = request.app.state.entries_in_use
    address = f"{IMPORTS}/{import_id}"
    try:
        async with units.write() as work:
            await undo.undo_import(work, import_id, keeper, in_use)
    except (ImportBuiltOn, ImportNotLatest) as refused:
        return PAGES.redirect(address, flash=refused.code)
    return PAGES.redirect(address, flash="import-undone")


async def _file_of(request: Request) -> tuple[Sheet, bytes]:
    """Return the kind of list and the bytes of the form's file, one byte beyond the limit at most."""
    sheet, raw = Sheet.PROVIDERS, bytearray()
    async for part in parts_of(request, limit=FILE_LIMIT + 10_000, most=FORM_PARTS):
        if part.name == "sheet":
            named = await part.text(limit=100)
            sheet = Sheet(named) if named in set(Sheet) else sheet
        elif part.name == "file":
            async for chunk in part.chunks:
                raw += chunk[: FILE_LIMIT + 1 - len(raw)]
    return sheet, bytes(raw)


async def _list(
    request: Request,
    principal: Principal,
    units: UnitsOfWork,
    *,
    after: repository.ImportPosition | None = None,
    error: str | None = None,
    sheet: Sheet = Sheet.PROVIDERS,
) -> Response:
    async with units.read() as work:
        found, total = await imports.history(work, LISTED + 1, after)
    page = found[:LISTED]
    return PAGES.render(
        request,
        "imports.html",
        422 if error else 200,
        imports=[
            ImportView(f"{IMPORTS}/{row.import_id}", SHEETS[row.sheet][0], row.state, row.at, row.added, row.changed, row.rejected)
            for row in page
        ],
        total=total,
        sheets=[(code, PAGES.text(request, name), PAGES.text(request, use)) for code, (name, use) in SHEETS.items()],
        chosen=sheet,
        columns=[(SHEETS[code][0], ", ".join(names)) for code, names in COLUMNS_OF.items()],
        error=PAGES.text(request, error) if error else None,
        zone=regions()[CENTRAL_OFFICE].timezone,
        may_edit=principal.has("admin"),
        next=f"{IMPORTS}?cursor={Cursor.encode(page[-1].at, page[-1].import_id)}" if len(found) > LISTED else None,
        first=IMPORTS if after else None,
    )


def _line(request: Request, line: ReportLine, index: ProviderIndex) -> LineView:
    provider = index.providers.get(line.provider_id) if line.provider_id is not None else None
    name = "" if provider is None else provider.name_kk if language_of(request) == "kk" else provider.name_ru
    reason = PAGES.text(request, LINE_TEXTS.get(line.code, LINE_OTHERWISE)) if line.action is LineAction.REFUSED else ""
    return LineView(
        line=line.line,
        action=line.action,
        name=name,
        href=f"{PATH}/{line.provider_id}" if provider is not None else "",
        columns=", ".join(line.columns) or line.field,
        reason=reason,
    )
