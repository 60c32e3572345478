"""The deputies of a head: supervisors of the region who decide in the head's place until a day (АППК art. 76(3), 88(2))."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from routing.cases import repository
from routing.cases.repository import extensions as records
from routing.cases.schemas.extensions import DeputyRecord, DeputyView
from routing.cases.schemas.views import ColleagueView
from shared.auth import Principal
from shared.domain.regions import regions
from shared.errors import Forbidden, InvalidInput
from shared.unit_of_work import UnitOfWork


async def acting(work: UnitOfWork, principal: Principal) -> Principal:
    """Return the principal, with the role of the head for a deputy of today. Visibility stays: both see the cases of one region."""
    region = principal.region
    if region is None or region not in regions() or not principal.has("supervisor") or principal.has("head"):
        return principal
    is_deputy = await records.is_deputy(work.session, region, principal.subject, _today(work, region))
    return replace(principal, roles=principal.roles | {"head"}) if is_deputy else principal


def region_of_head(principal: Principal) -> str:
    """Return the region of a head. Raises Forbidden for anybody else: a deputy appoints nobody."""
    if not principal.has("head") or principal.region is None or principal.region not in regions():
        raise Forbidden
    return principal.region


async def supervisors(work: UnitOfWork, region: str) -> list[ColleagueView]:
    """Return the known supervisors of a region by name, who may become deputies."""
    found = await repository.colleagues(work.session)
    return [colleague for colleague in found if colleague.role == "supervisor" and colleague.region == region and colleague.left_at is None]


async def current_deputies(work: UnitOfWork, region: str) -> Sequence[DeputyView]:
    """Return the deputies of today and of days to come."""
    return await records.deputies(work.session, region, _today(work, region))


async def appoint(work: UnitOfWork, head: Principal, subject: str, until: date) -> None:
    """Appoint a supervisor of the head's region until a local day, in place of an earlier appointment of the same person.

    Raises Forbidden for anybody but a head, InvalidInput for a day that has passed or somebody who is no supervisor of the region.
    """
    region = region_of_head(head)
    if subject not in {colleague.subject for colleague in await supervisors(work, region)}:
        raise InvalidInput.field("subject", "unknown-code", "Choose a supervisor of your region.")
    if until < _today(work, region):
        raise InvalidInput.field("until", "too-early", "This day has passed.")
    now = work.clock.now()
    await records.end_deputy(work.session, region, subject, now)
    await records.add_deputy(work.session, DeputyRecord(region, subject, None, until, head.subject, now))


async def dismiss(work: UnitOfWork, head: Principal, subject: str) -> None:
    """End an appointment now. Raises Forbidden for anybody but a head."""
    await records.end_deputy(work.session, region_of_head(head), subject, work.clock.now())


def _today(work: UnitOfWork, region: str) -> date:
    return work.clock.now().astimezone(regions()[region].timezone).date()
