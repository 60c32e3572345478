"""Who read an appeal, as its applicant may know it: the day, the role and what was read, never a name."""

from collections.abc import Iterable, Mapping
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from intake.register.codes import ReadPart
from intake.register.models import Appeal, ContentRead
from intake.register.repository.applicant import reads_of
from intake.register.schemas import AppealRead
from shared.domain.regions import regions

ENTRIES: Final = 500  # entries of the audit log that are summed up; a case is opened some ten times
PARTS: Final[Mapping[str, ReadPart]] = {
    "desk": ReadPart.TEXT_AND_CONTACTS,
    "case-file": ReadPart.TEXT_AND_CONTACTS,
    "letter": ReadPart.TEXT_AND_CONTACTS,
    "provider-disclosure": ReadPart.TEXT_AND_CONTACTS,
    "forwarding": ReadPart.TEXT_AND_CONTACTS,
    "oral-record": ReadPart.TEXT_AND_CONTACTS,
    "notice": ReadPart.TEXT_AND_CONTACTS,
    "withdrawal-call": ReadPart.TEXT_AND_CONTACTS,
    "question-call": ReadPart.TEXT_AND_CONTACTS,
    "attachment": ReadPart.DOCUMENT,
    "desk-attachment": ReadPart.DOCUMENT,
    "inquiry-document": ReadPart.DOCUMENT,
    "inquiry-documents": ReadPart.DOCUMENT_LIST,
}
"""What a purpose of the audit log opens; every other purpose opens the text."""


async def reads_for_applicant(session: AsyncSession, appeal: Appeal) -> list[AppealRead]:
    """Return who read an appeal, newest first, with the reads of a day, a role and a part as one entry."""
    return _summed(await reads_of(session, appeal.id, ENTRIES), regions()[appeal.region].timezone)


def _summed(entries: Iterable[ContentRead], zone: ZoneInfo) -> list[AppealRead]:
    found: dict[tuple[object, ...], AppealRead] = {}
    for entry in entries:
        part = PARTS.get(entry.purpose, ReadPart.TEXT)
        key = entry.at.astimezone(zone).date(), entry.role, part
        if key in found:
            found[key].times += 1
        else:
            found[key] = AppealRead(last_at=entry.at, role=entry.role, part=part, times=1)
    return list(found.values())
