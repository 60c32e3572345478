"""The absences of the staff: from a first day until a day of return, with a colleague who stands in.

Nobody who is absent is assigned a case. The deputy of a head decides in the head's place meanwhile (АППК art. 76(3), 88(2)).
"""

from dataclasses import replace
from datetime import date, timedelta

from routing.cases import repository
from routing.cases.repository import extensions as appointments
from routing.cases.repository import staffing as records
from routing.cases.schemas.colleagues import ColleagueItem, SetAbsence
from routing.cases.schemas.extensions import DeputyRecord
from routing.cases.schemas.staffing import PLANNED, Absence
from routing.cases.schemas.views import ColleagueView
from routing.cases.service.colleagues import item_of, manages
from routing.cases.service.shifts import absences_from, today_of
from shared.auth import Principal
from shared.domain.regions import regions
from shared.errors import Forbidden, InvalidInput, NotFound
from shared.unit_of_work import UnitOfWork
from shared.visibility import visible_cases


async def managed(work: UnitOfWork, principal: Principal, command: SetAbsence) -> ColleagueView:
    """Lock and return whose absence is meant. Raises NotFound for one whom the principal does not manage, or who does not exist."""
    found = await records.lock_colleague(work.session, command.subject or principal.subject)
    if found is None or not manages(principal, found):
        raise NotFound
    return found


async def set_absence(work: UnitOfWork, principal: Principal, command: SetAbsence) -> ColleagueItem:
    """Record an absence in place of those that it overlaps, or end one, and return the colleague.

    Raises NotFound as `managed` does, InvalidInput for wrong days or a deputy who cannot stand in, Forbidden for a deputy of a head who
    is not appointed by the head.
    """
    found, now = await managed(work, principal, command), work.clock.now()
    today = today_of(found, now)
    known = absences_from(found, today)
    if command.absent_until is None:
        ended = [absence for absence in known if _is_meant(absence, command.absent_from, today)]
        wanted = None
    else:
        wanted = _checked(command.absent_from or today, command.absent_until, command.deputy, today)
        ended = [absence for absence in known if absence.first_day < wanted.return_on and wanted.first_day < absence.return_on]
        await _check_deputy(work, principal, found, wanted)
    kept = sorted([absence for absence in known if absence not in ended] + ([wanted] if wanted is not None else []))
    if len(kept) > PLANNED:
        raise InvalidInput.field("absent_from", "too-many", "Delete a planned absence first.")
    await _follow_with_appointments(work, principal, found, ended, wanted)
    legacy = [absence for absence in kept if absence.first_day == date.min]
    until = legacy[0].return_on if legacy else None
    stored = [absence.codes() for absence in kept if absence not in legacy]
    await records.store_absences(work.session, found.subject, stored, until)
    loads = await repository.workloads(work.session, visible_cases(principal), now)
    return item_of(replace(found, absences=stored, absent_until=until), loads.get(found.subject), now)


def _is_meant(absence: Absence, first_day: date | None, today: date) -> bool:
    """Return whether an absence is to be ended: the one that begins on the day, without a day those that run."""
    return absence.first_day <= today if first_day is None else absence.first_day == first_day


def _checked(first_day: date, return_on: date, deputy: str | None, today: date) -> Absence:
    if first_day < today:
        raise InvalidInput.field("absent_from", "too-early", "This day has passed.")
    if return_on <= first_day:
        raise InvalidInput.field("absent_until", "too-early", "Give a day after today: the day of return.")
    return Absence(first_day, return_on, deputy)


async def _check_deputy(work: UnitOfWork, principal: Principal, absent: ColleagueView, absence: Absence) -> None:
    """Raise unless the deputy works in the same region and is there; a head's deputy is a supervisor whom the head appoints."""
    if absence.deputy is None:
        return
    deputy = await repository.colleague(work.session, absence.deputy)
    is_of_head = absent.role == "head"
    if is_of_head and absent.subject != principal.subject:
        raise Forbidden
    is_known = deputy is not None and deputy.left_at is None and deputy.subject != absent.subject and deputy.region == absent.region
    if deputy is None or not is_known or (is_of_head and deputy.role != "supervisor"):
        raise InvalidInput.field("deputy", "unknown-code", "Choose a colleague of the same region; a head chooses a supervisor.")
    theirs = absences_from(deputy, today_of(deputy, work.clock.now()))
    if any(other.first_day < absence.return_on and absence.first_day < other.return_on for other in theirs):
        raise InvalidInput.field("deputy", "colleague-absent", "Choose a colleague who is not absent.")


async def _follow_with_appointments(
    work: UnitOfWork, principal: Principal, absent: ColleagueView, ended: list[Absence], wanted: Absence | None
) -> None:
    """Let the deputy of a head decide while the head is absent, and no longer."""
    now, region = work.clock.now(), absent.region
    if absent.role != "head" or region is None or region not in regions():
        return
    for deputy in {absence.deputy for absence in ended if absence.deputy is not None}:
        await appointments.end_deputy(work.session, region, deputy, now)
    if wanted is not None and wanted.deputy is not None:
        await appointments.end_deputy(work.session, region, wanted.deputy, now)
        last_day = wanted.return_on - timedelta(days=1)
        record = DeputyRecord(region, wanted.deputy, wanted.first_day, last_day, principal.subject, now)
        await appointments.add_deputy(work.session, record)
