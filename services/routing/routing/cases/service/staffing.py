"""What supervisors and heads decide about the people of their region: capacity, skills, shifts, and which queues are assigned by rule."""

from collections.abc import Iterator, Mapping
from typing import Final

from routing.cases import repository
from routing.cases.repository import staffing as records
from routing.cases.schemas.colleagues import ColleagueItem
from routing.cases.schemas.staffing import QueueItem, QueueName, SetAutomatic, SetStaffing, Share, ShiftCodes
from routing.cases.schemas.views import ColleagueView
from routing.cases.service.assignment import shares, takers
from routing.cases.service.colleagues import item_of
from shared.auth import Principal
from shared.domain.regions import CENTRAL_OFFICE, regions
from shared.domain.taxonomy import HIGHEST_TIER, taxonomy
from shared.errors import Forbidden, InvalidInput, NotFound
from shared.unit_of_work import UnitOfWork
from shared.visibility import visible_cases

_LANGUAGES: Final = ("kk", "ru")
"""The languages of the queues that every region has."""


def region_of_boss(principal: Principal) -> str:
    """Return the region whose people the principal decides about. Raises Forbidden for anybody but a supervisor or head of a region."""
    if not principal.has("supervisor", "head") or principal.region is None or principal.region not in regions():
        raise Forbidden
    return principal.region


async def member(work: UnitOfWork, principal: Principal, subject: str) -> ColleagueView:
    """Lock and return a colleague of the principal's region. Raises Forbidden as `region_of_boss` does, NotFound for anybody else."""
    region = region_of_boss(principal)
    found = await records.lock_colleague(work.session, subject)
    if found is None or found.region != region:
        raise NotFound
    return found


async def set_staffing(work: UnitOfWork, principal: Principal, command: SetStaffing) -> ColleagueItem:
    """Store capacity, skills and shifts of a colleague, and return the colleague. Raises as `member` does."""
    found, now = await member(work, principal, command.subject), work.clock.now()
    left_at = None if command.works_here else found.left_at or now
    languages: list[str] | None = None if command.languages is None else [*sorted(command.languages)]
    tiers = None if command.tiers is None else sorted(command.tiers)
    shifts: list[ShiftCodes | None] | None = None
    if command.shifts is not None:
        shifts = [None if shift is None else {"begins": shift.begins, "ends": shift.ends} for shift in command.shifts]
    await records.store_staffing(
        work.session, found.subject, capacity=command.capacity, languages=languages, tiers=tiers, shifts=shifts, left_at=left_at
    )
    changed = await repository.colleague(work.session, found.subject)
    loads = await repository.workloads(work.session, visible_cases(principal), now)
    return item_of(changed or found, loads.get(found.subject), now)


async def team_shares(work: UnitOfWork) -> Mapping[str, Share]:
    """Return the load of every colleague against the fair share, by subject."""
    return shares(await repository.colleagues(work.session), await records.open_loads(work.session), work.clock.now())


async def queues(work: UnitOfWork, principal: Principal) -> list[QueueItem]:
    """Return the queues of the principal's region by name: those that every region has, and others in which cases wait.

    Raises Forbidden as `region_of_boss` does.
    """
    region, now = region_of_boss(principal), work.clock.now()
    decided = await records.automatic_queues(work.session, region)
    counts = await records.waiting_counts(work.session, region)
    present = takers(await repository.colleagues(work.session), await records.open_loads(work.session), now)
    waiting = {count.queue: count.cases for count in counts}
    names = dict.fromkeys([*map(str, _usual(region)), *sorted({*decided, *waiting})])
    items = []
    for name in names:
        queue = QueueName.read(name)
        able = {taker.subject for tier in queue.tiers for taker in present if taker.is_able(region, tier, queue.language, queue.protection)}
        items.append(QueueItem(queue=name, region=region, automatic=decided.get(name, False), waiting=waiting.get(name, 0), able=len(able)))
    return items


def _usual(region: str) -> Iterator[QueueName]:
    for tier in (*sorted(taxonomy().tiers), None):
        for language in _LANGUAGES:
            yield QueueName(region, tier, language)
    if region == CENTRAL_OFFICE:
        for language in _LANGUAGES:
            yield QueueName(region, HIGHEST_TIER, language, protected=True)


async def set_automatic(work: UnitOfWork, principal: Principal, command: SetAutomatic) -> QueueItem:
    """Switch assignment by rule on or off for a queue of the principal's region, and return the queue.

    Raises Forbidden as `region_of_boss` does, InvalidInput for anything that is no queue of the region.
    """
    region = region_of_boss(principal)
    try:
        queue = QueueName.read(command.queue)
    except ValueError:
        queue = None
    if queue is None or queue.region != region:
        raise InvalidInput.field("queue", "unknown-code", "Choose a queue of your region.")
    await records.store_queue(
        work.session,
        {
            "queue": command.queue,
            "region": region,
            "automatic": command.automatic,
            "changed_by": principal.subject,
            "changed_at": work.clock.now(),
        },
    )
    return next(item for item in await queues(work, principal) if item.queue == command.queue)
