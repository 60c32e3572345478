"""Assignment by rule: who of those present gets an unassigned case of a queue for which it is switched on."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, cast
from uuid import UUID

from routing.cases import repository
from routing.cases.policy import RoleStaffing, role_staffing
from routing.cases.repository import staffing as records
from routing.cases.schemas.rows import CaseChange, CaseState, HistoryRow
from routing.cases.schemas.staffing import QueueName, Share, WaitingCase
from routing.cases.schemas.views import ColleagueView
from routing.cases.service import workflow
from routing.cases.service.history import SERVICE_ROLE, entry
from routing.cases.service.shifts import absence_of, is_present
from shared.auth import Principal, Role
from shared.contracts import CaseClaimed
from shared.unit_of_work import UnitOfWork
from shared.visibility import Scope, visible_cases

ASSIGNED_AT_ONCE: Final = 100  # cases of one transaction
BY_RULE: Final = "case-assigned-by-rule"
"""The entry in the history of a case that was assigned by rule."""
_EVERYWHERE: Final = ("expert",)
"""The roles whose holders see cases of all regions."""


def usual_of(colleague: ColleagueView) -> RoleStaffing:
    """Return what is assigned by rule to the colleague's role."""
    return role_staffing()[colleague.role]


def capacity_of(colleague: ColleagueView) -> int:
    """Return how many open cases the colleague works on at once."""
    return usual_of(colleague).capacity if colleague.capacity is None else colleague.capacity


def tiers_of(colleague: ColleagueView) -> frozenset[int]:
    """Return the tiers whose cases are assigned to the colleague by rule."""
    return usual_of(colleague).tiers if colleague.tiers is None else frozenset(colleague.tiers)


@dataclass(slots=True)
class Taker:
    """A colleague to whom cases are assigned by rule now. `load`: the open cases, those that are being assigned among them."""

    subject: str
    capacity: int
    languages: frozenset[str] | None
    tiers: frozenset[int]
    visible: Scope
    load: int

    def is_able(self, region: str, tier: int, language: str, protection: str | None) -> bool:
        """Return whether one more case of this region, tier, language and protection may be assigned."""
        has_skill = tier in self.tiers and (self.languages is None or language in self.languages)
        return self.load < self.capacity and has_skill and self.visible.allows(region, tier, None, protection)


def takers(staff: Iterable[ColleagueView], loads: Mapping[str, int], now: datetime) -> list[Taker]:
    """Return those of the staff who are present."""
    return [taker_of(colleague, loads.get(colleague.subject, 0)) for colleague in staff if is_present(colleague, now)]


def taker_of(colleague: ColleagueView, load: int) -> Taker:
    """Return a colleague with the skills that count, as if present."""
    principal = Principal(subject=colleague.subject, issuer="", roles=frozenset({cast("Role", colleague.role)}), region=colleague.region)
    return Taker(
        subject=colleague.subject,
        capacity=capacity_of(colleague),
        languages=None if colleague.languages is None else frozenset(colleague.languages),
        tiers=tiers_of(colleague),
        visible=visible_cases(principal),
        load=load,
    )


def choose(takers: Iterable[Taker], case: WaitingCase | CaseState) -> Taker | None:
    """Return who gets a case: of those able to take it, the one whose load is the smallest part of the capacity with half of it.

    Half a case more makes shares round to the nearest whole case (Sainte-Laguë): nobody is a whole case away from the fair share.
    """
    able = [taker for taker in takers if taker.is_able(case.region, case.tier, case.language, case.protection)]
    return min(able, key=lambda taker: ((taker.load + 0.5) / taker.capacity, taker.subject), default=None)


async def is_any_case_waiting(work: UnitOfWork) -> bool:
    """Return whether a case waits to be assigned by rule, whoever is present."""
    return await records.is_any_case_waiting(work.session)


