"""Mass incidents: a supervisor announces one with a prepared answer, operators close the calls about it as the same matter.

An incident ends by its time or by hand.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from intake.channels.phone import repository
from intake.channels.phone.models import Incident
from shared.auth import Principal, Role, check_role
from shared.domain.labels import Language
from shared.domain.regions import CENTRAL_OFFICE, regions
from shared.errors import Forbidden, NotFound
from shared.unit_of_work import UnitOfWork

ANNOUNCERS: Final[tuple[Role, ...]] = ("supervisor", "head", "admin")
COUNTRY: Final = "ALL"
"""The choice of the whole country in a form."""
SHOWN: Final = 30  # incidents of the list


@dataclass(frozen=True, slots=True)
class Announcement:
    """A checked announcement. `region` None: the whole country."""

    region: str | None
    topic: str
    kk: str
    ru: str
    en: str | None
    lasts: timedelta


def announced_regions(principal: Principal) -> Sequence[str]:
    """Return the regions for which a principal announces; COUNTRY and all for admins and the central office.

    The central office itself is none of them: callers are never registered under it unless the operator chooses it. Raises Unauthorized
    and Forbidden.
    """
    check_role(principal, *ANNOUNCERS)
    if principal.has("admin") or principal.region == CENTRAL_OFFICE:
        return [COUNTRY, *(code for code in regions() if code != CENTRAL_OFFICE)]
    if not principal.region:
        raise Forbidden
    return [principal.region]


async def announce(work: UnitOfWork, key: UUID, announcement: Announcement, principal: Principal) -> bool:
    """Store an incident, which the operators see at once. Return False if one was announced under the same `key`: the first counts.

    Raises Forbidden for a region that is not the principal's.
    """
    if (announcement.region or COUNTRY) not in announced_regions(principal):
        raise Forbidden
    now = work.clock.now()
    incident = Incident(
        id=key,
        region=announcement.region,
        topic=announcement.topic,
        answer_kk=announcement.kk,
        answer_ru=announcement.ru,
        answer_en=announcement.en,
        announced_by=principal.subject,
        announced_at=now,
        ends_at=now + announcement.lasts,
        ended_at=None,
        callers=0,
    )
    return await repository.add_incident(work.session, incident)


async def end(work: UnitOfWork, incident_id: UUID, principal: Principal) -> bool:
    """End an incident by hand. Return False if it had ended. Raises NotFound for one that is not the principal's."""
    found = await repository.incident(work.session, incident_id)
    if found is None or (found.region or COUNTRY) not in announced_regions(principal):
        raise NotFound
    return await repository.end_incident(work.session, incident_id, work.clock.now())


async def announced(work: UnitOfWork, principal: Principal) -> Sequence[Incident]:
    """Return the latest incidents of the principal's regions, those that have ended included."""
    codes = announced_regions(principal)
    return await repository.incidents(work.session, None if COUNTRY in codes else codes, SHOWN)


async def current(work: UnitOfWork, operator: Principal) -> Sequence[Incident]:
    """Return the incidents that an operator's callers may speak of, the latest first; at the central office those of every region."""
    region = None if operator.region == CENTRAL_OFFICE else operator.region
    return await repository.current_incidents(work.session, region, work.clock.now())


def is_current(incident: Incident, now: datetime) -> bool:
    return incident.ended_at is None and incident.ends_at > now


def answer_in(incident: Incident, language: Language) -> str:
    """Return the prepared answer; English falls back to Russian."""
    return {"kk": incident.answer_kk, "ru": incident.answer_ru, "en": incident.answer_en or incident.answer_ru}[language]
