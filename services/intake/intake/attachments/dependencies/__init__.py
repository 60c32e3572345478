"""Dependencies of routes, pages and jobs that handle files."""

from typing import Annotated

from fastapi import Depends, Request

from intake.attachments.dependencies.uploads import Uploads
from intake.attachments.service.storing import Attachments


def attachments_of(request: Request) -> Attachments:
    """Return the use cases of files of this process."""
    return uploads_of(request).attachments


def uploads_of(request: Request) -> Uploads:
    """Return the uploads of this process."""
    found: Uploads = request.app.state.uploads
    return found


async def current_attachments(request: Request) -> Attachments:
    return attachments_of(request)


async def current_uploads(request: Request) -> Uploads:
    return uploads_of(request)


AttachmentsDep = Annotated[Attachments, Depends(current_attachments)]
UploadsDep = Annotated[Uploads, Depends(current_uploads)]
