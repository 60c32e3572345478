"""The staff known to the desk: everybody who has used it, by the claims of the token. Only a known colleague is assigned a case."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Final, NamedTuple, cast

from routing.cases import repository
from routing.cases.errors import AbsentAssignee, UnknownAssignee
from routing.cases.repository.conversation import colleague_names
from routing.cases.repository.staffing import open_loads
from routing.cases.schemas.colleagues import ColleagueItem, UserView, Workload
from routing.cases.schemas.rows import CaseRecord
from routing.cases.schemas.views import CaseView, ColleagueView
from routing.cases.service.assignment import capacity_of, tiers_of
from routing.cases.service.shifts import absence_of, is_present, running_absence
from shared.auth import STAFF, Principal, Role
from shared.domain.labels import Language
from shared.domain.regions import regions
from shared.unit_of_work import UnitOfWork, UnitsOfWork
from shared.visibility import NOTHING, visible_cases
from shared.web.viewer import role_labels

LISTED: Final = 200
CACHED: Final = 10_000


class ColleagueClaims(NamedTuple):
    """What the token says of a colleague."""

    name: str | None
    role: Role
    region: str | None


class Colleagues:
    """Records staff who use the desk, once a day and whenever a claim has changed. A cache of the process avoids repeated writes.

    It writes in a transaction of its own, because it is asked by the request dependencies, before the route's unit of work is open.
    """

    def __init__(self, units: UnitsOfWork) -> None:
        self._units = units
        self._recorded: dict[str, tuple[ColleagueClaims, date]] = {}

    async def record(self, principal: Principal) -> None:
        """Record that the principal uses the desk. Principals outside the staff are ignored."""
        if not principal.is_staff or principal.role not in STAFF:
            return
        claims, today = ColleagueClaims(principal.name, principal.role, principal.region), self._units.clock.now().date()
        if self._recorded.get(principal.subject) == (claims, today):
            return
        async with self._units.write() as work:
            await record(work, principal.subject, claims, today)
        if len(self._recorded) >= CACHED:
            self._recorded.clear()
        self._recorded[principal.subject] = (claims, today)


async def record(work: UnitOfWork, subject: str, claims: ColleagueClaims, seen_on: date) -> None:
    """Store the claims of a colleague, replacing those of an earlier day."""
    await repository.record_colleague(
        work.session, {"subject": subject, "name": claims.name, "role": claims.role, "region": claims.region, "seen_on": seen_on}
    )


async def possible_assignees(work: UnitOfWork, case: CaseRecord | CaseView) -> list[ColleagueView]:
    """Return the colleagues who see the case, by name, absent ones among them."""
    found = await repository.colleagues(work.session)
    return [colleague for colleague in found if colleague.left_at is None and _sees(colleague, case)][:LISTED]


async def listed(work: UnitOfWork, principal: Principal) -> list[ColleagueView]:
    """Return the colleagues whose cases the reader may ask for, by name: those of the reader's region, or all without one.

    A reader who sees no case sees no colleague.
    """
    if visible_cases(principal) == NOTHING:
        return []
    found = await repository.colleagues(work.session)
    here = [colleague for colleague in found if colleague.left_at is None]
    return [colleague for colleague in here if principal.region is None or colleague.region in (None, principal.region)][:LISTED]


async def team(work: UnitOfWork, principal: Principal, region: str | None = None) -> list[tuple[ColleagueView, Workload | None]]:
    """Return the colleagues whose cases the reader may ask for, by name, each with the open cases that the reader sees.

    A colleague of another region is among them while some of those cases are theirs.
    """
    loads = await repository.workloads(work.session, visible_cases(principal), work.clock.now())
    own = {colleague.subject for colleague in await listed(work, principal)} | loads.keys()
    found = [colleague for colleague in await repository.colleagues(work.session) if colleague.subject in own]
    return [(colleague, loads.get(colleague.subject)) for colleague in found if region in (None, colleague.region)]


async def oldest_open(work: UnitOfWork, principal: Principal) -> Mapping[str, datetime]:
    """Return when the oldest open case of each colleague that the reader sees was received, by subject."""
    return await repository.oldest_open(work.session, visible_cases(principal), work.clock.now())


async def items(work: UnitOfWork, principal: Principal, region: str | None) -> list[ColleagueItem]:
    """Return the colleagues as `team` does, as clients see them."""
    return [item_of(colleague, load, work.clock.now()) for colleague, load in await team(work, principal, region)]


async def replaced_by(work: UnitOfWork, subject: str) -> list[tuple[ColleagueView, date]]:
    """Return the absent colleagues for whom somebody stands in now, by name, each with the day of return."""
    found = [(each, running_absence(each, work.clock.now())) for each in await repository.colleagues(work.session)]
    return [(each, absence.return_on) for each, absence in found if absence is not None and absence.deputy == subject]


async def open_load(work: UnitOfWork, subject: str) -> int:
    """Return how many open cases a colleague has, wherever they are from."""
    return (await open_loads(work.session, [subject])).get(subject, 0)


def item_of(colleague: ColleagueView, load: Workload | None, now: datetime) -> ColleagueItem:
    """Return a colleague as clients see one."""
    return ColleagueItem(
        subject=colleague.subject,
        name=colleague.name,
        role=colleague.role,
        region=colleague.region,
        open=load.open if load else 0,
        overdue=load.overdue if load else 0,
        absent_until=absence_of(colleague, now),
        capacity=capacity_of(colleague),
        languages=colleague.languages,
        tiers=sorted(tiers_of(colleague)),
        present=is_present(colleague, now),
    )


def manages(principal: Principal, colleague: ColleagueView) -> bool:
    """Return whether the principal may record the absence of a colleague: one's own, or as a supervisor or head of the same region."""
    is_own = colleague.subject == principal.subject
    return is_own or (principal.has("supervisor", "head") and bool(principal.region) and colleague.region == principal.region)


