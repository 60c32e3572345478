"""Who has a case open now, and who is writing an answer: shared between processes by rows that are renewed while the page is visible."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from routing.cases import service as cases
from routing.desk import repository
from routing.desk.schemas import PresenceRow, PresentColleague
from shared.auth import Principal
from shared.unit_of_work import UnitOfWork

BEAT_SECONDS: Final = 15  # between two renewals by a visible page
LIFETIME: Final = timedelta(seconds=3 * BEAT_SECONDS)  # one lost renewal does not make a colleague vanish
SHOWN: Final = 5  # colleagues


async def record_presence(work: UnitOfWork, principal: Principal, appeal_id: UUID, *, writing: bool) -> None:
    """Record that the principal has the case open now. Whoever is not of the staff only reads, and is not recorded."""
    if principal.is_staff:
        await repository.record_presence(work.session, PresenceRow(appeal_id, principal.subject, writing, work.clock.now()))


async def present_colleagues(work: UnitOfWork, principal: Principal, appeal_id: UUID) -> list[PresentColleague]:
    """Return who else has the case open, those who write an answer first. The principal sees the case."""
    since = work.clock.now() - LIFETIME
    found = await repository.present(work.session, appeal_id, principal.subject, since, SHOWN)
    names = await cases.names_of(work, [row.subject for row in found])
    return [PresentColleague(names.get(row.subject) or row.subject, row.writing) for row in found]


async def purge_presence(work: UnitOfWork) -> None:
    """Delete the rows of pages that are closed."""
    await repository.purge_presence(work.session, work.clock.now() - LIFETIME)
