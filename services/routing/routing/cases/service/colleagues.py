"""The staff known to the desk: everybody who has used it, by the claims of the token. Only a known colleague is assigned a case."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Final, NamedTuple, cast

from routing.cases import repository
from routing.cases.errors import UnknownAssignee
from routing.cases.schemas.rows import CaseRecord
from routing.cases.schemas.views import CaseView, ColleagueView
from shared.auth import STAFF, Principal, Role
from shared.domain.labels import Language
from shared.domain.regions import regions
from shared.unit_of_work import UnitOfWork, UnitsOfWork
from shared.visibility import visible_cases
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
    """Return the colleagues who see the case, by name."""
    return [colleague for colleague in await repository.colleagues(work.session) if _sees(colleague, case)][:LISTED]


async def listed(work: UnitOfWork, principal: Principal) -> list[ColleagueView]:
    """Return the colleagues whose cases the reader may ask for, by name: those of the reader's region, or all without one."""
    found = await repository.colleagues(work.session)
    return [colleague for colleague in found if principal.region is None or colleague.region in (None, principal.region)][:LISTED]


async def name_of(work: UnitOfWork, subject: str) -> str | None:
    """Return the name in the colleague's token; None for a colleague without a name or not yet known."""
    found = await repository.colleague(work.session, subject)
    return found.name if found is not None else None


async def require(work: UnitOfWork, case: CaseRecord | CaseView, subject: str) -> None:
    """Raise UnknownAssignee, which lists the possible assignees, unless the subject is one of them."""
    found = await repository.colleague(work.session, subject)
    if found is None or not _sees(found, case):
        raise UnknownAssignee(await possible_assignees(work, case))


async def without_access(work: UnitOfWork, case: CaseRecord, subjects: Sequence[str]) -> list[str]:
    """Return those of the subjects who are not known colleagues or do not see the case."""
    if not subjects:
        return []
    seeing = {colleague.subject for colleague in await repository.colleagues(work.session) if _sees(colleague, case)}
    return [subject for subject in subjects if subject not in seeing]


def _sees(colleague: ColleagueView, case: CaseRecord | CaseView) -> bool:
    role = cast("Role", colleague.role)
    principal = Principal(subject=colleague.subject, issuer="", roles=frozenset({role}), region=colleague.region)
    return visible_cases(principal).allows(case.region, case.tier, case.provider_id)


def labels(colleagues: Sequence[ColleagueView], language: Language) -> list[tuple[str, str]]:
    """Return options for a list: the subject, and the name with role and region."""
    return [(colleague.subject, ", ".join(filter(None, _described(colleague, language)))) for colleague in colleagues]


def _described(colleague: ColleagueView, language: Language) -> Iterator[str]:
    region = regions().get(colleague.region or "")
    yield colleague.name or colleague.subject
    yield role_labels()[colleague.role].in_(language)
    yield region.label.in_(language) if region else ""
