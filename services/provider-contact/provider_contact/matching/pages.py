"""The page of the names that wait for a clerk, and the forms that choose: of this page, and of the case at the desk."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Final, NamedTuple
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse
from starlette.datastructures import URL
from starlette.responses import Response

from provider_contact.directory.dependencies import DirectoryDep
from provider_contact.inquiries.dependencies import NoticesDep
from provider_contact.inquiries.errors import ActionNotPossible
from provider_contact.inquiries.service import appeals_in
from provider_contact.matching import repository
from provider_contact.matching.schemas import MatchItem
from provider_contact.matching.service import choices
from provider_contact.matching.service.typed_names import typed_names
from shared.auth import STAFF, PagePrincipalDep, Principal, check_role, require_page
from shared.dependencies import ContentsDep, UnitsOfWorkDep
from shared.domain.labels import Language
from shared.domain.regions import regions
from shared.errors import InvalidInput
from shared.forms import read_fields
from shared.http import Cursor, CursorText
from shared.visibility import visible_cases
from shared.web.i18n import N_
from shared.web.languages import language_of
from shared.web.pages import Flash, Pages
from shared.web.security import require_same_origin
from shared.web.viewer import show_viewer

SLICE: Final = Path(__file__).parent
PATH: Final = "/provider-contact/matches"
LISTED: Final = 25
FORM_LIMIT: Final = 10_000  # bytes: an id
FIELDS_LIMIT: Final = 5
NONE: Final = "none"
"""The value of the choice that no candidate is meant."""
LIST: Final = "list"
"""The value of `from` in a form of the list; the forms of the desk have none."""

PAGES: Final = Pages(
    SLICE / "templates",
    locale_dirs=[SLICE.parent / "locales"],
    assets_prefix="/provider-contact/static",
    flashes={
        "provider-chosen": Flash(N_("The organisation is chosen.")),
        "provider-none": Flash(N_("It is noted that none of these is meant.")),
        "provider-not-chosen": Flash(
            N_("Nothing was chosen: mark an organisation and tick the confirmation. Perhaps a colleague has chosen already."), "warn"
        ),
    },
)
ClerkDep = Annotated[Principal, Depends(require_page(*STAFF))]
router = APIRouter(include_in_schema=False, dependencies=[Depends(show_viewer)])


class CandidateLine(NamedTuple):
    """An organisation that may be meant."""

    id: str
    name: str
    about: str
    """Its region, and how much its name is like the typed one, from 0 to 1."""
    score: float


class MatchLine(NamedTuple):
    """A name that waits for a clerk. `typed` None: intake does not answer, or the text is erased."""

    appeal_id: str
    number: str
    region: str
    received_at: datetime
    zone: ZoneInfo
    typed: str | None
    candidates: list[CandidateLine]


@router.get("/matches")
async def matches(
    request: Request,
    directory: DirectoryDep,
    principal: PagePrincipalDep,
    units: UnitsOfWorkDep,
    contents: ContentsDep,
    cursor: CursorText = None,
) -> Response:
    """List the typed names that no rule could decide, the longest waiting first. Every read of the names is audited by intake."""
    if principal.is_anonymous:
        return RedirectResponse("/sign-in?" + urlencode({"next": PATH}), 303)
    check_role(principal, *STAFF, "admin")
    after = Cursor.decode(cursor, datetime, UUID) if cursor is not None else None
    async with units.read() as work:
        found, total = await repository.waiting_names(work.session, appeals_in(visible_cases(principal), None), after, LISTED + 1)
    page = found[:LISTED]
    names = await typed_names(contents, [waiting.match.appeal_id for waiting in page], principal.subject)
    index, language = await directory.current(), language_of(request)
    items = [choices.match_item(waiting, names.get(waiting.match.appeal_id), index, principal) for waiting in page]
    last = page[-1].match if len(found) > LISTED else None
    return PAGES.render(
        request,
        "matches.html",
        matches=[_line(item, language) for item in items],
        total=total,
        may_choose=principal.is_staff,
        none=NONE,
        next=f"{PATH}?{urlencode({'cursor': Cursor.encode(last.noted_at, last.appeal_id)})}" if last else None,
        first=PATH if cursor else None,
    )


@router.post("/matches/{appeal_id}", dependencies=[Depends(require_same_origin)])
async def choose(
    request: Request, appeal_id: UUID, clerk: ClerkDep, directory: DirectoryDep, units: UnitsOfWorkDep, notices: NoticesDep
) -> RedirectResponse:
    """Choose the provider that the applicant means, or none, and return to the list or to the case at the desk."""
    sent = await read_fields(request, limit=FORM_LIMIT, most=FIELDS_LIMIT)
    chosen, is_listed = sent.get("provider_id", ""), sent.get("from") == LIST
    flash = "provider-not-chosen"
    try:
        if is_listed and not sent.get("sure"):
            pass
        elif chosen == NONE:
            async with units.write() as work:
                await choices.choose_none(work, appeal_id, clerk)
            flash = "provider-none"
        else:
            index = await directory.current()
            async with units.write() as work:
                await choices.choose(work, appeal_id, _id_of(chosen), clerk, index, notices)
            flash = "provider-chosen"
    except (ActionNotPossible, InvalidInput):
        pass
    desk = str(URL(f"/routing/desk/{appeal_id}").replace(query=request.url.query))  # the list stays open next to the case
    return PAGES.redirect(PATH if is_listed else desk, flash=flash)


def _id_of(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise InvalidInput.field("provider_id", "required", "This field is required.") from None


def _line(item: MatchItem, language: Language) -> MatchLine:
    region = regions()[item.region]
    return MatchLine(
        appeal_id=str(item.appeal_id),
        number=item.number,
        region=region.label.in_(language),
        received_at=item.received_at,
        zone=region.timezone,
        typed=item.name,
        candidates=[
            CandidateLine(
                id=str(candidate.provider_id),
                name=candidate.name_kk if language == "kk" else candidate.name_ru,
                about=regions()[candidate.region].label.in_(language) if candidate.region in regions() else "",
                score=100 * candidate.score,
            )
            for candidate in item.candidates
        ],
    )
