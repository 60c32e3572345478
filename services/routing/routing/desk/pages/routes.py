"""The routes of the desk: the list, the case, and the forms of the actions, over the same use cases as the API."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Final, NamedTuple
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from pydantic_core import to_json
from starlette.responses import RedirectResponse

from routing.cases import service as cases
from routing.cases.codes import EntryType
from routing.cases.schemas.command import CaseAction, Command
from routing.cases.schemas.commands import COMMANDS
from routing.cases.schemas.conversation import CaseConversation, NoteIn
from routing.cases.schemas.drafts import DraftView
from routing.cases.schemas.views import CaseView, ColleagueView
from routing.cases.service import colleagues, shifts
from routing.desk.errors import AttachmentGone, AttachmentNotScanned
from routing.desk.pages import forms
from routing.desk.pages.approval import approval_note, people_of
from routing.desk.pages.bulk import SELECT, BulkOutcome, bulk_bar
from routing.desk.pages.case import CasePage, case_page
from routing.desk.pages.case_forms import AnswerWriting, case_forms
from routing.desk.pages.contents import fetched_contents
from routing.desk.pages.drafts import DRAFT, draft_note, save_refused, shown_answer
from routing.desk.pages.explanation import explanation_of
from routing.desk.pages.flashes import FLASHES, flash_of
from routing.desk.pages.issues import CHOSEN, issues_card
from routing.desk.pages.keepers import articles_note
from routing.desk.pages.links import RELATED, links_card
from routing.desk.pages.listing import PATH, CaseList, ListPosition, case_list, position_of, visible_cases_text
from routing.desk.pages.meanwhile import meanwhile_lines
from routing.desk.pages.notes import PATH as NOTES
from routing.desk.pages.notes import NoteForm, submitted_note
from routing.desk.pages.people import ABSENCE, AbsenceForm, choices_of
from routing.desk.pages.presence import PATH as PRESENCE
from routing.desk.pages.presence import Presence, presence_lines
from routing.desk.pages.preview import preview_of
from routing.desk.pages.provider import provider_card, provider_ids
from routing.desk.pages.reader import DeskReader
from routing.desk.pages.ready_texts import TEXTS, case_articles, offered_articles, ready_texts
from routing.desk.pages.thread import thread
from routing.desk.pages.waiting import waiting_answers
from routing.desk.service import related
from routing.desk.service.attachments import APPLICANT, PROVIDER, open_attachment
from routing.desk.service.conversation import FileAddresses, conversation, fetch_exchange, fetch_owners
from routing.desk.service.presence import BEAT_SECONDS, present_colleagues, record_presence
from routing.desk.service.visits import record_visit
from routing.knowledge import service as knowledge
from shared.auth import STAFF, PagePrincipalDep, Principal, check_role
from shared.contents import Contents
from shared.dependencies import ContentsDep, UnitsOfWorkDep
from shared.domain.calendar import calendar_ends_soon
from shared.domain.labels import Language
from shared.errors import Conflict, InvalidInput, NotFound, Unavailable
from shared.http import parse
from shared.unit_of_work import UnitOfWork, UnitsOfWork
from shared.visibility import visible_cases
from shared.web.languages import language_of
from shared.web.pages import Pages
from shared.web.security import require_same_origin
from shared.web.viewer import show_viewer

SLICE: Final = Path(__file__).parents[1]
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

    def reader(self, principal: Principal, language: Language | None = None) -> DeskReader:
        """Return the reader of the page; with a language, one who reads in it."""
        chosen = language or language_of(self.request)

        def translate(message: str, **values: object) -> str:
            translated = PAGES.translations.gettext(chosen, message)
            return translated % values if values else translated

        return DeskReader(chosen, translate, principal.subject, self.units.clock.now())


@dataclass(frozen=True, slots=True)
class FoundCase:
    """What the desk's own database knows of a case, read in one snapshot with the list beside it."""

    case: CaseView
    written: CaseConversation
    seeing: Sequence[ColleagueView]
    """The colleagues who see the case, to be assigned or mentioned."""
    assignee_name: str | None
    draft: DraftView | None
    extension_author: str | None
    approval_names: Mapping[str, str | None]


class Returned(NamedTuple):
    """What came back from a post and is shown again: the form of an action, the note, and what articles were searched for."""

    form: forms.SubmittedForm
    note: NoteForm
    query: str | None


async def _desk_request(request: Request, units: UnitsOfWorkDep, contents: ContentsDep) -> DeskRequest:
    return DeskRequest(request, units, contents)


