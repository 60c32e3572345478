"""The routes behind the form of an answer: the draft, the search of articles, the insertion of texts, and the preview."""

from dataclasses import asdict
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from starlette.responses import JSONResponse

from routing.cases import service as cases
from routing.cases.schemas.command import CaseAction
from routing.desk.pages import forms
from routing.desk.pages.drafts import DRAFT, DRAFT_DELETED, save, save_refused, saved_text
from routing.desk.pages.listing import position_of
from routing.desk.pages.ready_texts import INSERT, INSERT_ARTICLE, QUERY, QUERY_LENGTH, TEXTS, found_articles, insert
from routing.desk.pages.routes import PAGES, ClerkDep, DeskDep, show, submitted_form, to_sign_in
from shared.domain.text import clean
from shared.errors import Conflict, InvalidInput, Unauthorized
from shared.web.security import require_same_origin
from shared.web.viewer import show_viewer

router = APIRouter(include_in_schema=False, dependencies=[Depends(show_viewer)])


def _is_script(request: Request) -> bool:
    """Return whether our script asks, which accepts JSON alone."""
    return request.headers.get("accept") == "application/json"


@router.post(f"/desk/{{appeal_id}}/{DRAFT}", dependencies=[Depends(require_same_origin)])
async def save_draft(asked: DeskDep, appeal_id: UUID, principal: ClerkDep) -> Response:
    """Save the form of the answer as the clerk's draft, or delete the draft."""
    if principal is None:
        return _sign_in_first(asked.request, appeal_id)
    sent, position = await forms.read(asked.request), position_of(asked.request.query_params)
    if "delete" in sent:
        async with asked.units.write() as work:
            await cases.delete_draft(work, principal, appeal_id)
        return PAGES.redirect(position.href(appeal_id), flash=DRAFT_DELETED)
    form = submitted_form(CaseAction.ANSWER, sent, with_blank=True)
    try:
        async with asked.units.write() as work:
            region = (await cases.lock_case(work, principal, appeal_id)).region
            draft = await save(work, principal, appeal_id, form, sent)
    except (InvalidInput, Conflict) as error:
        if _is_script(asked.request) and isinstance(error, Conflict):
            return JSONResponse({"draft_version": None, "saved": ""})  # expected where two tabs are open: no error of the page
        if _is_script(asked.request):
            raise
        form.refuse(error.errors, asked.reader(principal))
        form.draft_conflict = isinstance(error, Conflict)
        return await show(asked, principal, appeal_id, form, status=error.status)
    if _is_script(asked.request):
        saved = saved_text(draft, region, asked.reader(principal))
        return JSONResponse({"draft_version": draft.draft_version, "saved": saved})
    return PAGES.redirect(position.href(appeal_id), flash=DRAFT)


@router.post(f"/desk/{{appeal_id}}/{TEXTS}", dependencies=[Depends(require_same_origin)])
async def find_texts(asked: DeskDep, appeal_id: UUID, principal: ClerkDep) -> Response:
    """Search articles for the answer, append a text to it, or show it as the applicant will see it. The form comes back as it was."""
    if principal is None:
        return _sign_in_first(asked.request, appeal_id)
    sent = await forms.read(asked.request)
    query = clean(sent.get(QUERY, ""))[:QUERY_LENGTH]
    if _is_script(asked.request):
        async with asked.units.read() as work:
            case = await cases.read_case(work, principal, appeal_id)
            found = await found_articles(work, case, query, asked.reader(principal))
        return JSONResponse({"items": [asdict(each) for each in found]})
    form = submitted_form(CaseAction.ANSWER, sent, with_blank=True)
    if {INSERT, INSERT_ARTICLE} & sent.keys():
        async with asked.units.read() as work:
            await insert(work, await cases.read_case(work, principal, appeal_id), form, sent, asked.reader(principal))
    form.preview = "preview" in sent
    await save_refused(asked.units, principal, appeal_id, form, sent)
    return await show(asked, principal, appeal_id, form, query=query or None)


def _sign_in_first(request: Request, appeal_id: UUID) -> Response:
    """Redirect a visitor to sign in. Raises Unauthorized for the script."""
    if _is_script(request):
        raise Unauthorized
    return to_sign_in(request, appeal_id)