async def assign_next(work: UnitOfWork) -> int:
    """Assign the next cases to those present, the earliest deadline first. Return how many were assigned; 0: nothing can be done now.

    The locks of queues, colleagues and cases let several workers run it at once. A case that a clerk is changing is skipped until later.
    """
    session, now = work.session, work.clock.now()
    queues = [QueueName.read(queue) for queue in await records.lock_automatic_queues(session)]
    if not queues:
        return 0
    present = await lock_takers(work, {queue.region for queue in queues}, now)
    wanted = _takeable(queues, present)
    if not wanted:
        return 0
    waiting = await records.lock_waiting_cases(session, wanted, workflow.assignable_statuses(), ASSIGNED_AT_ONCE)
    given: list[tuple[UUID, int, str]] = []
    for case in waiting:
        taker = choose(present, case)
        if taker is not None:
            taker.load += 1
            given.append((case.appeal_id, case.version, taker.subject))
    await store_assignments(work, given, SERVICE_ROLE, None, BY_RULE)
    return len(given)


async def lock_takers(work: UnitOfWork, regions: Iterable[str], now: datetime, *, but: str | None = None) -> list[Taker]:
    """Lock the colleagues who may get cases of these regions, and return those who are present. `but`: the one who gets none."""
    staff = await records.lock_staff(work.session, set(regions), everywhere=_EVERYWHERE)
    loads = await records.open_loads(work.session, [colleague.subject for colleague in staff])
    return [taker for taker in takers(staff, loads, now) if taker.subject != but]


def _takeable(queues: Sequence[QueueName], present: Sequence[Taker]) -> Mapping[int, list[str]]:
    """Return the queues of which somebody may get a case, by tier: others do not stop those behind them."""
    found: dict[int, list[str]] = defaultdict(list)
    for queue in queues:
        for tier in queue.tiers:
            if any(taker.is_able(queue.region, tier, queue.language, queue.protection) for taker in present):
                found[tier].append(str(queue))
    return found


async def store_assignments(
    work: UnitOfWork, given: Sequence[tuple[UUID, int, str]], actor_role: str, actor: str | None, entry_type: str
) -> None:
    """Store the assignees of locked cases: each with its version before and the subject of who gets it. Publish as a claim does."""
    now = work.clock.now()
    changes: list[CaseChange] = [
        {"appeal_id": appeal_id, "assignee": subject, "version": version + 1} for appeal_id, version, subject in given
    ]
    entries: list[HistoryRow] = [
        entry(appeal_id, _publish(work, appeal_id, actor_role), now, entry_type, actor_role=actor_role, actor=actor)
        for appeal_id, _, _ in given
    ]
    await repository.change_cases(work.session, changes, now)
    repository.add_history_later(work.session, entries)


def _publish(work: UnitOfWork, appeal_id: UUID, actor_role: str) -> UUID:
    return work.publish(CaseClaimed(appeal_id=appeal_id, actor_role=actor_role))


def shares(staff: Sequence[ColleagueView], loads: Mapping[str, int], now: datetime) -> Mapping[str, Share]:
    """Return the load of each colleague against the fair share, by subject.

    Those with the same region, languages and tiers share what they have by capacity. An absent colleague has no share.
    """
    groups: dict[object, list[ColleagueView]] = defaultdict(list)
    for colleague in staff:
        if capacity_of(colleague) and colleague.left_at is None and absence_of(colleague, now) is None:
            languages = None if colleague.languages is None else frozenset(colleague.languages)
            groups[colleague.region, languages, tiers_of(colleague)].append(colleague)
    fair: dict[str, float] = {}
    for group in groups.values():
        level = sum(loads.get(colleague.subject, 0) for colleague in group) / sum(map(capacity_of, group))
        fair |= {colleague.subject: capacity_of(colleague) * level for colleague in group}
    return {colleague.subject: Share(capacity_of(colleague), fair.get(colleague.subject)) for colleague in staff}