DeskDep = Annotated[DeskRequest, Depends(_desk_request)]
router = APIRouter(include_in_schema=False, dependencies=[Depends(show_viewer)])


@router.get("/desk")
async def desk(asked: DeskDep, principal: ClerkDep) -> Response:
    """Show the list alone."""
    return await show(asked, principal, None) if principal else to_sign_in(asked.request)


@router.get("/desk/{appeal_id}")
async def desk_case(asked: DeskDep, appeal_id: UUID, principal: ClerkDep) -> Response:
    """Show a case beside the list. `?show=applicant` fetches and shows the applicant."""
    return await show(asked, principal, appeal_id) if principal else to_sign_in(asked.request)


@router.get("/desk/{appeal_id}/files/{attachment_id}")
async def desk_file(asked: DeskDep, appeal_id: UUID, attachment_id: UUID, principal: ClerkDep) -> Response:
    """Open a file of the applicant; one that may not be opened leads back to the case, which says why."""
    return await _open_file(asked, appeal_id, attachment_id, principal, APPLICANT)


@router.get("/desk/{appeal_id}/provider-files/{attachment_id}")
async def desk_provider_file(asked: DeskDep, appeal_id: UUID, attachment_id: UUID, principal: ClerkDep) -> Response:
    """Open a file of a provider's answer; one that may not be opened leads back to the case, which says why."""
    return await _open_file(asked, appeal_id, attachment_id, principal, PROVIDER)


async def _open_file(asked: DeskDep, appeal_id: UUID, attachment_id: UUID, principal: ClerkDep, owner: str) -> Response:
    if principal is None:
        return to_sign_in(asked.request, appeal_id)
    async with asked.units.read() as work:
        await cases.visible_case(work, principal, appeal_id)
    try:
        return await open_attachment(asked.contents, principal, appeal_id, attachment_id, owner)
    except (AttachmentNotScanned, AttachmentGone, Unavailable) as error:
        return PAGES.redirect(ListPosition().href(appeal_id), flash=error.code)


@router.post(f"/desk/{{appeal_id}}/{NOTES}", dependencies=[Depends(require_same_origin)])
async def add_note(asked: DeskDep, appeal_id: UUID, principal: ClerkDep) -> Response:
    """Add a note for colleagues. A form with errors is shown again with everything that was entered."""
    if principal is None:
        return to_sign_in(asked.request, appeal_id)
    check_role(principal, *STAFF)
    note = submitted_note(await forms.read(asked.request))
    try:
        given = parse(NoteIn, to_json({"text": note.text, "mentions": note.mentions}))
        async with asked.units.write() as work:
            await cases.add_note(work, principal, appeal_id, given)
    except InvalidInput as error:
        note.refuse(error.errors, asked.reader(principal))
        return await show(asked, principal, appeal_id, note=note, status=error.status)
    return PAGES.redirect(position_of(asked.request.query_params).href(appeal_id), flash=NOTES)


@router.get("/desk/{appeal_id}/{action}")
async def desk_form(request: Request, appeal_id: UUID, action: str) -> Response:
    """Redirect to the case: the target of a form is no page, but a reload or a change of language requests it."""
    if action not in {*_COMMANDS, NOTES, DRAFT, TEXTS}:
        raise NotFound
    return PAGES.redirect(position_of(request.query_params).href(appeal_id, **_chosen_language(request)))


@router.post("/desk/{appeal_id}/{action}", dependencies=[Depends(require_same_origin)])
async def carry_out(asked: DeskDep, appeal_id: UUID, action: str, principal: ClerkDep) -> Response:
    """Carry out an action. A form with errors or a conflict is shown again with everything that was entered."""
    if principal is None:
        return to_sign_in(asked.request, appeal_id)
    if action not in _COMMANDS:
        raise NotFound
    sent = await forms.read(asked.request)
    form = submitted_form(CaseAction(action), sent, with_blank="more" in sent)
    if "more" in sent:
        await save_refused(asked.units, principal, appeal_id, form, sent)
        form.findings = [*form.findings, forms.blank_finding(None)]
        return await show(asked, principal, appeal_id, form)
    following = await _next_case(asked, principal, appeal_id) if "next" in sent else None
    try:
        command = parse(_COMMANDS[action], to_json({"expected_version": forms.number_in(sent, "expected_version")} | form.body()))
        async with asked.units.write() as work:
            case = await cases.lock_case(work, principal, appeal_id)
            done = await cases.carry_out(work, principal, case, command)
    except InvalidInput as error:
        await save_refused(asked.units, principal, appeal_id, form, sent)
        form.refuse(error.errors, asked.reader(principal))
        return await show(asked, principal, appeal_id, form, status=error.status)
    except Conflict as error:
        await save_refused(asked.units, principal, appeal_id, form, sent)
        form.conflict = True
        return await show(asked, principal, appeal_id, form, status=error.status)
    position = position_of(asked.request.query_params)
    is_visible = visible_cases(principal).allows(done.region, done.tier, done.provider_id, done.protection)
    back = following or position.href() if "next" in sent else position.href(appeal_id) if is_visible else position.href()
    return PAGES.redirect(back, flash=flash_of(action, done))


