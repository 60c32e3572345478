"""Appeals that come over a counter: on what terms, who received them, and what somebody has registered.

The terms of a provider's officer are the law of her own organisation's desk: channel SPP, her organisation, its region.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Final
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from intake.channels.counter import repository
from intake.channels.counter.errors import OrganisationNotKnown
from intake.channels.counter.service.policy import BRANCH, PROVIDER, Way, ways, ways_at
from intake.register.schemas import AppealIn, ProviderIn
from intake.register.service.admission import Admission
from intake.register.service.filing import fault
from intake.register.service.providers import Provider, active_provider
from intake.register.service.registration import Condition, sender_key, shown_status
from shared.auth import Principal, Role, check_role
from shared.domain.regions import CENTRAL_OFFICE, regions
from shared.domain.working_hours import hours_for
from shared.errors import Forbidden, InvalidInput
from shared.http import Cursor, ListResponse
from shared.service import Parts

CLERKS: Final[tuple[Role, ...]] = ("operator", "specialist", "supervisor", "head")


@dataclass(frozen=True, slots=True)
class Counter:
    """Where somebody works: what is taken in there, and in which region and for which organisation, if these are not to be chosen."""

    ways: Mapping[str, Way]
    region: str | None
    organisation: Provider | None = None


class Handed(BaseModel):
    """What whoever registered an appeal sees of it afterwards."""

    number: str
    status: str


async def counter_of(parts: Parts, principal: Principal) -> Counter:
    """Raises Unauthorized, Forbidden for whoever has no counter, and OrganisationNotKnown."""
    check_role(principal, *CLERKS, "provider")
    if principal.has(*CLERKS):
        if not principal.region and (principal.region is not None or not principal.has("operator")):  # an empty claim opens nothing
            raise Forbidden
        return Counter(ways_at(BRANCH), principal.region)
    own = await _organisation(parts, principal)
    return Counter(ways_at(PROVIDER), own.region, own)


async def _organisation(parts: Parts, principal: Principal) -> Provider:
    if principal.provider_id is None:
        raise Forbidden
    async with parts.database.read() as session:
        found = await active_provider(session, principal.provider_id)
    if found is None:
        raise OrganisationNotKnown
    return found


def admit(principal: Principal, way: Way, name: str) -> Admission:
    """The terms for what `principal`, called `name`, takes in over a counter."""
    return Admission(
        way.channel,
        _sender(principal),
        may_backdate=way.dated,
        topic_suffices=way.oral,
        received_by=shortened(name),
        position=principal.role,
        way=way.code,
    )


async def own_statement(parts: Parts, principal: Principal, appeal: AppealIn, admission: Admission) -> tuple[AppealIn, Admission]:
    """What a provider's officer registers by the API, about her own organisation alone, and received by her.

    Raises Forbidden, OrganisationNotKnown, and InvalidInput for another organisation or region.
    """
    own = await _organisation(parts, principal)
    given = appeal.provider
    errors = []
    if given is not None and (given.name is not None or given.provider_id != own.id):
        errors.append(fault("provider", "not-own"))
    if appeal.region not in {own.region, CENTRAL_OFFICE}:
        errors.append(fault("region", "not-own"))
    if errors:
        raise InvalidInput(errors)
    name = await name_of(parts, principal)
    if name is not None:
        admission = replace(admission, received_by=shortened(name), position=principal.role)
    return about(own, appeal), admission


def about(organisation: Provider, appeal: AppealIn) -> AppealIn:
    return appeal.model_copy(update={"provider": ProviderIn(provider_id=organisation.id), "region": organisation.region})


def received_at(day: date, region: str) -> datetime:
    """When what carries only the day of its receipt was received: as the branch opened. Raises KeyError for an unknown region."""
    return datetime.combine(day, hours_for(region, day).opens, regions()[region].timezone).astimezone(UTC)


def shortened(name: str) -> str:
    """Surname and initials, as a talon has them (АППК art. 64(2)), of a name that begins with the surname; what has initials stays."""
    surname, *others = name.split()
    return name.strip() if "." in name else " ".join([surname, *(f"{one[0]}." for one in others)])


async def name_of(parts: Parts, principal: Principal) -> str | None:
    """As the token says, else as its holder said once."""
    if principal.name and principal.name.strip():
        return principal.name
    key = _key(parts, principal)
    async with parts.database.read() as session:
        kept = await repository.receiver_name(session, key)
    return parts.sealer.open("receiver", key.hex(), "name", kept).decode() if kept else None


async def keep_name(parts: Parts, principal: Principal, name: str) -> None:
    key = _key(parts, principal)
    async with parts.database.write() as session:
        await repository.put_receiver(session, key, parts.sealer.seal("receiver", key.hex(), "name", name.encode()))


def noted(parts: Parts, admission: Admission) -> Condition | None:
    """Keeps with the appeal who registered it at which counter; None for what came in otherwise."""
    if admission.way is None or admission.sender is None:
        return None
    row = {"way": ways()[admission.way].code, "receiver": sender_key(parts.pepper, admission.sender), "at": parts.clock.now()}

    async def note(session: AsyncSession, appeal_id: UUID) -> None:
        await repository.add_reception(session, {"appeal_id": appeal_id, **row})

    return note


async def handed_to(parts: Parts, principal: Principal, cursor: str | None, limit: int) -> ListResponse[Handed]:
    """What `principal` registered at a counter, newest first. Raises InvalidInput for a cursor that is none."""
    receiver, now = _key(parts, principal), parts.clock.now()
    before = None if cursor is None else Cursor.decode(cursor, UUID)[0]
    async with parts.database.read() as session:
        found = await repository.receptions_of(session, receiver, before, limit + 1)
        total = await repository.count_receptions(session, receiver)
    items = [Handed(number=number, status=shown_status(status, registered_at, now)) for _, number, status, registered_at in found[:limit]]
    following = Cursor.encode(found[limit - 1][0]) if len(found) > limit else None
    return ListResponse(items=items, total=total, next_cursor=following)


def _sender(principal: Principal) -> str:
    return f"{principal.issuer}\n{principal.subject}"


def _key(parts: Parts, principal: Principal) -> bytes:
    return sender_key(parts.pepper, _sender(principal))