async def users(work: UnitOfWork, query: str) -> tuple[list[UserView], int]:
    """Return the first people who have used the desk whose name or subject contains the query, and how many there are."""
    wanted = query.casefold()
    found = [user for user in await repository.users(work.session) if wanted in f"{user.name or ''}\n{user.subject}".casefold()]
    return found[:LISTED], len(found)


async def find(work: UnitOfWork, subject: str) -> ColleagueView | None:
    """Return a known colleague by the subject of the token."""
    return await repository.colleague(work.session, subject)


async def name_of(work: UnitOfWork, subject: str) -> str | None:
    """Return the name in the colleague's token; None for a colleague without a name or not yet known."""
    found = await repository.colleague(work.session, subject)
    return found.name if found is not None else None


async def names_of(work: UnitOfWork, subjects: Sequence[str]) -> Mapping[str, str | None]:
    """Return the names of known colleagues by subject."""
    return await colleague_names(work.session, subjects)


async def require(work: UnitOfWork, case: CaseRecord | CaseView, subject: str) -> None:
    """Raise UnknownAssignee, which lists the possible assignees, unless the subject sees the case; AbsentAssignee for an absent one."""
    found, now = await repository.colleague(work.session, subject), work.clock.now()
    if found is None or found.left_at is not None or not _sees(found, case):
        seeing = await possible_assignees(work, case)
        raise UnknownAssignee([colleague for colleague in seeing if absence_of(colleague, now) is None])
    if (until := absence_of(found, now)) is not None:
        raise AbsentAssignee(until)


async def without_access(work: UnitOfWork, case: CaseRecord, subjects: Sequence[str]) -> list[str]:
    """Return those of the subjects who are not known colleagues or do not see the case."""
    if not subjects:
        return []
    seeing = {colleague.subject for colleague in await repository.colleagues(work.session) if _sees(colleague, case)}
    return [subject for subject in subjects if subject not in seeing]


def _sees(colleague: ColleagueView, case: CaseRecord | CaseView) -> bool:
    role = cast("Role", colleague.role)
    principal = Principal(subject=colleague.subject, issuer="", roles=frozenset({role}), region=colleague.region)
    visible = visible_cases(principal)
    return case.concerned != colleague.subject and visible.allows(case.region, case.tier, case.provider_id, case.protection)


def labels(colleagues: Sequence[ColleagueView], language: Language) -> list[tuple[str, str]]:
    """Return options for a list: the subject, and the name with role and region."""
    return [(colleague.subject, ", ".join(filter(None, _described(colleague, language)))) for colleague in colleagues]


def _described(colleague: ColleagueView, language: Language) -> Iterator[str]:
    region = regions().get(colleague.region or "")
    yield colleague.name or colleague.subject
    yield role_labels()[colleague.role].in_(language)
    yield region.label.in_(language) if region else ""