async def _next_case(asked: DeskRequest, principal: Principal, appeal_id: UUID) -> str | None:
    """Return the URL of the case below this one in the open list, None if there is none."""
    position = position_of(asked.request.query_params)
    async with asked.units.read() as work:
        queue = await case_list(work, principal, position, asked.reader(principal), appeal_id)
    return queue.following


def submitted_form(action: CaseAction, sent: Mapping[str, str], *, with_blank: bool) -> forms.SubmittedForm:
    """Return the form of an action as it was sent. `with_blank`: with findings of which no more than the category is filled in."""
    fields = [name for name in _COMMANDS[action].model_fields if name != "expected_version"]
    return forms.submitted(action, sent, fields, with_blank=with_blank)


def to_sign_in(request: Request, appeal_id: UUID | None = None) -> Response:
    """Redirect to the page to sign in, and from there back; after a post to the case."""
    path = f"{PATH}/{appeal_id}" if appeal_id else request.scope["path"]
    sent = request.scope["query_string"].decode()
    query = f"?{sent}" if sent else ""
    return RedirectResponse("/sign-in?" + urlencode({"next": path + query}), 303)


def _chosen_language(request: Request) -> dict[str, str]:
    return {"lang": language_of(request)} if "lang" in request.query_params else {}


async def show(
    asked: DeskRequest,
    principal: Principal,
    appeal_id: UUID | None,
    form: forms.SubmittedForm | None = None,
    *,
    note: NoteForm | None = None,
    bulk: BulkOutcome | None = None,
    status: int = 200,
    query: str | None = None,
) -> Response:
    """Render the page, with a form that came back, what came of many cases, and the articles that a search for `query` finds.

    Raises NotFound for a case that does not exist or is not visible.
    """
    reader, position, form = asked.reader(principal), position_of(asked.request.query_params), form or forms.SubmittedForm()
    async with asked.units.read() as work:
        queue = await case_list(work, principal, position, reader, appeal_id)
        found = await _read_case(work, principal, appeal_id) if appeal_id else None
        came_back = form.conflict or form.summary
        meanwhile = await cases.entries_after(work, principal, appeal_id, form.entries_read) if appeal_id and came_back else []
        waiting = await cases.own_waiting_answers(work, principal)
        own = await colleagues.find(work, principal.subject)
        due_articles = await articles_note(work, principal, reader)
    bulk = bulk or BulkOutcome()
    if asked.request.query_params.get(SELECT) == "page":
        bulk = replace(bulk, ticked=frozenset(row.appeal_id for row in queue.rows))
    page = await _case_page(asked, principal, found, Returned(form, note or NoteForm(), query), queue) if found else None
    lost = _lost(page, form) if page else None
    form.still_possible = lost is not form
    form.conflict |= not form.still_possible  # its fields are gone, and with them the messages next to them
    return await asyncio.to_thread(  # a long conversation takes tens of milliseconds: other requests are answered meanwhile
        PAGES.render,
        asked.request,
        "desk.html",
        status,
        calendar_ends=calendar_ends_soon(reader.now.date()),
        due_articles=due_articles,
        queue=queue,
        bulk=bulk,
        bulk_bar=bulk_bar(principal, choices_of(queue.colleagues, reader), position, reader),
        absence=AbsenceForm(position.href(ABSENCE), shifts.absence_of(own, reader.now)) if own else None,
        case=page,
        waiting=waiting_answers(waiting, position, reader),
        visible=visible_cases_text(principal, reader),
        form=form,
        meanwhile=meanwhile_lines(meanwhile, reader),
        entered=lost.entered(reader) if lost else [],
    )


def _lost(page: CasePage, form: forms.SubmittedForm) -> forms.SubmittedForm | None:
    """Return the form whose content has no place on the page: the one that came back, else a draft of an answer not possible now."""
    return next((each for each in (form, page.forms.writing.form) if each.shown_in is not None and each.shown_in not in page.post), None)


