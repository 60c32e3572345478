"""Downloads of files; browsers save them and never show them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from fastapi import Request
from fastapi.responses import StreamingResponse

from intake.attachments.service.storing import Attachments
from intake.register.dependencies import Intake
from shared.auth import Principal
from shared.contents import Purpose
from shared.files.downloads import Download
from shared.unit_of_work import UnitsOfWork

READ_PURPOSE: Final = "attachment"
DESK_PURPOSE: Final = "desk-attachment"
PROVIDER_PURPOSE: Final = "inquiry-document"
PURPOSES: Final[Mapping[str, Purpose]] = {
    DESK_PURPOSE: Purpose(frozenset({"routing"}), for_a_person=True),
    PROVIDER_PURPOSE: Purpose(frozenset({"provider-contact"}), for_a_person=True),
}
"""The purposes for which other services read files.

The services check first that the person may see the case, or that the Fund shows this file to the person's provider.
"""


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
    download = await Download.begin(attachment_id, chunks)
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
    return download.response(found.name, found.kind.media_types[0], found.size)
