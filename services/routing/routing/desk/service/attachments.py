"""Files of a case, read from intake on the clerk's behalf."""

import re
from collections.abc import AsyncIterator
from typing import Final
from uuid import UUID

from fastapi.responses import StreamingResponse

from routing.desk.errors import AttachmentGone, AttachmentNotScanned
from shared.auth import Principal
from shared.contents import Contents, FileRequest, FileWithheld, OwnedFile, OwnerUnavailable
from shared.errors import Conflict, NotFound, Unavailable

PURPOSE: Final = "desk-attachment"
PDF: Final = "application/pdf"
SHOWN: Final = frozenset({"image/jpeg", "image/png", "image/webp"})
"""Pictures that the browser shows. Intake has decoded and written them again, so that they hold nothing else."""
_CONFINED: Final = "default-src 'none'; frame-ancestors 'none'; sandbox"
_PDF_VIEWER: Final = "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'none'"
"""In a sandbox browsers do not show a PDF. Their viewer runs apart from the page's origin, and intake refuses PDFs with code."""
_SAVED: Final = re.compile(r"^attachment(?=;|$)")


async def open_attachment(contents: Contents, principal: Principal, appeal_id: UUID, attachment_id: UUID) -> StreamingResponse:
    """Return a file of a case: a picture or a PDF to be shown, anything else to be saved. Intake records the access.

    Call `visible_case` first: intake gives the file to whomever routing asks for. Raises NotFound, AttachmentNotScanned,
    AttachmentGone, and Unavailable while intake does not answer.
    """
    request = FileRequest(
        appeal_id=appeal_id, attachment_id=attachment_id, purpose=PURPOSE, on_behalf_of=principal.subject, role=principal.role
    )
    try:
        file = await contents.open_file("intake", request)
    except OwnerUnavailable:
        raise Unavailable from None
    except FileWithheld as withheld:
        known = {NotFound.status: NotFound, Conflict.status: AttachmentNotScanned}
        raise known.get(withheld.status, AttachmentGone) from None
    return StreamingResponse(_chunks(file), headers=_headers(file), media_type=file.media_type)


async def _chunks(file: OwnedFile) -> AsyncIterator[bytes]:
    try:
        async for chunk in file.chunks():
            yield chunk
    finally:
        await file.close()


def _headers(file: OwnedFile) -> dict[str, str]:
    is_shown = file.media_type in {*SHOWN, PDF}
    headers = {
        "Content-Disposition": _SAVED.sub("inline", file.disposition) if is_shown else file.disposition,
        "Content-Security-Policy": _PDF_VIEWER if file.media_type == PDF else _CONFINED,
        "Cross-Origin-Resource-Policy": "same-origin",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
    }
    return headers | ({"Content-Length": file.size} if file.size is not None else {})
