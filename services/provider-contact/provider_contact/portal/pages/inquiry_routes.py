"""The routes of an inquiry: the page, the forms of the actions, the draft, the assignment. The use cases are those of the API."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Request, Response
from starlette.responses import JSONResponse

from provider_contact.accounts.codes import AccountState
from provider_contact.accounts.errors import AccountUnavailable
from provider_contact.accounts.schemas import AccountView
from provider_contact.accounts.service.assignments import assign, assignees
from provider_contact.accounts.service.colleagues import colleagues, names_of
from provider_contact.attachments.dependencies import AnswerFilesDep, asked_inquiry, download_document, download_file, receive_form
from provider_contact.attachments.dependencies.receiving import AnswerFiles
from provider_contact.attachments.service.answer_files import owner_of, waiting_files
from provider_contact.attachments.service.lines import chosen_files
from provider_contact.inquiries.codes import InquiryAction
from provider_contact.inquiries.schemas.views import AskedQuestion
from provider_contact.inquiries.service.detail import read_detail
from provider_contact.inquiries.service.reading import asked_questions, visible_inquiry
from provider_contact.portal.errors import DraftChanged
from provider_contact.portal.pages import forms
from provider_contact.portal.pages.forms import SubmittedForm
from provider_contact.portal.pages.inquiry import InquiryPage, PageParts, change_of, inquiry_page, template_values
from provider_contact.portal.pages.visitor import PAGES, PATH, Visit, VisitDep
from provider_contact.portal.schemas import DraftView
from provider_contact.portal.service.drafts import delete_draft, find_draft, save_draft
from provider_contact.portal.service.inbox import actors, following, record_visit
from provider_contact.portal.service.templates import filled, own_templates, product_templates
from shared.domain.regions import regions
from shared.errors import Conflict, InvalidInput, NotFound, Unavailable
from shared.files.errors import AttachmentRefused
from shared.files.forms import accepted_extensions, file_limits
from shared.web.i18n import N_
from shared.web.languages import language_of
from shared.web.security import require_same_origin
from shared.web.viewer import show_viewer

TEXT_LIMIT: Final = 20_000
router = APIRouter(include_in_schema=False, dependencies=[Depends(show_viewer)])
_POSTED: Final = [Depends(require_same_origin)]


class ReceivedForm(NamedTuple):
    """The fields of a form, the files of an answer that are to be sent, and the messages about refused ones."""

    fields: dict[str, str]
    attached: list[UUID]
    refused: list[str]


@router.get("/portal/inquiries/{inquiry_id}")
async def inquiry(visit: VisitDep, inquiry_id: UUID) -> Response:
    """Show an inquiry."""
    return visit if isinstance(visit, Response) else await show(visit, inquiry_id, SubmittedForm())


@router.get("/portal/inquiries/{inquiry_id}/files/{file_id}")
async def answer_file(visit: VisitDep, inquiry_id: UUID, file_id: UUID, files: AnswerFilesDep) -> Response:
    """Open a file of the provider; one that may not be opened leads back to the inquiry, which says why."""
    if isinstance(visit, Response):
        return visit
    try:
        return await download_file(visit.units, files, visit.principal, inquiry_id, file_id)
    except (AttachmentRefused, Unavailable):
        return PAGES.redirect(_href(inquiry_id), flash="file-unavailable")


@router.get("/portal/inquiries/{inquiry_id}/documents/{attachment_id}")
async def shown_document(visit: VisitDep, inquiry_id: UUID, attachment_id: UUID) -> Response:
    """Open a document of the appeal that the Fund shows to the provider."""
    if isinstance(visit, Response):
        return visit
    try:
        return await download_document(visit.units, visit.contents, visit.principal, inquiry_id, attachment_id)
    except (AttachmentRefused, Unavailable):
        return PAGES.redirect(_href(inquiry_id), flash="file-unavailable")


@router.get("/portal/inquiries/{inquiry_id}/{action}")
async def form_target(visit: VisitDep, request: Request, inquiry_id: UUID, action: str) -> Response:
    """Redirect to the inquiry: the target of a form is no page, but a reload or a change of language requests it."""
    if isinstance(visit, Response):
        return visit
    if action not in {*forms.ACTIONS, "draft", "assign"}:
        raise NotFound
    chosen = f"?lang={language_of(request)}" if "lang" in request.query_params else ""
    return PAGES.redirect(_href(inquiry_id) + chosen)


@router.post("/portal/inquiries/{inquiry_id}/draft", dependencies=_POSTED)
async def store_draft(visit: VisitDep, inquiry_id: UUID) -> Response:
    """Save the form of the answer as the person's draft, with the files that were chosen, or delete the draft."""
    if isinstance(visit, Response):
        return visit
    form = await _received(visit, inquiry_id, InquiryAction.RESPOND)
    if "delete" not in form.fields:
        return await _save_typed(visit, inquiry_id, form)
    async with visit.units.write() as work:
        await delete_draft(work, visit.account, inquiry_id)
    return PAGES.redirect(_href(inquiry_id), flash="draft-deleted")


