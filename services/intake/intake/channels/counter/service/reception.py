"""Reception of appeals at counters: the terms of admission, the receiver, and the list of what a person registered.

An officer of a provider registers appeals about her own organisation only: under channel SPP, in the organisation's region.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final
from uuid import UUID

from pydantic import BaseModel

from intake.channels.counter import repository
from intake.channels.counter.errors import OrganisationNotKnown
from intake.channels.counter.policy import CounterKind, IntakeMethod, intake_methods, methods_at
from intake.register.schemas import AppealIn, ProviderIn
from intake.register.service.admission import Admission
from intake.register.service.filing import fault
from intake.register.service.providers import ListedProvider, active_provider
from intake.register.service.registration import Condition, sender_key, shown_status
from shared.auth import Principal, Role, check_role
from shared.domain.regions import CENTRAL_OFFICE, regions
from shared.domain.working_hours import hours_for
from shared.errors import Forbidden, InvalidInput
from shared.http import Cursor, ListResponse, keyset_page
from shared.sealing import Pepper
from shared.unit_of_work import UnitOfWork

CLERKS: Final[tuple[Role, ...]] = ("operator", "specialist", "supervisor", "head")


@dataclass(frozen=True, slots=True)
class Counter:
    """A counter: its intake methods by code, and its region and organisation where these are not chosen in the form."""

    methods: Mapping[str, IntakeMethod]
    region: str | None
    organisation: ListedProvider | None = None


class RegisteredAtCounter(BaseModel):
    """What the person who registered an appeal sees of it afterwards."""

    number: str
    status: str


async def counter_of(work: UnitOfWork, principal: Principal) -> Counter:
    """Return the counter where a principal works. Raises Unauthorized, Forbidden for whoever has no counter, OrganisationNotKnown."""
    check_role(principal, *CLERKS, "provider")
    if principal.has(*CLERKS):
        if not principal.region and (principal.region is not None or not principal.has("operator")):  # an empty claim opens nothing
            raise Forbidden
        return Counter(methods_at(CounterKind.BRANCH), principal.region)
    own = await _organisation(work, principal)
    return Counter(methods_at(CounterKind.PROVIDER), own.region, own)


async def _organisation(work: UnitOfWork, principal: Principal) -> ListedProvider:
    if principal.provider_id is None:
        raise Forbidden
    found = await active_provider(work.session, principal.provider_id)
    if found is None:
        raise OrganisationNotKnown
    return found


def admit(principal: Principal, method: IntakeMethod, name: str) -> Admission:
    """Return the terms for an appeal that `principal`, called `name`, receives at a counter."""
    return Admission(
        method.channel,
        principal.identity,
        may_backdate=method.dated,
        topic_suffices=method.oral,
        received_by=surname_and_initials(name),
        position=principal.role,
        intake_method=method.code,
    )


async def provider_statement(work: UnitOfWork, principal: Principal, appeal: AppealIn, admission: Admission) -> tuple[AppealIn, Admission]:
    """Return the appeal and the terms of an officer of a provider: about her own organisation, received by her.

    Raises Forbidden, OrganisationNotKnown, and InvalidInput for another organisation or region.
    """
    own = await _organisation(work, principal)
    given = appeal.provider
    errors = []
    if given is not None and (given.name is not None or given.provider_id != own.id):
        errors.append(fault("provider", "not-own"))
    if appeal.region not in {own.region, CENTRAL_OFFICE}:
        errors.append(fault("region", "not-own"))
    if errors:
        raise InvalidInput(errors)
    name = await receiver_name(work, principal)
    if name is not None:
        admission = admission._replace(received_by=surname_and_initials(name), position=principal.role)
    return about_organisation(own, appeal), admission


def about_organisation(organisation: ListedProvider, appeal: AppealIn) -> AppealIn:
    """Return the appeal with the organisation as its provider, in the organisation's region."""
    return appeal.model_copy(update={"provider": ProviderIn(provider_id=organisation.id), "region": organisation.region})


def received_at(day: date, region: str) -> datetime:
    """Return the time of receipt of an appeal of which only the day is known: when the branch opened. Raises KeyError for a region."""
    return datetime.combine(day, hours_for(region, day).opens, regions()[region].timezone).astimezone(UTC)


def surname_and_initials(name: str) -> str:
    """Return surname and initials for a talon (АППК art. 64(2)). The name begins with the surname; a name with initials stays."""
    surname, *others = name.split()
    return name.strip() if "." in name else " ".join([surname, *(f"{other[0]}." for other in others)])


async def receiver_name(work: UnitOfWork, principal: Principal) -> str | None:
    """Return the name in the token, otherwise the name that was stored for its holder, if any."""
    if principal.name and principal.name.strip():
        return principal.name
    key = _key(work.pepper, principal)
    sealed = await repository.receiver_name(work.session, key)
    return work.sealer.open("receiver", key.hex(), "name", sealed).decode() if sealed else None


async def store_receiver_name(work: UnitOfWork, principal: Principal, name: str) -> None:
    """Store the name of a token's holder, sealed."""
    key = _key(work.pepper, principal)
    await repository.upsert_receiver(work.session, key, work.sealer.seal("receiver", key.hex(), "name", name.encode()))


def record_reception(admission: Admission) -> Condition | None:
    """Return the condition that records who registered the appeal at a counter; None for an appeal of another channel."""
    if admission.intake_method is None or admission.sender is None:
        return None
    method, sender = intake_methods()[admission.intake_method].code, admission.sender

    async def record(work: UnitOfWork, appeal_id: UUID) -> None:
        receiver, at = sender_key(work.pepper, sender), work.clock.now()
        await repository.add_reception(work.session, {"appeal_id": appeal_id, "intake_method": method, "receiver": receiver, "at": at})

    return record


async def registered_by(work: UnitOfWork, principal: Principal, cursor: str | None, limit: int) -> ListResponse[RegisteredAtCounter]:
    """Return the appeals that a principal registered at a counter, newest first. Raises InvalidInput `bad-cursor`."""
    receiver, now = _key(work.pepper, principal), work.clock.now()
    before = None if cursor is None else Cursor.decode(cursor, UUID)[0]
    found = await repository.received_appeals(work.session, receiver, before, limit + 1)
    total = await repository.count_received_appeals(work.session, receiver)

    def shown(appeal: repository.ReceivedAppeal) -> RegisteredAtCounter:
        return RegisteredAtCounter(number=appeal.number, status=shown_status(appeal.status, appeal.registered_at, now))

    return keyset_page(found, limit, total, item=shown, key=lambda appeal: appeal.appeal_id)


def _key(pepper: Pepper, principal: Principal) -> bytes:
    return sender_key(pepper, principal.identity)
