"""The routes of the desk: the list, the case, and the forms of the actions, over the same use cases as the API."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from pydantic_core import to_json
from starlette.responses import RedirectResponse

from routing.cases import service as cases
from routing.cases.schemas.commands import COMMANDS, CaseAction, Command
from routing.cases.schemas.conversation import CaseConversation, NoteIn
from routing.cases.schemas.views import CaseView, ColleagueView
from routing.cases.service import colleagues
from routing.desk.errors import AttachmentGone, AttachmentNotScanned
from routing.desk.pages import forms
from routing.desk.pages.case import CasePage, case_page
from routing.desk.pages.case_forms import case_forms
from routing.desk.pages.contents import fetched_contents
from routing.desk.pages.listing import PATH, CaseList, ListPosition, case_list, position_of, visible_cases_text
from routing.desk.pages.notes import PATH as NOTES
from routing.desk.pages.notes import NoteForm, submitted_note
from routing.desk.pages.provider import provider_card, provider_ids
from routing.desk.pages.reader import DeskReader
from routing.desk.pages.thread import thread
from routing.desk.service.attachments import open_attachment
from routing.desk.service.conversation import conversation, fetch_exchange, fetch_owners
from routing.desk.service.visits import record_visit
from shared.auth import STAFF, PagePrincipalDep, Principal, check_role
from shared.contents import Contents
from shared.dependencies import ContentsDep, UnitsOfWorkDep
from shared.domain.calendar import calendar_ends_soon
from shared.errors import Conflict, InvalidInput, NotFound, Unavailable
from shared.http import parse
from shared.unit_of_work import UnitOfWork, UnitsOfWork
from shared.visibility import visible_cases
from shared.web.i18n import N_
from shared.web.languages import language_of
from shared.web.pages import Flash, Pages
from shared.web.security import require_same_origin
from shared.web.viewer import show_viewer

SLICE: Final = Path(__file__).parents[1]
FLASHES: Final[Mapping[str, Flash]] = {
    **dict.fromkeys(CaseAction, Flash(N_("The action was carried out."))),
    CaseAction.CLAIM: Flash(N_("The case is yours now.")),
    CaseAction.ASSIGN: Flash(N_("The case was given to your colleague.")),
    CaseAction.CLASSIFY: Flash(N_("The correction is saved. The tier and the deadline follow from it.")),
    CaseAction.ESCALATE: Flash(N_("The case was passed to the next tier.")),
    CaseAction.ANSWER: Flash(N_("The answer is on its way to the applicant.")),
    CaseAction.CLOSE: Flash(N_("The case is closed.")),
    CaseAction.ASK: Flash(N_("The question is on its way to the applicant.")),
    CaseAction.REQUEST_COMPLETION: Flash(N_("The applicant is asked for what is missing.")),
    CaseAction.RETURN: Flash(N_("The appeal is returned.")),
    CaseAction.TERMINATE: Flash(N_("The consideration is terminated.")),
    CaseAction.FORWARD: Flash(N_("The appeal is forwarded, and the applicant is notified.")),
    "provider-chosen": Flash(N_("The organisation is chosen. The case shows it in a moment.")),
    "provider-none": Flash(N_("It is noted that none of these is meant.")),
    "provider-not-chosen": Flash(N_("Nothing was chosen: the choice is made already, or no organisation was marked."), "warn"),
    CaseAction.ASK_PROVIDER: Flash(N_("The inquiry is on its way to the medical organisation.")),
    CaseAction.LOG_CALL: Flash(N_("The call is logged.")),
    NOTES: Flash(N_("The note is saved. Colleagues alone can read it.")),
    CaseAction.REDIRECT: Flash(N_("It is noted that the danger was passed on.")),
    AttachmentNotScanned.code: Flash(N_("The file is still being checked for viruses. Try again in a minute."), "warn"),
    AttachmentGone.code: Flash(N_("The file cannot be opened any more. Ask the applicant to send it again."), "warn"),
    Unavailable.code: Flash(N_("The register does not answer just now. Try again in a minute."), "warn"),
    "view-saved": Flash(N_("The list is saved.")),
    "view-renamed": Flash(N_("The saved list has its new name.")),
    "view-deleted": Flash(N_("The saved list is deleted.")),
    "view-name": Flash(N_("Give the list a name of 1 to 60 characters."), "warn"),
    "view-limit": Flash(N_("You have 20 saved lists. Delete one that you no longer need."), "warn"),
}
PAGES: Final = Pages(
    SLICE / "templates",
    locale_dirs=[SLICE.parent / "locales"],
    static_dirs=[SLICE / "static"],
    assets_prefix="/routing/static",
    flashes=FLASHES,
)
_COMMANDS: Final[Mapping[str, type[Command]]] = {command.ACTION: command for command in COMMANDS}


async def _clerk(request: Request, principal: PagePrincipalDep) -> Principal | None:
    """Return the clerk, or None for a visitor who has to sign in. Raises Forbidden for any other role."""
    if principal.is_anonymous:
        return None
    check_role(principal, *STAFF, "admin")
    await request.app.state.colleagues.record(principal)
    return principal


ClerkDep = Annotated[Principal | None, Depends(_clerk)]


@dataclass(frozen=True, slots=True)
class DeskRequest:
    """A request for a page, and what answers it. An action is a transaction; the page is a snapshot and the audit of it.

    Both are closed before contents are fetched.
    """

    request: Request
    units: UnitsOfWork
    contents: Contents

    def reader(self, principal: Principal) -> DeskReader:
        """Return the reader of the page."""

        def translate(message: str, **values: object) -> str:
            return PAGES.text(self.request, message, **values)

        return DeskReader(language_of(self.request), translate, principal.subject, self.units.clock.now())


@dataclass(frozen=True, slots=True)
class FoundCase:
    """What the desk's own database knows of a case, read in one snapshot with the list beside it."""

    case: CaseView
    written: CaseConversation
    seeing: Sequence[ColleagueView]
    """The colleagues who see the case, to be assigned or mentioned."""
    assignee_name: str | None