async def _save_typed(visit: Visit, inquiry_id: UUID, received: ReceivedForm) -> Response:
    """Save what was typed. A draft that another window changed, and files that were refused, lead back to the form."""
    sent, is_script = received.fields, visit.request.headers.get("accept") == "application/json"
    questions, zone = await _asked(visit, inquiry_id)
    values = forms.typed_values(InquiryAction.RESPOND, sent, questions)
    if "insert" in sent:
        values["text"] = "\n\n".join(filter(None, [values.get("text", ""), sent["insert"]]))[:TEXT_LIMIT]
    form = SubmittedForm(InquiryAction.RESPOND, values, attached=frozenset(received.attached))
    form.refuse_files(received.refused)
    try:
        async with visit.units.write() as work:
            draft = await save_draft(work, visit.account, inquiry_id, values, forms.number_in(sent, "expected_draft_version"))
    except DraftChanged as error:
        if is_script:
            return JSONResponse({"draft_version": None, "saved": ""})  # expected where two tabs are open: no error of the page
        form.draft_conflict = True
        return await show(visit, inquiry_id, form, status=error.status)
    if is_script:
        return JSONResponse({"draft_version": draft.version, "saved": _saved(visit, draft, zone)})
    if received.refused:
        return await show(visit, inquiry_id, form, status=InvalidInput.status)
    saved = "draft-with-files" if received.attached else "draft"
    return PAGES.redirect(_href(inquiry_id), flash=None if "insert" in sent else saved)


@router.post("/portal/inquiries/{inquiry_id}/assign", dependencies=_POSTED)
async def assign_inquiry(visit: VisitDep, request: Request, inquiry_id: UUID) -> Response:
    """Assign the inquiry to a colleague, claim it, or return it to the common list."""
    if isinstance(visit, Response):
        return visit
    sent = await forms.read(request)
    chosen = id_in(sent.get("account_id", ""))
    try:
        async with visit.units.write() as work:
            await assign(work, visit.principal, visit.account, inquiry_id, chosen)
    except AccountUnavailable:
        return PAGES.redirect(_href(inquiry_id), flash="colleague-unavailable")
    return PAGES.redirect(_href(inquiry_id), flash="assigned" if chosen else "released")


@router.post("/portal/inquiries/{inquiry_id}/{action}", dependencies=_POSTED)
async def carry_out(visit: VisitDep, inquiry_id: UUID, action: str) -> Response:
    """Carry out an action. A form with errors or a conflict is shown again with everything that was typed, and stored as the draft."""
    if isinstance(visit, Response):
        return visit
    if action not in forms.ACTIONS:
        raise NotFound
    kind = InquiryAction(action)
    received = await _received(visit, inquiry_id, kind)
    sent, attached = received.fields, received.attached
    questions, _ = await _asked(visit, inquiry_id)
    form = SubmittedForm(kind, forms.typed_values(kind, sent, questions), attached=frozenset(attached))
    if received.refused:  # nothing is sent without a file that the person chose
        form.refuse_files(received.refused)
        await _save_refused(visit, inquiry_id, form)
        return await show(visit, inquiry_id, form, status=InvalidInput.status)
    try:
        command = forms.command_of(kind, sent, questions, attached)
        async with visit.units.write() as work:
            item = await visit.actions.carry_out(work, visit.principal, inquiry_id, command)
            await record_visit(work, visit.account, inquiry_id, item.version)
            if kind is InquiryAction.RESPOND:
                await delete_draft(work, visit.account, inquiry_id)
            after = await following(work, visit.principal, visit.account, inquiry_id) if "next" in sent else None
    except InvalidInput as error:
        form.refuse(error.errors, forms.answer_names(sent, questions), visit.text)
        await _save_refused(visit, inquiry_id, form)
        return await show(visit, inquiry_id, form, status=error.status)
    except Conflict as error:
        form.conflict = True
        await _save_refused(visit, inquiry_id, form)
        return await show(visit, inquiry_id, form, status=error.status, read_until=_moment(sent.get("read_until", "")))
    return PAGES.redirect(_href(after) if after else (PATH if "next" in sent else _href(inquiry_id)), flash=action)


