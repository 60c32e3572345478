"""The appeals that a figure counts, with links to their cases, for those who handle them."""

from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Query
from starlette.responses import RedirectResponse, Response

from analytics.dashboard.pages import forms
from analytics.dashboard.pages.asking import AskedDep
from analytics.dashboard.policy import OF_COMPLAINTS
from analytics.dashboard.service import APPEALS_PATH
from analytics.kpis.errors import PeriodNotPublic
from analytics.kpis.service import counted_appeals
from analytics.sentences.service import period_name
from shared.auth import check_role
from shared.errors import Forbidden, InvalidInput
from shared.web.i18n import N_

PAGE: Final = 50
PROBLEM: Final = N_("The address of this list is wrong. Open it from the figures.")

router = APIRouter()


@router.get("/dashboard/appeals")
async def show_appeals(
    asked: AskedDep, kpi: Annotated[str, Query(max_length=100)] = "received", cursor: Annotated[str | None, Query(max_length=500)] = None
) -> Response:
    """Show a page of the appeals, latest first. Raises Forbidden unless the visitor handles the appeals of the region."""
    if asked.principal.is_anonymous:
        return RedirectResponse("/sign-in?" + urlencode({"next": asked.choice.href(APPEALS_PATH, kpi=kpi)}), 303)
    check_role(asked.principal, "supervisor", "head", "admin")
    if asked.view.public:
        raise Forbidden
    definition = asked.view.kpi(kpi)
    try:
        wanted = asked.figure_request()
        found = await counted_appeals(asked.work, definition, wanted, asked.view, cursor, PAGE)
    except (InvalidInput, PeriodNotPublic):
        context = {"items": [], "total": 0, "heading": "", "period_name": "", "chips": [], "next_href": None, "first_href": None}
        return asked.pages.render(asked.request, "appeals.html", 422, **context, problem=asked.text(PROBLEM), back=asked.choice.href())
    heading = OF_COMPLAINTS.get(kpi) if wanted.filters.kind == "COMPLAINT" else None
    return asked.pages.render(
        asked.request,
        "appeals.html",
        problem=None,
        items=found.items,
        total=found.total,
        heading=definition.label.in_(asked.language) if heading is None else asked.text(heading),
        period_name=period_name(wanted.period.first, wanted.period.last).in_(asked.language),
        chips=await forms.chips_of(asked),
        back=asked.choice.href(),
        next_href=asked.choice.href(APPEALS_PATH, kpi=kpi, cursor=found.next_cursor) if found.next_cursor else None,
        first_href=asked.choice.href(APPEALS_PATH, kpi=kpi) if cursor else None,
    )