async def _desk_request(request: Request, units: UnitsOfWorkDep, contents: ContentsDep) -> DeskRequest:
    return DeskRequest(request, units, contents)


DeskDep = Annotated[DeskRequest, Depends(_desk_request)]
router = APIRouter(include_in_schema=False, dependencies=[Depends(show_viewer)])


@router.get("/desk")
async def desk(asked: DeskDep, principal: ClerkDep) -> Response:
    """Show the list alone."""
    return await _show(asked, principal, None) if principal else _to_sign_in(asked.request)


@router.get("/desk/{appeal_id}")
async def desk_case(asked: DeskDep, appeal_id: UUID, principal: ClerkDep) -> Response:
    """Show a case beside the list. `?show=applicant` fetches and shows the applicant."""
    return await _show(asked, principal, appeal_id) if principal else _to_sign_in(asked.request)


@router.get("/desk/{appeal_id}/files/{attachment_id}")
async def desk_file(asked: DeskDep, appeal_id: UUID, attachment_id: UUID, principal: ClerkDep) -> Response:
    """Open a file of a case; one that may not be opened leads back to the case, which says why."""
    if principal is None:
        return _to_sign_in(asked.request, appeal_id)
    async with asked.units.read() as work:
        await cases.check_visible(work, principal, appeal_id)
    try:
        return await open_attachment(asked.contents, principal, appeal_id, attachment_id)
    except (AttachmentNotScanned, AttachmentGone, Unavailable) as error:
        return PAGES.redirect(ListPosition().href(appeal_id), flash=error.code)


@router.post(f"/desk/{{appeal_id}}/{NOTES}", dependencies=[Depends(require_same_origin)])
async def add_note(asked: DeskDep, appeal_id: UUID, principal: ClerkDep) -> Response:
    """Add a note for colleagues. A form with errors is shown again with everything that was entered."""
    if principal is None:
        return _to_sign_in(asked.request, appeal_id)
    check_role(principal, *STAFF)
    note = submitted_note(await forms.read(asked.request))
    try:
        given = parse(NoteIn, to_json({"text": note.text, "mentions": note.mentions}))
        async with asked.units.write() as work:
            await cases.add_note(work, principal, appeal_id, given)
    except InvalidInput as error:
        note.refuse(error.errors, asked.reader(principal))
        return await _show(asked, principal, appeal_id, note=note, status=error.status)
    return PAGES.redirect(position_of(asked.request.query_params).href(appeal_id), flash=NOTES)


@router.get("/desk/{appeal_id}/{action}")
async def desk_form(request: Request, appeal_id: UUID, action: str) -> Response:
    """Redirect to the case: the target of a form is no page, but a reload or a change of language requests it."""
    if action not in {*_COMMANDS, NOTES}:
        raise NotFound
    return PAGES.redirect(position_of(request.query_params).href(appeal_id, **_chosen_language(request)))


