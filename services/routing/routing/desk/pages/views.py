"""The forms of the list: the search, and those that save, rename and delete a list under a name of one's own."""

from dataclasses import replace
from enum import StrEnum
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from pydantic import ValidationError

from routing.desk.errors import TooManyViews
from routing.desk.pages.bulk import BulkOutcome
from routing.desk.pages.filters import fields_of
from routing.desk.pages.listing import PATH, TYPED_LENGTH, ListPosition, case_list, position_of, reference_of
from routing.desk.pages.routes import PAGES, ClerkDep, DeskDep
from routing.desk.schemas import ViewName
from routing.desk.service.search import resolve, store_search
from routing.desk.service.views import delete_view, rename_view, save_view
from shared.domain.text import clean
from shared.errors import NotFound
from shared.etags import IfNoneMatch, conditional_page
from shared.forms import read_fields
from shared.web.security import require_same_origin

FORM_LIMIT: Final = 4_096  # bytes: a name of 60 characters
FIELDS_LIMIT: Final = 4


class ViewStep(StrEnum):
    """What a form does with a saved view; the codes are those of the URLs."""

    RENAME = "rename"
    DELETE = "delete"


router = APIRouter(include_in_schema=False)


@router.get("/desk/rows")
async def rows(asked: DeskDep, principal: ClerkDep, known: IfNoneMatch = None) -> Response:
    """Return the counts and the rows of the list, or 304 if the page has them. `current`: the case that is open beside the list."""
    if principal is None:
        return Response(status_code=401)
    parameters = asked.request.query_params
    async with asked.units.read() as work:
        queue = await case_list(
            work, principal, position_of(parameters), asked.reader(principal), reference_of(parameters.get("current", ""))
        )
    return conditional_page(PAGES.render(asked.request, "desk_fragment.html", queue=queue, bulk=BulkOutcome()), known)


@router.post("/desk/search", dependencies=[Depends(require_same_origin)])
async def search(asked: DeskDep, principal: ClerkDep) -> Response:
    """Resolve a search and redirect to its list.

    The address has the digits of a number, or else the reference of what was found: a phone, an IIN and a name stay out of addresses,
    histories and access logs, and a reload shows the same list without asking intake again.
    """
    if principal is None:
        return PAGES.redirect(f"/sign-in?{urlencode({'next': PATH})}")
    sent = await read_fields(asked.request, limit=FORM_LIMIT, most=FIELDS_LIMIT)
    typed = clean(sent.get("query", ""))[:TYPED_LENGTH]
    if not typed:
        return PAGES.redirect(PATH)
    result = await resolve(asked.contents, principal, typed)
    if result.found is None:
        return PAGES.redirect(ListPosition(query=result.number or "", is_search=True).href())
    async with asked.units.write() as work:
        reference = await store_search(work, principal, result)
    return PAGES.redirect(ListPosition(search=reference, is_search=True).href())


@router.post("/desk/views", dependencies=[Depends(require_same_origin)])
async def save(asked: DeskDep, principal: ClerkDep) -> Response:
    """Save the list that the parameters of the address name, under the name in the form."""
    position = _position(asked.request)
    if principal is None:
        return PAGES.redirect(f"/sign-in?{urlencode({'next': position.href()})}")
    fields_of(position.filters, position.sort)
    name = await _name(asked.request)
    if name is None:
        return PAGES.redirect(position.href(), flash="view-name")
    try:
        async with asked.units.write() as work:
            await save_view(work, principal, name, replace(position, search=None).href().partition("?")[2])
    except TooManyViews:
        return PAGES.redirect(position.href(), flash="view-limit")
    return PAGES.redirect(position.href(), flash="view-saved")


@router.post("/desk/views/{view_id}/{step}", dependencies=[Depends(require_same_origin)])
async def change(asked: DeskDep, view_id: UUID, step: str, principal: ClerkDep) -> Response:
    """Rename or delete one of the person's own views, and return to the list."""
    position = _position(asked.request)
    if principal is None:
        return PAGES.redirect(f"/sign-in?{urlencode({'next': position.href()})}")
    if step not in frozenset(ViewStep):
        raise NotFound
    if step == ViewStep.DELETE:
        async with asked.units.write() as work:
            await delete_view(work, principal, view_id)
        return PAGES.redirect(position.href(), flash="view-deleted")
    name = await _name(asked.request)
    if name is None:
        return PAGES.redirect(position.href(), flash="view-name")
    async with asked.units.write() as work:
        await rename_view(work, principal, view_id, name)
    return PAGES.redirect(position.href(), flash="view-renamed")


def _position(request: Request) -> ListPosition:
    """Return the list that a form belongs to, at its first page."""
    return position_of({name: value for name, value in request.query_params.items() if name != "cursor"})


async def _name(request: Request) -> str | None:
    sent = await read_fields(request, limit=FORM_LIMIT, most=FIELDS_LIMIT)
    try:
        return ViewName.model_validate({"name": sent.get("name", "")}).name
    except ValidationError:
        return None
