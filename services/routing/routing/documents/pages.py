"""The pages of letters: the check that is open to everybody, and the letter that a clerk opens from a case."""

from hashlib import sha256
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic_core import to_json

from routing.documents.dependencies import LetterChecks, origin_of
from routing.documents.dependencies.case_file import case_file
from routing.documents.dependencies.letters import letter_for_clerk
from routing.documents.errors import CaseFileIncomplete
from routing.documents.schemas import CODE_DIGITS, LetterCheckIn, LetterCheckOut
from routing.documents.service.letters import check, in_groups
from shared.auth import STAFF, PagePrincipalDep, Role, check_role
from shared.dependencies import ContentsDep, UnitsOfWorkDep
from shared.domain.identifiers import digits_as_typed
from shared.errors import DomainError, InvalidInput, NotFound, PayloadTooLarge, TooMany, Unavailable
from shared.forms import parts_of
from shared.http import parse
from shared.unit_of_work import UnitsOfWork
from shared.web.i18n import N_
from shared.web.languages import language_of
from shared.web.pages import Pages
from shared.web.security import require_same_origin
from shared.web.viewer import show_viewer

SLICE: Final = Path(__file__).parent
FILE_ROLES: Final[tuple[Role, ...]] = ("supervisor", "head", "admin")
FILE_LIMIT: Final = 4_000_000  # bytes; a letter of 20 000 characters has some 200 kB
LANGUAGE_NAMES: Final = {"kk": N_("Kazakh"), "ru": N_("Russian"), "en": N_("English")}
OWNER_NAMES: Final = {"intake": N_("the register of appeals"), "provider-contact": N_("the exchange with medical organisations")}
REFUSALS: Final[dict[type[DomainError], str]] = {
    NotFound: N_(
        "No letter of the Fund has this code. Compare it with the code in the letter. If it is the same, the letter is not from the Fund."
    ),
    InvalidInput: N_("The code has 20 digits. It is printed at the end of the letter, next to the QR code."),
    TooMany: N_("Too many codes were checked from your network. Please try again in a minute."),
    PayloadTooLarge: N_("The file is too large to be a letter of the Fund."),
}
PAGES: Final = Pages(SLICE / "templates", locale_dirs=[SLICE.parent / "locales"], assets_prefix="/routing/static")
router = APIRouter(include_in_schema=False, dependencies=[Depends(show_viewer)])


class SentCheck(NamedTuple):
    """What the form sent: the code as typed, and the SHA-256 of the chosen file, None without one."""

    code: str
    sha256: str | None


@router.get("/letters")
async def letter_check(request: Request, units: UnitsOfWorkDep, code: str = "") -> HTMLResponse:
    """The form for a code. With a code in the address, as in the QR code of a letter, the letter is checked at once."""
    code = code[:100]
    return await _checked(request, units, SentCheck(code, None)) if code else _page(request, "")


@router.post("/letters", dependencies=[Depends(require_same_origin)])
async def check_posted(request: Request, units: UnitsOfWorkDep) -> HTMLResponse:
    """Check a code, and compare a file with what was issued under it."""
    try:
        sent = await _read(request)
    except PayloadTooLarge as refusal:
        return _page(request, "", refusal=refusal)
    return await _checked(request, units, sent)


@router.get("/desk/{appeal_id}/letter")
async def desk_letter(
    request: Request, appeal_id: UUID, principal: PagePrincipalDep, units: UnitsOfWorkDep, contents: ContentsDep
) -> Response:
    """Open the latest answer of a case as a letter; while the applicant cannot be fetched, lead back to the case, which says so."""
    case = f"/routing/desk/{appeal_id}"
    if principal.is_anonymous:
        return RedirectResponse("/sign-in?" + urlencode({"next": case}), 303)
    check_role(principal, *STAFF, "admin")
    try:
        return await letter_for_clerk(units, contents, principal, appeal_id, origin_of(request))
    except Unavailable:
        return RedirectResponse(f"{case}?flash={Unavailable.code}", 303)


@router.get("/desk/{appeal_id}/file")
async def desk_case_file(
    request: Request, appeal_id: UUID, principal: PagePrincipalDep, units: UnitsOfWorkDep, contents: ContentsDep
) -> Response:
    """Open the whole case file in the language of the page; while a part is missing, a page names the part."""
    if principal.is_anonymous:
        return RedirectResponse("/sign-in?" + urlencode({"next": f"/routing/desk/{appeal_id}"}), 303)
    check_role(principal, *FILE_ROLES)
    try:
        return await case_file(units, contents, principal, appeal_id, language_of(request))
    except CaseFileIncomplete as refusal:
        missing = [PAGES.text(request, OWNER_NAMES[owner]) for owner in refusal.missing]
        return PAGES.render(request, "case_file_missing.html", refusal.status, missing=missing, case=f"/routing/desk/{appeal_id}")


async def _read(request: Request) -> SentCheck:
    code, digest = "", None
    async for part in parts_of(request, limit=FILE_LIMIT):
        if part.name == "code":
            code = await part.text(limit=1000)
        elif part.name == "document" and part.filename:
            found = sha256()
            async for chunk in part.chunks:
                found.update(chunk)
            digest = found.hexdigest()
    return SentCheck(code, digest)


async def _checked(request: Request, units: UnitsOfWork, sent: SentCheck) -> HTMLResponse:
    checks: LetterChecks = request.app.state.letter_checks
    try:
        checks.spend(request)
        asked = parse(LetterCheckIn, to_json({"code": sent.code, "sha256": sent.sha256}))
        async with units.read() as work:
            return _page(request, sent.code, found=await check(work, asked))
    except (NotFound, InvalidInput, TooMany) as refusal:
        return _page(request, sent.code, refusal=refusal)


def _page(request: Request, code: str, *, found: LetterCheckOut | None = None, refusal: DomainError | None = None) -> HTMLResponse:
    digits = digits_as_typed(code)
    response = PAGES.render(
        request,
        "letter_check.html",
        refusal.status if refusal is not None else 200,
        code=in_groups(digits) if len(digits) == CODE_DIGITS else code,
        found=found,
        written_in=PAGES.text(request, LANGUAGE_NAMES[found.language]) if found is not None and found.language in LANGUAGE_NAMES else "",
        error=PAGES.text(request, REFUSALS[type(refusal)]) if refusal is not None else None,
    )
    response.headers["Cache-Control"] = "no-store"
    if refusal is not None:
        response.headers.update(refusal.headers)
    return response
