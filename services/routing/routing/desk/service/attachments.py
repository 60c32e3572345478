"""Files of a case, read from intake and provider-contact on the clerk's behalf."""

from typing import Final
from uuid import UUID

from fastapi.responses import StreamingResponse

from routing.desk.errors import AttachmentGone, AttachmentNotScanned
from shared.auth import Principal
from shared.contents import Contents, FileRequest, FileWithheld, OwnerUnavailable
from shared.errors import Conflict, NotFound, Unavailable
from shared.files.passing import passed_on

PURPOSE: Final = "desk-attachment"
APPLICANT: Final = "intake"
"""The owner of the files that the applicant sent."""
PROVIDER: Final = "provider-contact"
"""The owner of the files that came with providers' answers."""


async def open_attachment(
    contents: Contents, principal: Principal, appeal_id: UUID, attachment_id: UUID, owner: str = APPLICANT
) -> StreamingResponse:
    """Return a file of a case: a picture or a PDF to be shown, anything else to be saved. Its owner records the access.

    Call `visible_case` first: the owner gives the file to whomever routing asks for. Raises NotFound, AttachmentNotScanned,
    AttachmentGone, and Unavailable while the owner does not answer.
    """
    request = FileRequest(
        appeal_id=appeal_id, attachment_id=attachment_id, purpose=PURPOSE, on_behalf_of=principal.subject, role=principal.role
    )
    try:
        return passed_on(await contents.open_file(owner, request))
    except OwnerUnavailable:
        raise Unavailable from None
    except FileWithheld as withheld:
        known = {NotFound.status: NotFound, Conflict.status: AttachmentNotScanned}
        raise known.get(withheld.status, AttachmentGone) from None
