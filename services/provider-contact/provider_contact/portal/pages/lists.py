"""The pages of registered statements, of templates and of figures."""

from datetime import datetime
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from pydantic_core import to_json

from provider_contact.portal.codes import TemplateValue
from provider_contact.portal.errors import TooManyTemplates
from provider_contact.portal.pages import forms
from provider_contact.portal.pages.inquiry_routes import id_in
from provider_contact.portal.pages.visitor import PAGES, PATH, Visit, VisitDep
from provider_contact.portal.schemas import TemplateIn
from provider_contact.portal.service import statements as registered
from provider_contact.portal.service import templates
from provider_contact.portal.service.figures import figures_of
from shared.domain.regions import regions
from shared.domain.taxonomy import taxonomy
from shared.errors import InvalidInput
from shared.http import Cursor, CursorText, parse
from shared.web.i18n import N_
from shared.web.security import require_same_origin
from shared.web.viewer import show_viewer

LISTED: Final = 25
STATEMENTS: Final = f"{PATH}/statements"
TEMPLATES: Final = f"{PATH}/templates"
_TEMPLATE_ERRORS: Final = {
    "title": N_("Give a title of up to 100 characters."),
    "body": N_("Give the text, up to 4000 characters, with no other values than those listed below."),
    "language": N_("Choose from the list."),
}
router = APIRouter(include_in_schema=False, dependencies=[Depends(show_viewer)])
_POSTED: Final = [Depends(require_same_origin)]


@router.get("/portal/statements")
async def statements(visit: VisitDep, cursor: CursorText = None) -> Response:
    """List the appeals that officers of the provider registered at its counter, newest first."""
    if isinstance(visit, Response):
        return visit
    before = Cursor.decode(cursor, datetime, UUID) if cursor is not None else None
    async with visit.units.read() as work:
        found, total = await registered.statements(work, visit.account, before, LISTED + 1)
    last = found[LISTED - 1] if len(found) > LISTED else None
    categories = taxonomy().categories
    rows = [
        {
            "number": row.number,
            "category": visit.label(categories[row.category].label) if row.category and row.category in categories else "",
            "registered_at": row.registered_at,
            "due_at": row.due_at,
            "zone": regions()[row.region].timezone,
            "closed": row.closed,
        }
        for row in found[:LISTED]
    ]
    following = f"{STATEMENTS}?{urlencode({'cursor': Cursor.encode(last.registered_at, last.appeal_id)})}" if last else None
    return visit.render(
        "portal_statements.html", here="statements", rows=rows, total=total, next=following, first=STATEMENTS if cursor else None
    )


@router.get("/portal/templates")
async def templates_page(visit: VisitDep) -> Response:
    """Show the templates of the provider and of the product."""
    return visit if isinstance(visit, Response) else await _show_templates(visit)


@router.post("/portal/templates", dependencies=_POSTED)
async def save_template(visit: VisitDep, request: Request) -> Response:
    """Add a template, or change one. A form with errors is shown again with everything that was typed."""
    if isinstance(visit, Response):
        return visit
    sent = await forms.read(request)
    template_id = id_in(sent.get("template_id", ""))
    try:
        given = parse(TemplateIn, to_json({name: sent[name] for name in ("language", "title", "body") if sent.get(name)}))
        async with visit.units.write() as work:
            await templates.save_template(work, visit.account, template_id, given)
    except InvalidInput as error:
        errors = {each.field: visit.text(_TEMPLATE_ERRORS.get(each.field, "")) for each in error.errors}
        return await _show_templates(visit, sent, errors, error.status)
    except TooManyTemplates as error:
        return await _show_templates(visit, sent, {"title": visit.text(N_("Delete a template first: there are too many."))}, error.status)
    return PAGES.redirect(TEMPLATES, flash="template-saved")


@router.post("/portal/templates/{template_id}/delete", dependencies=_POSTED)
async def delete_template(visit: VisitDep, template_id: UUID) -> Response:
    """Delete a template of the provider."""
    if isinstance(visit, Response):
        return visit
    async with visit.units.write() as work:
        await templates.delete_template(work, visit.account, template_id)
    return PAGES.redirect(TEMPLATES, flash="template-deleted")


async def _show_templates(
    visit: Visit, sent: dict[str, str] | None = None, errors: dict[str, str] | None = None, status: int = 200
) -> Response:
    async with visit.units.read() as work:
        own = await templates.own_templates(work, visit.account)
    written = "kk" if visit.language == "kk" else "ru"
    return visit.render(
        "portal_templates.html",
        status,
        here="templates",
        path=TEMPLATES,
        own=own,
        ready=templates.product_templates(written),
        sent=sent or {},
        errors=errors or {},
        written=written,
        values=["{{" + value + "}}" for value in TemplateValue],
        languages_of_answer=[("kk", "Қазақша"), ("ru", "Русский")],
    )


@router.get("/portal/figures")
async def figures(visit: VisitDep) -> Response:
    """Show the figures of the provider next to the median of its region."""
    if isinstance(visit, Response):
        return visit
    async with visit.units.read() as work:
        found = await figures_of(work, visit.account, visit.region)
    return visit.render("portal_figures.html", here="figures", figures=found, region=visit.label(visit.region.label))
