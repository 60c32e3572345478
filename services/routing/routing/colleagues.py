"""Who works at the desk: everybody on the staff who was seen there, by the claims of the token. Only such a person is given a case."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any, Final

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from routing.errors import UnknownAssignee
from routing.models import AppealCase, Colleague
from routing.schemas import CaseView
from shared.auth import STAFF, Principal
from shared.clock import Clock
from shared.database import Database
from shared.domain.labels import Language
from shared.domain.regions import regions
from shared.messaging.inbox import upserting
from shared.visibility import visible_cases
from shared.web.viewer import role_labels

LISTED: Final = 200
STORED: Final = 10_000
COLUMNS: Final = ("subject", "name", "role", "region")
Claims = tuple[str | None, str, str | None]
"""Name, role and region."""


class Colleagues:
    """Records staff as they use the desk: once a day and whenever a claim has changed. What was recorded is remembered in the process."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._recorded: dict[str, tuple[Claims, date]] = {}

    async def record(self, principal: Principal) -> None:
        """Note that the principal uses the desk; nothing for whoever does not belong to the staff."""
        if not principal.is_staff or principal.role not in STAFF:
            return
        claims, today = (principal.name, principal.role, principal.region), self._clock.now().date()
        if self._recorded.get(principal.subject) == (claims, today):
            return
        async with self._database.write() as session:
            await add(session, principal.subject, claims, today)
        if len(self._recorded) >= STORED:
            self._recorded.clear()
        self._recorded[principal.subject] = (claims, today)


async def add(session: AsyncSession, subject: str, claims: Claims, seen_on: date) -> None:
    values = dict(zip(("name", "role", "region"), claims, strict=True)) | {"seen_on": seen_on}
    statement = upserting(session)(Colleague).values(subject=subject, **values)
    await session.execute(statement.on_conflict_do_update(index_elements=["subject"], set_=values))


async def may_have(session: AsyncSession, case: AppealCase | CaseView) -> list[dict[str, Any]]:
    """The colleagues who see the case, by name: `subject, name, role, region`."""
    query = select(*(col(getattr(Colleague, name)) for name in COLUMNS))
    rows = (await session.execute(query.order_by(col(Colleague.name), col(Colleague.subject)))).all()
    return [dict(zip(COLUMNS, row, strict=True)) for row in rows if _sees(row, case)][:LISTED]


async def name_of(session: AsyncSession, subject: str) -> str | None:
    """The name that the colleague's token gave at the desk; None for a colleague without a name or not yet seen."""
    return (await session.execute(select(col(Colleague.name)).where(col(Colleague.subject) == subject))).scalar_one_or_none()


async def require(session: AsyncSession, case: AppealCase | CaseView, subject: str) -> None:
    """Raise UnknownAssignee, with those who may have the case, unless the subject is one of them."""
    row = (await session.execute(select(Colleague.__table__).where(col(Colleague.subject) == subject))).one_or_none()  # type: ignore[attr-defined]
    if row is None or not _sees(row, case):
        raise UnknownAssignee(await may_have(session, case))


def _sees(row: Row[Any], case: AppealCase | CaseView) -> bool:
    principal = Principal(subject=row.subject, issuer="", roles=frozenset({row.role}), region=row.region)
    return visible_cases(principal).allows(case.region, case.tier, case.provider_id)


def labels(colleagues: Sequence[dict[str, Any]], language: Language) -> list[tuple[str, str]]:
    """For a list to choose from: the subject, and the name with role and region."""
    return [(each["subject"], ", ".join(filter(None, _described(each, language)))) for each in colleagues]


def _described(colleague: dict[str, Any], language: Language) -> Iterator[str]:
    region = regions().get(colleague["region"])
    yield colleague["name"] or colleague["subject"]
    yield role_labels()[colleague["role"]].in_(language)
    yield region.label.in_(language) if region else ""