async def _received(visit: Visit, inquiry_id: UUID, kind: InquiryAction) -> ReceivedForm:
    if kind is not InquiryAction.RESPOND:
        return ReceivedForm(await forms.read(visit.request), [], [])
    files: AnswerFiles = visit.request.app.state.answer_files
    inquiry = await asked_inquiry(visit.units, inquiry_id, visit.principal)
    form = await receive_form(visit.request, PAGES, files, inquiry, visit.principal, limit=forms.FORM_LIMIT, most=forms.FIELDS_LIMIT)
    return ReceivedForm(form.fields, [*chosen_files(form.fields), *(file.id for file in form.files)], form.refused)


async def _asked(visit: Visit, inquiry_id: UUID) -> tuple[list[AskedQuestion], ZoneInfo]:
    """Return what an inquiry asks, and the zone of its region. Raises NotFound. Reads nothing of other services."""
    async with visit.units.read() as work:
        inquiry, appeal = await visible_inquiry(work, inquiry_id, visit.principal)
        return asked_questions(inquiry), regions()[appeal.region].timezone


def _saved(visit: Visit, draft: DraftView, zone: ZoneInfo) -> str:
    return visit.text(N_("Draft saved at %(time)s"), time=f"{draft.saved_at.astimezone(zone):%H:%M}")


async def _save_refused(visit: Visit, inquiry_id: UUID, form: SubmittedForm) -> None:
    """Store an answer that was not sent, so that a reload shows it again. One that is too long is only shown again now."""
    if form.action is not InquiryAction.RESPOND:
        return
    with suppress(InvalidInput):
        async with visit.units.write() as work:
            await save_draft(work, visit.account, inquiry_id, form.values, None)


async def show(visit: Visit, inquiry_id: UUID, form: SubmittedForm, *, status: int = 200, read_until: datetime | None = None) -> Response:
    """Render the page with a form that came back. Raises NotFound for an inquiry that does not exist or is not visible."""
    detail = await read_detail(
        visit.units,
        visit.contents,
        visit.actions,
        visit.find_deliveries,
        visit.request.app.state.read_statements,
        visit.principal,
        inquiry_id,
    )
    async with visit.units.write() as work:
        await record_visit(work, visit.account, inquiry_id, detail.version)
    async with visit.units.read() as work:
        draft = await find_draft(work, visit.account, inquiry_id)
        people = await colleagues(work, visit.account.provider_id)
        assignee = (await assignees(work, [inquiry_id])).get(inquiry_id)
        own = await own_templates(work, visit.account)
        acted = await actors(work, inquiry_id)
        waiting = await waiting_files(work, inquiry_id, owner_of(work.pepper, visit.principal))
        names = await names_of(work, visit.principal, list(acted.values()))
    if form.action is None and draft is not None:
        form = SubmittedForm(None, dict(draft.values))
    language = form.value("language", visit.language)
    offered = filled([*own, *product_templates(language)], template_values(detail, visit, language))
    page = inquiry_page(detail, PageParts(draft, waiting, offered, people, assignee, acted, names), visit)
    zone = page.zone
    return visit.render(
        "portal_inquiry.html",
        status,
        here="inbox",
        page=page,
        form=form,
        draft_saved=_saved(visit, draft, zone) if draft else "",
        change=change_of(page, form, read_until),
        colleagues=_choices(visit, page, people),
        accepted=accepted_extensions(),
        limits=file_limits(visit.language),
        today=visit.now.astimezone(zone).date(),
        languages_of_answer=[("kk", "Қазақша"), ("ru", "Русский")],
        language_of_answer=language if language in {"kk", "ru"} else "ru",
    )


def _choices(visit: Visit, page: InquiryPage, people: Sequence[AccountView]) -> list[tuple[str, str, bool]]:
    """Return the colleagues to whom the person may assign; absent ones cannot be chosen."""
    if not visit.account.is_manager or page.ended:
        return []
    today = visit.now.astimezone(page.zone).date()
    active = [each for each in people if each.state is AccountState.ACTIVE]
    return [
        (str(each.account_id), f"{each.name} ({visit.text(N_('absent'))})" if each.is_absent(today) else each.name, each.is_absent(today))
        for each in active
    ]


def _href(inquiry_id: UUID) -> str:
    return f"{PATH}/inquiries/{inquiry_id}"


def id_in(text: str) -> UUID | None:
    """Return the id of a form's field; None for an empty one. Raises NotFound for anything else."""
    if not text:
        return None
    try:
        return UUID(text)
    except ValueError:
        raise NotFound from None


def _moment(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo is not None else None
