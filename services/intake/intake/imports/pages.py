"""Pages of imports of open appeals: a file with the report of its check, the import itself, the history and the undo."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated, Final, NamedTuple
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from intake.imports.dependencies import preview_open, take_over
from intake.imports.errors import ImportUndoneBefore, TooManyRefused
from intake.imports.schemas import OpenImported, OpenRow
from intake.imports.service import undo
from intake.imports.service.legacy_lines import CSV, FILE_LIMIT, NDJSON, reader_of
from intake.imports.service.open_appeals import OpenTerms
from intake.pages_kit import PAGES, to_sign_in
from intake.register.dependencies import Intake, IntakeDep
from shared.auth import PagePrincipalDep, Principal, check_role, require_page
from shared.dependencies import UnitsOfWorkDep
from shared.domain.regions import CENTRAL_OFFICE, regions
from shared.errors import InvalidInput, MalformedText, PayloadTooLarge
from shared.forms import Part, parts_of
from shared.http import Cursor, CursorText
from shared.unit_of_work import UnitsOfWork
from shared.web.i18n import N_
from shared.web.languages import language_of
from shared.web.security import require_same_origin

PATH: Final = "/intake/imports"
LISTED: Final = 20
FAULTS_SHOWN: Final = 200
FORM_PARTS: Final = 6
MEDIA_TYPES: Final = {".csv": CSV, ".ndjson": NDJSON, ".jsonl": NDJSON}
COLUMNS: Final = tuple(name for name in OpenRow.model_fields if name not in {"closed_at", "outcome"})
TASKS: Final = {
    "check": (N_("Check the file"), N_("You see every fault; nothing is stored")),
    "import": (N_("Import"), N_("Lines with faults are left out")),
}
NO_FILE: Final = N_("Choose a CSV or NDJSON file.")
WRONG_FILES: Final = {
    MalformedText: N_("The file cannot be read. Save it as CSV in UTF-8 and choose it again."),
    InvalidInput: N_("The first line does not name the columns. Compare it with the list below."),
    PayloadTooLarge: N_("The file is larger than 64 MB. Divide it into several files."),
    TooManyRefused: N_("Too many lines have faults. Check that the columns are the right ones."),
}

router: Final = APIRouter()
AdminDep = Annotated[Principal, Depends(require_page("admin"))]
SAME_ORIGIN: Final = [Depends(require_same_origin)]


class FaultLine(NamedTuple):
    """A fault in the reader's language."""

    line: int
    column: str
    text: str


@router.get("/imports")
async def imports_page(request: Request, principal: PagePrincipalDep, units: UnitsOfWorkDep, cursor: CursorText = None) -> Response:
    """Show the form and the imports."""
    if principal.is_anonymous:
        return to_sign_in(request)
    check_role(principal, "admin")
    return await _show(request, units, after=Cursor.decode(cursor, datetime, UUID) if cursor is not None else None)


@router.post("/imports", dependencies=SAME_ORIGIN)
async def send_file(request: Request, admin: AdminDep, intake: IntakeDep, units: UnitsOfWorkDep) -> Response:
    """Check the file or import it, and show the report."""
    sent: dict[str, str] = {}
    try:
        async for part in parts_of(request, limit=FILE_LIMIT + 10_000, most=FORM_PARTS):
            if part.name != "file":
                sent[part.name] = await part.text(limit=100)
                continue
            report = await _report(part, intake, units, sent, admin)
            if report is not None:
                return await _show(request, units, report=report, sent=sent)
    except (InvalidInput, MalformedText, PayloadTooLarge, TooManyRefused) as wrong:
        return await _show(request, units, error=WRONG_FILES[type(wrong)], sent=sent)
    return await _show(request, units, error=NO_FILE, sent=sent)


async def _report(part: Part, intake: Intake, units: UnitsOfWork, sent: dict[str, str], admin: Principal) -> OpenImported | None:
    """Return the report of a file, which comes after the other fields of its form; None without a file that can be read."""
    ending = f".{(part.filename or '').rpartition('.')[2].lower()}"
    read = reader_of(MEDIA_TYPES.get(ending, ""), OpenRow)
    if read is None:
        return None
    lines = read(_chunks(part))
    if sent.get("task") != "import":
        return await preview_open(intake, units, lines)
    terms = OpenTerms(intake.parts.ids.new(), notify="notify" in sent, ask_providers="ask_providers" in sent)
    return await take_over(intake, units, lines, terms, admin.subject)


async def _chunks(part: Part) -> AsyncIterator[bytes]:
    async for chunk in part.chunks:
        yield chunk


@router.get("/imports/{import_id}")
async def import_page(request: Request, import_id: UUID, principal: PagePrincipalDep, units: UnitsOfWorkDep) -> Response:
    """Show an import and what became of it."""
    if principal.is_anonymous:
        return to_sign_in(request)
    check_role(principal, "admin")
    async with units.read() as work:
        found = await undo.import_of(work, import_id)
    return PAGES.render(request, "open_import.html", row=found, zone=regions()[CENTRAL_OFFICE].timezone, address=f"{PATH}/{import_id}")


@router.post("/imports/{import_id}/undo", dependencies=SAME_ORIGIN)
async def undo_page(import_id: UUID, admin: AdminDep, units: UnitsOfWorkDep) -> Response:
    """Undo an import."""
    try:
        async with units.write() as work:
            await undo.undo_import(work, import_id, admin)
    except ImportUndoneBefore:
        return PAGES.redirect(f"{PATH}/{import_id}", flash="open-import-undone-before")
    return PAGES.redirect(f"{PATH}/{import_id}", flash="open-import-undone")


async def _show(
    request: Request,
    units: UnitsOfWork,
    *,
    after: tuple[datetime, UUID] | None = None,
    report: OpenImported | None = None,
    error: str | None = None,
    sent: dict[str, str] | None = None,
) -> Response:
    async with units.read() as work:
        found, total = await undo.history(work, LISTED + 1, after)
    page, language = found[:LISTED], language_of(request)
    faults = report.rejected if report else []
    shown = [FaultLine(each.line, each.field, {"kk": each.kk, "ru": each.ru}.get(language, each.detail)) for each in faults[:FAULTS_SHOWN]]
    return PAGES.render(
        request,
        "open_imports.html",
        422 if error else 200,
        imports=page,
        total=total,
        tasks=[(code, PAGES.text(request, name), PAGES.text(request, use)) for code, (name, use) in TASKS.items()],
        sent=sent or {},
        report=report,
        faults=shown,
        more=len(faults) - len(shown),
        lines=len({each.line for each in faults}),
        error=PAGES.text(request, error) if error else None,
        columns=", ".join(COLUMNS),
        zone=regions()[CENTRAL_OFFICE].timezone,
        path=PATH,
        next=f"{PATH}?{urlencode({'cursor': Cursor.encode(page[-1].at, page[-1].import_id)})}" if len(found) > LISTED else None,
        first=PATH if after else None,
    )