@router.post("/desk/{appeal_id}/{action}", dependencies=[Depends(require_same_origin)])
async def carry_out(asked: DeskDep, appeal_id: UUID, action: str, principal: ClerkDep) -> Response:
    """Carry out an action. A form with errors or a conflict is shown again with everything that was entered."""
    if principal is None:
        return _to_sign_in(asked.request, appeal_id)
    if action not in _COMMANDS:
        raise NotFound
    sent = await forms.read(asked.request)
    fields = [name for name in _COMMANDS[action].model_fields if name != "expected_version"]
    form = forms.submitted(CaseAction(action), sent, fields, with_blank="more" in sent)
    if "more" in sent:
        form.findings = [*form.findings, forms.blank_finding(None)]
        return await _show(asked, principal, appeal_id, form)
    try:
        command = parse(_COMMANDS[action], to_json({"expected_version": _version(sent)} | form.body()))
        async with asked.units.write() as work:
            case = await cases.lock_case(work, principal, appeal_id)
            done = await cases.carry_out(work, principal, case, command)
    except InvalidInput as error:
        form.refuse(error.errors, asked.reader(principal))
        return await _show(asked, principal, appeal_id, form, status=error.status)
    except Conflict as error:
        form.conflict = True
        return await _show(asked, principal, appeal_id, form, status=error.status)
    position = position_of(asked.request.query_params)
    is_visible = visible_cases(principal).allows(done.region, done.tier, done.provider_id)
    return PAGES.redirect(position.href(appeal_id) if is_visible else position.href(), flash=action)


def _version(sent: Mapping[str, str]) -> int | None:
    text = sent.get("expected_version", "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < len(str(2**31)) else None


def _to_sign_in(request: Request, appeal_id: UUID | None = None) -> Response:
    path = f"{PATH}/{appeal_id}" if appeal_id else request.scope["path"]
    sent = request.scope["query_string"].decode()
    query = f"?{sent}" if sent else ""
    return RedirectResponse("/sign-in?" + urlencode({"next": path + query}), 303)


def _chosen_language(request: Request) -> dict[str, str]:
    return {"lang": language_of(request)} if "lang" in request.query_params else {}


async def _show(
    asked: DeskRequest,
    principal: Principal,
    appeal_id: UUID | None,
    form: forms.SubmittedForm | None = None,
    *,
    note: NoteForm | None = None,
    status: int = 200,
) -> Response:
    """Render the page, with a form that came back. Raises NotFound for a case that does not exist or is not visible."""
    reader, position, form = asked.reader(principal), position_of(asked.request.query_params), form or forms.SubmittedForm()
    async with asked.units.read() as work:
        queue = await case_list(work, principal, position, reader, appeal_id)
        found = await _read_case(work, principal, appeal_id) if appeal_id else None
    page = await _case_page(asked, principal, found, form, note or NoteForm(), queue) if found else None
    is_lost = page is not None and form.action is not None and form.action not in page.post
    form.still_possible = not is_lost
    return PAGES.render(
        asked.request,
        "desk.html",
        status,
        calendar_ends=calendar_ends_soon(reader.now.date()),
        queue=queue,
        case=page,
        visible=visible_cases_text(principal, reader),
        form=form,
        entered=form.entered(reader) if is_lost else [],
    )


async def _read_case(work: UnitOfWork, principal: Principal, appeal_id: UUID) -> FoundCase:
    case = await cases.read_case(work, principal, appeal_id)
    return FoundCase(
        case,
        written=await cases.conversation_of(work, case),
        seeing=await colleagues.possible_assignees(work, case) if principal.is_staff else [],
        assignee_name=await colleagues.name_of(work, case.assignee) if case.assignee else None,
    )


async def _case_page(
    asked: DeskRequest, principal: Principal, found: FoundCase, form: forms.SubmittedForm, note: NoteForm, queue: CaseList
) -> CasePage:
    """Fetch what others own of the case, record that it is read, and return its page."""
    case, reader = found.case, asked.reader(principal)
    shows_applicant = asked.request.query_params.get("show") == "applicant"
    owners, exchange = await asyncio.gather(
        fetch_owners(asked.contents, found.written, principal, shows_applicant=shows_applicant),
        fetch_exchange(asked.contents, case.appeal_id, principal),
    )
    async with asked.units.write() as work:
        await cases.record_read(work, principal, case.appeal_id)
        await record_visit(work, principal, case)
        names = await cases.providers_by_id(work, provider_ids(exchange))
        may_ask = any(offer.action is CaseAction.ASK_PROVIDER for offer in case.next_actions)
        of_region = await cases.active_providers(work, case.region) if may_ask else []
    written = conversation(found.written, owners, f"{PATH}/{case.appeal_id}/files")
    position = position_of(asked.request.query_params)
    if position.tab is None and not position.is_search:
        position = replace(position, tab=queue.tab)
    choices = case_forms(case, form, reader, colleagues.labels(found.seeing, reader.language))
    contents = fetched_contents(owners, reader, shows_applicant=shows_applicant)
    lines = thread(written, case.classification.get("evidence", ()), reader)
    may_choose = principal.is_staff
    card = provider_card(case, contents.provider_name, exchange, names, of_region, reader, may_choose=may_choose)
    note_form = note.offer(found.seeing, reader) if principal.is_staff else None
    return case_page(case, contents, lines, card, choices, note_form, reader, position, assignee_name=found.assignee_name)
