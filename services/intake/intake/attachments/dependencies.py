"""Dependencies of routes and pages that handle files."""

from typing import Annotated

from fastapi import Depends, Request

from intake.attachments.service.storing import Attachments


def attachments_of(request: Request) -> Attachments:
    """Return the attachment store of this process."""
    found: Attachments = request.app.state.attachments
    return found


async def current_attachments(request: Request) -> Attachments:
    return attachments_of(request)


AttachmentsDep = Annotated[Attachments, Depends(current_attachments)]
