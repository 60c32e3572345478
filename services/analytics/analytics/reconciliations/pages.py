"""The page on which a person checks a published statistic: a file or a pasted table, and the verdict on each claim."""

import asyncio
from typing import Final
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request
from starlette.responses import RedirectResponse, Response

from analytics.reconciliations.policy import headings
from analytics.reconciliations.schemas import Reconciliation, Verdict
from analytics.reconciliations.service import FILE_LIMIT, READERS, example_sheet, reconcile
from shared.auth import PagePrincipalDep, Principal, check_role, require_page
from shared.errors import DomainError, InvalidInput, MalformedText, PayloadTooLarge
from shared.forms import parts_of
from shared.web.i18n import N_
from shared.web.languages import language_of
from shared.web.pages import Pages
from shared.web.security import require_same_origin
from shared.web.viewer import show_viewer

PATH: Final = "/analytics/reconcile"
FORM_OVERHEAD: Final = 10_000  # bytes of a form in addition to its file
FORM_PARTS: Final = 4
EMPTY: Final = N_("Choose a file, or paste a table.")
NO_ROWS: Final = N_("The table has no rows below its first line.")
PROBLEMS: Final[dict[type[DomainError], str]] = {
    InvalidInput: N_("The first line does not name the columns. Compare it with the columns below, or begin with the example."),
    MalformedText: N_('The file cannot be read. Save it as "Excel workbook (.xlsx)" or as "CSV UTF-8" and choose it again.'),
    PayloadTooLarge: N_("The table is too large: at most 1 MB and 2 000 rows."),
}
VERDICTS: Final = {
    Verdict.CONTRADICTION: (N_("Contradiction"), "bad"),
    Verdict.NOT_CHECKABLE: (N_("Cannot be checked"), "warn"),
    Verdict.OK: (N_("Correct"), "good"),
}

COLUMN_USES: Final[dict[str, str]] = {
    "id": N_("Any short number or name of the row. Other rows refer to it."),
    "title": N_("What the number counts, in the words of the text."),
    "value": N_("The number as in the text: 736, 56,3 %%, over 684 thousand, −111. A question mark if the text does not state it."),
    "unit": N_("People, tenge; %% if the value does not have it."),
    "period": N_("2025, 2025-H1, 2025-Q3 or 2025-09."),
    "region": N_("Name or code of the region; empty for the whole country."),
    "part_of": N_("The row of the total of which this is a part. For several breakdowns of one total add a name: 1 / channel."),
    "whole_list": N_("Yes, if the text lists all parts of the total."),
    "figure": N_("For a percentage or a change: the row of the number that it is about."),
    "share_of": N_("For a percentage: the row of the whole."),
    "change_from": N_("For a change: the row of the earlier number. Write a decrease with a minus."),
    "counts": N_("If one number counts several things, name them with a plus: withdrawn + resolved."),
}

router = APIRouter(include_in_schema=False, dependencies=[Depends(show_viewer)])
ReaderDep = Depends(require_page(*READERS))


@router.get("/reconcile")
async def reconcile_page(request: Request, principal: PagePrincipalDep) -> Response:
    """Show the form."""
    if principal.is_anonymous:
        return RedirectResponse("/sign-in?" + urlencode({"next": PATH}), 303)
    check_role(principal, *READERS)
    return _render(request)


@router.post("/reconcile", dependencies=[Depends(require_same_origin)])
async def reconcile_upload(request: Request, _reader: Principal = ReaderDep) -> Response:
    """Check the file, or the pasted table if there is no file, and show the verdicts. Nothing is stored."""
    table = ""
    try:
        raw, table = await _sheet_of(request)
        if not raw:
            return _render(request, error=EMPTY)
        result = await asyncio.to_thread(reconcile, raw)
    except (InvalidInput, MalformedText, PayloadTooLarge) as error:
        return _render(request, error=PROBLEMS[type(error)], table=table)
    return _render(request, result=result, table=table) if result.rows else _render(request, error=NO_ROWS, table=table)


@router.get("/reconcile/example.csv")
async def download_example(request: Request, _reader: Principal = ReaderDep) -> Response:
    """Return a published statistic as a table to begin with, in the encoding that Excel recognises."""
    content = example_sheet(language_of(request)).encode("utf-8-sig")
    return Response(content, media_type="text/csv", headers={"Content-Disposition": 'attachment; filename="example.csv"'})


async def _sheet_of(request: Request) -> tuple[bytes, str]:
    """Return the bytes of the form's file, or of its pasted table, and that table. Raises PayloadTooLarge."""
    raw, table = bytearray(), ""
    async for part in parts_of(request, limit=FILE_LIMIT + FORM_OVERHEAD, most=FORM_PARTS):
        if part.name == "table":
            table = await part.text(limit=FILE_LIMIT)
        elif part.name == "file":
            async for chunk in part.chunks:
                raw += chunk
    if len(raw) > FILE_LIMIT:
        raise PayloadTooLarge
    return bytes(raw) or table.strip().encode(), table


def _render(request: Request, *, result: Reconciliation | None = None, table: str = "", error: str | None = None) -> Response:
    """Show the form and the verdicts, contradictions first."""
    pages: Pages = request.app.state.pages
    language = language_of(request)
    order = list(VERDICTS)
    return pages.render(
        request,
        "reconcile.html",
        422 if error else 200,
        path_of_form=PATH,
        result=result,
        checks=sorted(result.checks, key=lambda check: order.index(check.verdict)) if result else [],
        verdicts=VERDICTS,
        explanation=f"explanation_{language}",
        table=table,
        error=pages.text(request, error) if error else None,
        columns=[(label.in_(language), COLUMN_USES[code]) for code, label in headings().items()],
    )
