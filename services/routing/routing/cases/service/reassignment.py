"""All open cases of a colleague who leaves or is away go to others, in one transaction."""

from collections.abc import Callable, Sequence
from typing import Final
from uuid import UUID

from routing.cases import repository
from routing.cases.repository import extensions as appointments
from routing.cases.repository import staffing as records
from routing.cases.schemas.rows import CaseChange, CaseState
from routing.cases.schemas.staffing import Destination, Reassign, Reassigned
from routing.cases.schemas.views import ColleagueView
from routing.cases.service import workflow
from routing.cases.service.assignment import Taker, choose, lock_takers, store_assignments, taker_of
from routing.cases.service.history import entry
from routing.cases.service.shifts import absence_of, running_absence
from routing.cases.service.staffing import region_of_boss
from shared.auth import Principal
from shared.errors import InvalidInput, NotFound
from shared.unit_of_work import UnitOfWork

QUEUED: Final = "case-queued"
"""The entry in the history of a case that was put back into its queue."""
_ASSIGNED: Final = "case-assigned"
_Choice = Callable[[CaseState], Taker | None]


async def reassign(work: UnitOfWork, principal: Principal, command: Reassign) -> Reassigned:
    """Take all open cases from a colleague of the principal's region, wherever they are from, and return what became of them.

    What nobody may take goes back to its queue. A case whose answer waits to be sent stays with its author.
    Raises Forbidden for anybody but a supervisor or head of a region, NotFound for a colleague of another one, InvalidInput if nobody
    stands in.
    """
    region = region_of_boss(principal)
    leaver = await repository.colleague(work.session, command.subject)
    if leaver is None or leaver.region != region:
        raise NotFound
    present = await lock_takers(work, [region], work.clock.now(), but=command.subject)  # the leaver too, and all before cases
    choice = await _choice(work, leaver, command.to, present)
    cases = await records.lock_cases_of(work.session, leaver.subject)
    given, queued = _divide([case for case in cases if case.sends_at is None], choice)
    await store_assignments(work, given, principal.role or "", principal.subject, _ASSIGNED)
    await _queue(work, principal, queued)
    if command.leaves:
        await records.mark_as_left(work.session, leaver.subject, work.clock.now())
        await appointments.end_deputy(work.session, region, leaver.subject, work.clock.now())
    held = len(cases) - len(given) - len(queued)
    return Reassigned(cases=len(cases), assigned=len(given), queued=len(queued), held=held)


async def _choice(work: UnitOfWork, leaver: ColleagueView, to: Destination, present: Sequence[Taker]) -> _Choice:
    """Return who gets a case; None: nobody, it goes back to its queue."""
    if to is Destination.QUEUE:
        return lambda _case: None
    if to is Destination.SHARED:
        return lambda case: choose(present, case)
    absence = running_absence(leaver, work.clock.now())
    deputy = await repository.colleague(work.session, absence.deputy) if absence is not None and absence.deputy is not None else None
    if deputy is None or deputy.left_at is not None or absence_of(deputy, work.clock.now()) is not None:
        raise InvalidInput.field("to", "unknown-code", "Nobody stands in for this colleague today.")
    taker = taker_of(deputy, 0)
    return lambda case: taker if taker.visible.allows(case.region, case.tier, None, case.protection) else None


def _divide(cases: Sequence[CaseState], choice: _Choice) -> tuple[list[tuple[UUID, int, str]], list[CaseState]]:
    """Return the cases with who gets each, and those that go back to their queues: answered ones wait there for the applicant."""
    given: list[tuple[UUID, int, str]] = []
    queued: list[CaseState] = []
    for case in cases:
        taker = choice(case) if case.status in workflow.assignable_statuses() else None
        if taker is None:
            queued.append(case)
        else:
            taker.load += 1
            given.append((case.appeal_id, case.version, taker.subject))
    return given, queued


async def _queue(work: UnitOfWork, principal: Principal, cases: Sequence[CaseState]) -> None:
    """Put locked cases back into their queues. Nothing is published: for the other services a case has no clerk."""
    now, role, actor = work.clock.now(), principal.role or "", principal.subject
    changes: list[CaseChange] = [{"appeal_id": case.appeal_id, "assignee": None, "version": case.version + 1} for case in cases]
    await repository.change_cases(work.session, changes, now)
    entries = [entry(case.appeal_id, work.ids.new(), now, QUEUED, actor_role=role, actor=actor) for case in cases]
    repository.add_history_later(work.session, entries)
