"""The route behind the bar of the list: one action on the ticked cases."""

from typing import Final
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from pydantic_core import to_json

from routing.cases import service as cases
from routing.cases.schemas.bulk import BULK_LIMIT, BulkCommand
from routing.desk.pages import forms
from routing.desk.pages.bulk import PATH, BulkOutcome, error_text, refused_lines, submitted_cases, submitted_fields
from routing.desk.pages.listing import position_of, reference_of
from routing.desk.pages.routes import PAGES, ClerkDep, DeskDep, show, to_sign_in
from shared.auth import STAFF, check_role
from shared.errors import InvalidInput
from shared.forms import read_fields
from shared.http import parse
from shared.web.security import require_same_origin
from shared.web.viewer import show_viewer

FORM_LIMIT: Final = 32_768  # bytes: a ticked case takes 50
FIELDS_LIMIT: Final = BULK_LIMIT + 10
router = APIRouter(include_in_schema=False, dependencies=[Depends(show_viewer)])


@router.get(f"/desk/{PATH}")
async def bulk_form(asked: DeskDep) -> Response:
    """Redirect to the list: the target of the form is no page, but a reload or a change of language requests it."""
    parameters = asked.request.query_params
    language = {"lang": parameters["lang"]} if "lang" in parameters else {}
    return PAGES.redirect(position_of(parameters).href(**language))


@router.post(f"/desk/{PATH}", dependencies=[Depends(require_same_origin)])
async def change_cases(asked: DeskDep, principal: ClerkDep) -> Response:
    """Carry out the action on each ticked case, and show the list with what came of it."""
    if principal is None:
        return to_sign_in(asked.request)
    check_role(principal, *STAFF)
    sent = await read_fields(asked.request, limit=FORM_LIMIT, most=FIELDS_LIMIT)
    reader, action, chosen = asked.reader(principal), sent.get("action", ""), submitted_cases(sent)
    versions = [{"appeal_id": key, "expected_version": forms.number_in(chosen, key)} for key in chosen]
    try:
        command = parse(BulkCommand, to_json({"action": action, "fields": submitted_fields(action, sent), "cases": versions}))
        result = await cases.carry_out_each(asked.units, principal, command)
    except InvalidInput as error:
        ticked = frozenset(found for key in chosen if (found := reference_of(key)) is not None)
        outcome = BulkOutcome(error=error_text(error.errors, reader), values=sent, ticked=ticked)
        return await show(asked, principal, None, bulk=outcome, status=error.status)
    async with asked.units.read() as work:
        refused = await refused_lines(work, principal, result.refused, position_of(asked.request.query_params), reader)
    return await show(asked, principal, None, bulk=BulkOutcome(done=len(result.done), refused=refused, ticked=frozenset[UUID]()))
