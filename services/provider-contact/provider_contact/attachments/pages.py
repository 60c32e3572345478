"""The download of answers' files for staff, from the page of an inquiry."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from fastapi.responses import RedirectResponse
from starlette.responses import Response

from provider_contact.attachments.dependencies import AnswerFilesDep, download_file
from shared.auth import STAFF, Principal, require_page
from shared.dependencies import UnitsOfWorkDep
from shared.errors import Unavailable
from shared.files.errors import AttachmentRefused

StaffDep = Annotated[Principal, Depends(require_page(*STAFF))]
router = APIRouter(include_in_schema=False)


@router.get("/inquiries/{inquiry_id}/files/{file_id}")
async def staff_file(inquiry_id: UUID, file_id: UUID, principal: StaffDep, files: AnswerFilesDep, units: UnitsOfWorkDep) -> Response:
    """Save a file of an answer; one that may not be opened leads back to the inquiry, which says why."""
    try:
        return await download_file(units, files, principal, inquiry_id, file_id)
    except (AttachmentRefused, Unavailable):
        return RedirectResponse(f"/provider-contact/inquiries/{inquiry_id}", 303)
