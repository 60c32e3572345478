"""Forms of the desk that change what this service owns: they post here and come back to the case."""

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse

from provider_contact.directory.dependencies import DirectoryDep
from provider_contact.inquiries.errors import ActionNotPossible
from provider_contact.matching.service import choices
from shared.auth import STAFF, Principal, require_page
from shared.dependencies import UnitsOfWorkDep
from shared.errors import InvalidInput
from shared.forms import read_fields
from shared.web.security import require_same_origin

FORM_LIMIT: Final = 10_000  # bytes: an id
FIELDS_LIMIT: Final = 5
NONE: Final = "none"
"""The value of the choice that no candidate is meant."""

ClerkDep = Annotated[Principal, Depends(require_page(*STAFF))]
router = APIRouter(include_in_schema=False)


@router.post("/matches/{appeal_id}", dependencies=[Depends(require_same_origin)])
async def choose(request: Request, appeal_id: UUID, clerk: ClerkDep, directory: DirectoryDep, units: UnitsOfWorkDep) -> RedirectResponse:
    """Choose the provider that the applicant means, or none, and return to the case at the desk."""
    sent = await read_fields(request, limit=FORM_LIMIT, most=FIELDS_LIMIT)
    chosen = sent.get("provider_id", "")
    try:
        if chosen == NONE:
            async with units.write() as work:
                await choices.choose_none(work, appeal_id, clerk)
            return _to_case(appeal_id, "provider-none")
        index = await directory.current()
        async with units.write() as work:
            await choices.choose(work, appeal_id, _id_of(chosen), clerk, index)
    except (ActionNotPossible, InvalidInput):
        return _to_case(appeal_id, "provider-not-chosen")
    return _to_case(appeal_id, "provider-chosen")


def _id_of(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise InvalidInput.field("provider_id", "required", "This field is required.") from None


def _to_case(appeal_id: UUID, flash: str) -> RedirectResponse:
    return RedirectResponse(f"/routing/desk/{appeal_id}?flash={flash}", 303)
