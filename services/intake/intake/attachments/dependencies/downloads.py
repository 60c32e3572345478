"""Downloads of files; browsers save them and never show them."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote
from uuid import UUID

import structlog
from fastapi import Request
from fastapi.responses import StreamingResponse

from intake.attachments import errors
from intake.attachments.service.storing import Attachments
from intake.register.dependencies import Intake
from shared.auth import Principal
from shared.contents import Purpose
from shared.sealing import SealError
from shared.unit_of_work import UnitsOfWork

READ_PURPOSE: Final = "attachment"
DESK_PURPOSE: Final = "desk-attachment"
PURPOSES: Final[Mapping[str, Purpose]] = {DESK_PURPOSE: Purpose(frozenset({"routing"}), for_a_person=True)}
"""The purposes for which other services read files; the services check first that the person may see the case."""

# A downloaded file must not run, be framed, be cached or be read by another site.
DOWNLOAD_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class FileAccess:
    """Who read a file, for what purpose and on whose behalf, as the audit log records it."""

    reader: str
    purpose: str
    on_behalf_of: str | None = None
    role: str | None = None


async def download_file(
    intake: Intake, attachments: Attachments, request: Request, *, number: str, pin: str | None, attachment_id: UUID, reader: Principal
) -> StreamingResponse:
    """Return a file of an appeal as a download; access by anybody but the applicant is recorded in the audit log.

    No unit of work is open while the file is read from the store.

    Raises what `AppealOpener.open` raises; NotFound, NotChecked, Infected, Lost and Unavailable.
    """
    seen = await intake.opener.open(number=number, pin=pin, principal=reader, address=intake.address(request))
    audited = None if seen.is_own else FileAccess(reader.subject, READ_PURPOSE, role=reader.role)
    return await send_file(intake.parts.units, attachments, seen.appeal.id, attachment_id, audited)


async def send_file(
    units: UnitsOfWork, attachments: Attachments, appeal_id: UUID, attachment_id: UUID, audited: FileAccess | None
) -> StreamingResponse:
    """Return a file of an appeal that the reader may see, and record the access (`audited`; None: the applicant's own).

    Raises NotFound, NotChecked, Infected, Lost and Unavailable.
    """
    async with units.read() as work:
        found, chunks = await attachments.open(work, appeal_id, attachment_id)
    try:
        first = await anext(chunks, b"")  # a missing or damaged object is detected before the response begins
    except (FileNotFoundError, SealError):
        log.exception("a file is lost", attachment_id=str(attachment_id))
        raise errors.Lost from None
    if audited is not None:
        async with units.write() as work:
            await work.audit.record(
                reader=audited.reader,
                on_behalf_of=audited.on_behalf_of,
                purpose=audited.purpose,
                ids=[attachment_id],
                appeal_id=appeal_id,
                role=audited.role,
            )

    async def all_chunks() -> AsyncIterator[bytes]:
        yield first
        async for chunk in chunks:
            yield chunk

    media_type = found.kind.media_types[0]
    headers = {"Content-Disposition": _disposition(found.name), "Content-Length": str(found.size), **DOWNLOAD_HEADERS}
    return StreamingResponse(all_chunks(), headers=headers, media_type=media_type)


def _disposition(name: str) -> str:
    """Return the header with the name in ASCII for old programs and in UTF-8 for all others (RFC 6266 §4.3, appendix D)."""
    plain = name.encode("ascii", "replace").decode().translate({ord(each): "_" for each in '?"\\;'})
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
