"""Pages of checks for those who call applicants: the list, and one check with the number, what to say, and the form of the result."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Final, NamedTuple
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse
from starlette.responses import Response

from provider_contact.checks import repository
from provider_contact.checks.codes import CheckResult, CheckStatus, CheckSubject
from provider_contact.checks.errors import CheckEnded
from provider_contact.checks.policy import call_script
from provider_contact.checks.service import record_result
from provider_contact.directory.dependencies import DirectoryDep
from provider_contact.directory.service import ProviderIndex
from provider_contact.inquiries.service import appeals_in
from provider_contact.proposals import service as proposals
from provider_contact.proposals.errors import ProposalNotConfirmed
from shared.auth import STAFF, PagePrincipalDep, Principal, check_role, require_page
from shared.contents import Contents, OwnerUnavailable
from shared.dependencies import ContentsDep, UnitsOfWorkDep
from shared.domain.labels import Label, Language
from shared.domain.regions import regions
from shared.domain.taxonomy import taxonomy
from shared.errors import NotFound
from shared.forms import read_fields
from shared.http import Cursor, CursorText
from shared.unit_of_work import UnitOfWork, UnitsOfWork
from shared.visibility import EVERYTHING, visible_cases
from shared.web.i18n import N_
from shared.web.languages import language_of
from shared.web.pages import Flash, Pages
from shared.web.security import require_same_origin
from shared.web.viewer import show_viewer

SLICE: Final = Path(__file__).parent
PATH: Final = "/provider-contact/checks"
PURPOSE: Final = "outcome-check"
LISTED: Final = 25
TEXT_LIMIT: Final = 4_000
FORM_LIMIT: Final = 40_000  # bytes: a note in Kazakh letters, escaped
_UNNAMED: Final = Label("аты белгісіз ұйым", "организация без названия", "an organisation without a name")
MESSAGES: Final = {
    "result": N_("Choose how the call ended."),
    "text": N_("Write down what the applicant said: up to 4,000 characters."),
}
PAGES: Final = Pages(
    SLICE / "templates",
    locale_dirs=[SLICE.parent / "locales"],
    assets_prefix="/provider-contact/static",
    flashes={
        "check-saved": Flash(N_("The result of the call is saved.")),
        "check-again": Flash(N_("It is noted that nobody answered. The applicant is called again later.")),
        "check-ended": Flash(N_("A colleague has saved a result meanwhile, or the case was reopened. Nothing was changed."), "warn"),
    },
)
CallerDep = Annotated[Principal, Depends(require_page(*STAFF))]
router = APIRouter(include_in_schema=False, dependencies=[Depends(show_viewer)])


class CheckLine(NamedTuple):
    """A check of the list."""

    href: str
    number: str
    about: CheckSubject
    region: str
    category: str
    provider: str | None
    stated_at: datetime
    zone: ZoneInfo
    attempts: int


class Callee(NamedTuple):
    """Whom to call. None: the applicant did not give it. `available` is False while intake does not answer."""

    full_name: str | None = None
    phone: str | None = None
    available: bool = True


@router.get("/checks")
async def checks(
    request: Request, directory: DirectoryDep, principal: PagePrincipalDep, units: UnitsOfWorkDep, cursor: CursorText = None
) -> Response:
    """List the applicants to be called about a confirmation or a withdrawal, the longest waiting first."""
    if principal.is_anonymous:
        return RedirectResponse("/sign-in?" + urlencode({"next": PATH}), 303)
    check_role(principal, *STAFF, "admin")
    after = Cursor.decode(cursor, datetime, UUID) if cursor is not None else None
    async with units.read() as work:
        found, total = await repository.listed_checks(
            work.session, appeals_in(EVERYTHING, None), visible_cases(principal), CheckStatus.OPEN, after, LISTED + 1
        )
        now = work.clock.now()
    index, language, page = await directory.current(), language_of(request), found[:LISTED]
    last = page[-1].check if len(found) > LISTED else None
    return PAGES.render(
        request,
        "checks.html",
        checks=[_line(listed, index, language) for listed in page if listed.check.call_from <= now],
        later=[_line(listed, index, language) for listed in page if listed.check.call_from > now],
        total=total,
        next=f"{PATH}?{urlencode({'cursor': Cursor.encode(last.call_from, last.check_id)})}" if last else None,
        first=PATH if cursor else None,
    )


@router.get("/checks/{check_id}")
async def check_page(
    request: Request,
    check_id: UUID,
    directory: DirectoryDep,
    principal: PagePrincipalDep,
    units: UnitsOfWorkDep,
    contents: ContentsDep,
) -> Response:
    """Show a check with the number to call and what to say. Intake records who read the number."""
    if principal.is_anonymous:
        return RedirectResponse("/sign-in?" + urlencode({"next": f"{PATH}/{check_id}"}), 303)
    check_role(principal, *STAFF)
    return await _show(request, check_id, principal, units, contents, await directory.current())


@router.post("/checks/{check_id}", dependencies=[Depends(require_same_origin)])
async def record_call(
    request: Request, check_id: UUID, caller: CallerDep, directory: DirectoryDep, units: UnitsOfWorkDep, contents: ContentsDep
) -> Response:
    """Record how the call ended."""
    sent = await read_fields(request, limit=FORM_LIMIT)
    result, text = sent.get("result", ""), sent.get("text", "").strip()
    wrong = {"result": result not in frozenset[str](CheckResult), "text": not text or len(text) > TEXT_LIMIT}
    if any(wrong.values()):
        errors = [(name, PAGES.text(request, MESSAGES[name])) for name, is_wrong in wrong.items() if is_wrong]
        index = await directory.current()
        return await _show(request, check_id, caller, units, contents, index, typed=sent, errors=errors)
    try:
        async with units.write() as work:
            listed = await record_result(work, check_id, CheckResult(result), text, caller)
            status = listed.check.status
    except (CheckEnded, ProposalNotConfirmed):
        return PAGES.redirect(PATH, flash="check-ended")
    return PAGES.redirect(PATH, flash="check-again" if status is CheckStatus.OPEN else "check-saved")


async def _show(
    request: Request,
    check_id: UUID,
    principal: Principal,
    units: UnitsOfWork,
    contents: Contents,
    index: ProviderIndex,
    *,
    typed: Mapping[str, str] | None = None,
    errors: Sequence[tuple[str, str]] = (),
) -> Response:
    async with units.write() as work:  # what the provider proposes is read audited
        listed = await repository.check_in(work.session, check_id, appeals_in(EVERYTHING, None), visible_cases(principal))
        if listed is None:
            raise NotFound
        proposal = await _proposal(work, listed, principal)
    if listed.check.status not in {CheckStatus.OPEN, CheckStatus.NOT_DRAWN}:
        return PAGES.redirect(PATH, flash="check-ended")
    language = language_of(request)
    line = _line(listed, index, language)
    names: dict[str, Any] = {"provider": _name(listed, index)}
    script = call_script(listed.check.about, has_provider=listed.check.provider_id is not None)
    return PAGES.render(
        request,
        "check.html",
        status=422 if errors else 200,
        line=line,
        appeal_id=listed.check.appeal_id,
        callee=await _callee(contents, listed.check.appeal_id, principal),
        proposal=proposal,
        script=[sentence.filled(**names).in_(language) for sentence in script],
        typed=typed or {},
        errors=list(errors),
        error=dict(errors),
    )


async def _proposal(work: UnitOfWork, listed: repository.ListedCheck, principal: Principal) -> str | None:
    """Return what the provider proposed, and record the read; None for a withdrawal."""
    proposal_id = listed.check.proposal_id
    if proposal_id is None:
        return None
    await work.audit.record(reader=principal.subject, purpose=PURPOSE, ids=[proposal_id])
    found = (await proposals.proposal_texts(work, [proposal_id])).get(proposal_id)
    return found["text"] if found else None


async def _callee(contents: Contents, appeal_id: UUID, principal: Principal) -> Callee:
    try:
        found = await contents.read("intake", [appeal_id], purpose=PURPOSE, on_behalf_of=principal.subject, role=principal.role)
    except OwnerUnavailable:
        return Callee(available=False)
    applicant = (found.get(appeal_id) or {}).get("applicant") or {}
    return Callee(applicant.get("full_name"), applicant.get("phone"))


def _name(listed: repository.ListedCheck, index: ProviderIndex) -> Label:
    provider = index.providers.get(listed.check.provider_id) if listed.check.provider_id else None
    return Label(provider.name_kk, provider.name_ru, provider.name_ru) if provider else _UNNAMED


def _line(listed: repository.ListedCheck, index: ProviderIndex, language: Language) -> CheckLine:
    check, region = listed.check, regions()[listed.region]
    category = taxonomy().categories.get(listed.category or "")
    return CheckLine(
        href=f"{PATH}/{check.check_id}",
        number=listed.number,
        about=check.about,
        region=region.label.in_(language),
        category=category.label.in_(language) if category else "",
        provider=_name(listed, index).in_(language) if check.provider_id else None,
        stated_at=check.stated_at,
        zone=region.timezone,
        attempts=check.attempts,
    )