async def _read_case(work: UnitOfWork, principal: Principal, appeal_id: UUID) -> FoundCase:
    case = await cases.read_case(work, principal, appeal_id)
    return FoundCase(
        case,
        written=await cases.conversation_of(work, case),
        seeing=await colleagues.possible_assignees(work, case) if principal.is_staff else [],
        assignee_name=await colleagues.name_of(work, case.assignee) if case.assignee else None,
        draft=await cases.find_draft(work, principal, appeal_id),
        extension_author=await colleagues.name_of(work, case.extension.requested_by) if case.extension else None,
        approval_names=await colleagues.names_of(work, people_of(case.approval)) if case.approval else {},
    )


async def _case_page(asked: DeskRequest, principal: Principal, found: FoundCase, sent: Returned, queue: CaseList) -> CasePage:
    """Fetch what others own of the case, record that it is read, and return its page."""
    case, reader = found.case, asked.reader(principal)
    shows_applicant = asked.request.query_params.get("show") == "applicant"
    is_searched, subject = RELATED in asked.request.query_params, related.subject_of(case)
    owners, exchange = await asyncio.gather(
        fetch_owners(asked.contents, found.written, principal, shows_applicant=shows_applicant),
        fetch_exchange(asked.contents, case.appeal_id, principal),
    )
    own = await related.fetch_appeals_of_applicant(asked.contents, case.appeal_id, principal) if is_searched else []
    async with asked.units.write() as work:
        await cases.record_read(work, principal, case.appeal_id)
        await record_visit(work, principal, case)
        await record_presence(work, principal, case.appeal_id, writing=False)
        present = await present_colleagues(work, principal, case.appeal_id)
        names = await cases.providers_by_id(work, provider_ids(exchange))
        may_ask = any(offer.action is CaseAction.ASK_PROVIDER for offer in case.next_actions)
        of_region = await cases.active_providers(work, case.region) if may_ask else []
        of_applicant = await related.of_applicant(work, principal, subject, own) if own is not None else None
        alike = await related.candidates(work, principal, subject) if is_searched else []
        offered = await offered_articles(work, case, reader)
        shown_articles = owners.appeal.shown_articles if owners.appeal is not None else []
        shown_before = await knowledge.questions_of(work, shown_articles, knowledge.written_language(reader.language))
    similar = await related.similar(asked.contents, principal, subject, alike)
    files = f"{PATH}/{case.appeal_id}"
    written = conversation(found.written, owners, FileAddresses(f"{files}/files", f"{files}/provider-files"))
    position = position_of(asked.request.query_params)
    if position.tab is None and not position.is_search:
        position = replace(position, tab=queue.tab)
    contents = fetched_contents(owners, reader, shown_before, shows_applicant=shows_applicant)
    text = next((item.text or "" for item in written.items if item.type == EntryType.APPEAL), "")
    articles = await case_articles(case, offered, text, sent.query)
    answer = shown_answer(sent.form, found.draft)
    writing = AnswerWriting(
        form=answer,
        draft=draft_note(case, found.draft, position, reader),
        ready=ready_texts(case, contents.provider_name, articles, position),
        preview=preview_of(answer, asked.reader(principal, answer.language or reader.language)) if sent.form.preview else None,
    )
    choices = case_forms(case, writing, reader, choices_of(found.seeing, reader))
    lines = thread(written, case.classification.get("evidence", ()), reader)
    may_choose = principal.is_staff
    list_query = position.href().partition("?")[2]
    card = provider_card(case, contents.provider_name, exchange, names, of_region, reader, list_query=list_query, may_choose=may_choose)
    presence_href = position.href(case.appeal_id, PRESENCE) if principal.is_staff else None
    presence = Presence(presence_lines(present, reader), presence_href, BEAT_SECONDS)
    note_form = sent.note.offer(found.seeing, reader) if principal.is_staff else None
    issues = issues_card(case, position, asked.request.query_params.get(CHOSEN), reader)
    links = links_card(case, of_applicant, similar, position, reader, is_searched=is_searched)
    page = case_page(
        case,
        contents,
        lines,
        card,
        choices,
        issues,
        links,
        await explanation_of(case, text, reader),
        note_form,
        presence,
        reader,
        position,
        assignee_name=found.assignee_name,
        extension_author=found.extension_author,
        approval=approval_note(case, found.approval_names, reader),
    )
    return replace(page, file_href=f"{PATH}/{case.appeal_id}/file") if principal.has("supervisor", "head", "admin") else page
