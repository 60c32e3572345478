"""The card of a provider: what the directory has of it, and the changes that the keeper makes on the page."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from provider_contact.directory import repository
from provider_contact.directory.codes import Entity
from provider_contact.directory.errors import EntryChanged
from provider_contact.directory.models import Contact, Provider, ProviderContract
from provider_contact.directory.schemas import DoctorItem, ProviderContact
from provider_contact.directory.service.contact_lines import ContactOwner, contact_values
from provider_contact.directory.service.contacts import in_order, listed_contact, opened
from provider_contact.directory.service.doctors import doctors_of
from provider_contact.directory.service.entries import MODELS, Values, Write, key_of, version_of, write
from provider_contact.directory.service.plans import write_of
from provider_contact.directory.service.sheets import AliasFields, ContactFields, ContractFields
from shared.auth import Principal
from shared.errors import NotFound
from shared.unit_of_work import UnitOfWork

CHANGES_SHOWN = 5  # on a card: older ones are undone one after another


@dataclass(frozen=True, slots=True)
class Change:
    """A change that the keeper made on a page. `can_be_undone`: the entry was not changed since."""

    change_id: UUID
    entity: Entity
    is_new: bool
    is_removed: bool
    at: datetime
    can_be_undone: bool


@dataclass(frozen=True, slots=True)
class Card:
    """A provider with everything that the directory has of it. `contacts`: of all times."""

    provider: Provider
    contacts: Sequence[ProviderContact]
    contracts: Sequence[ProviderContract]
    doctors: Sequence[DoctorItem]
    changes: Sequence[Change]


async def card_of(work: UnitOfWork, provider_id: UUID) -> Card:
    """Return a provider's card. Raises NotFound."""
    provider = await repository.provider(work.session, provider_id)
    if provider is None:
        raise NotFound
    contacts = [opened(contact, work.sealer) for contact in await repository.all_contacts_of_provider(work.session, provider_id)]
    reception = listed_contact(provider, work.sealer)
    return Card(
        provider=provider,
        contacts=in_order(contacts if reception is None else [*contacts, reception]),
        contracts=await repository.contracts_of(work.session, provider_id),
        doctors=await doctors_of(work, provider_id),
        changes=await _changes(work, provider_id),
    )


async def contacts_of_bodies(work: UnitOfWork, body: str, region: str) -> tuple[Sequence[ProviderContact], Sequence[Change]]:
    """Return the contacts of a body in a region, of all times, and the last changes of contacts of bodies."""
    stored = await repository.all_contacts_of_body(work.session, body, region)
    return in_order([opened(contact, work.sealer) for contact in stored]), await _changes(work, None)


async def set_aliases(work: UnitOfWork, provider_id: UUID, fields: AliasFields, expected_version: int, keeper: Principal) -> None:
    """Set the other names that the keeper gives a provider, and publish the provider. Raises NotFound, EntryChanged."""
    before = await _locked(work, Entity.PROVIDER, provider_id, expected_version)
    aliases = list(dict.fromkeys(fields.aliases))
    if before["added_aliases"] != aliases:
        change = write_of(Entity.PROVIDER, provider_id, provider_id, before, {**before, "added_aliases": aliases})
        await write(work, [change], import_id=None, actor=keeper.subject)


async def save_contact(
    work: UnitOfWork,
    owner: ContactOwner,
    contact_id: UUID | None,
    fields: ContactFields,
    expected_version: int,
    keeper: Principal,
) -> None:
    """Add a contact, or change one of this owner. Raises NotFound, EntryChanged."""
    before: Values | None = None
    if contact_id is not None:
        before = await _locked(work, Entity.CONTACT, contact_id, expected_version)
        _check_owner(before, owner)
    elif owner.provider_id is not None and await repository.provider(work.session, owner.provider_id) is None:
        raise NotFound
    entry_id = contact_id or work.ids.new()
    after = contact_values(work, entry_id, fields, owner, before)
    await write(work, [write_of(Entity.CONTACT, entry_id, owner.provider_id, before, after)], import_id=None, actor=keeper.subject)


async def remove_contact(work: UnitOfWork, owner: ContactOwner, contact_id: UUID, expected_version: int, keeper: Principal) -> None:
    """Remove a contact of this owner. Raises NotFound, EntryChanged."""
    before = await _locked(work, Entity.CONTACT, contact_id, expected_version)
    _check_owner(before, owner)
    removed = Write(Entity.CONTACT, contact_id, owner.provider_id, before, None)
    await write(work, [removed], import_id=None, actor=keeper.subject)


async def save_contract(work: UnitOfWork, provider_id: UUID, fields: ContractFields, keeper: Principal) -> None:
    """Set the types of care of a contract year; without types the year is removed. Raises NotFound."""
    await repository.lock_directory(work.session)
    if await repository.provider(work.session, provider_id) is None:
        raise NotFound
    care = sorted(set(fields.care_types))
    rows = await repository.entries(work.session, ProviderContract, "provider_id", [provider_id])
    before = next((row for row in rows if row["year"] == fields.contract_year), None)
    if (before["care_types"] if before is not None else []) == care:
        return
    contract_id = before["contract_id"] if before is not None else work.ids.new()
    assert isinstance(contract_id, UUID)  # noqa: S101 - a key column
    after = {"contract_id": contract_id, "provider_id": provider_id, "year": fields.contract_year, "care_types": care}
    change = write_of(Entity.CONTRACT, contract_id, provider_id, before, after)
    if not care:
        change = Write(Entity.CONTRACT, contract_id, provider_id, before, None)
    await write(work, [change], import_id=None, actor=keeper.subject)


async def _locked(work: UnitOfWork, entity: Entity, entity_id: UUID, expected_version: int) -> Values:
    """Lock the directory and return an entry. Raises NotFound, and EntryChanged for another version."""
    await repository.lock_directory(work.session)
    rows = await repository.entries(work.session, MODELS[entity], key_of(entity), [entity_id])
    if not rows:
        raise NotFound
    if rows[0]["version"] != expected_version:
        raise EntryChanged
    return rows[0]


def _check_owner(contact: Values, owner: ContactOwner) -> None:
    if (contact["provider_id"], contact["body"], contact["region"]) != owner:
        raise NotFound


async def _changes(work: UnitOfWork, provider_id: UUID | None) -> list[Change]:
    found = await repository.keeper_changes(work.session, provider_id, CHANGES_SHOWN)
    versions: dict[UUID, int] = {}
    for entity in {change.entity for change in found}:
        ids = [change.entity_id for change in found if change.entity is entity]
        for row in await repository.entries(work.session, MODELS[entity], key_of(entity), ids):
            entity_id = row[key_of(entity)]
            assert isinstance(entity_id, UUID)  # noqa: S101 - a key column
            versions[entity_id] = version_of(row)
    return [
        Change(
            change_id=change.change_id,
            entity=change.entity,
            is_new=change.before is None,
            is_removed=change.version == 0,
            at=change.at,
            can_be_undone=change.undone_at is None and versions.get(change.entity_id, 0) == change.version,
        )
        for change in found
    ]


def is_valid(contact: Contact | ProviderContact, day: date) -> bool:
    """Return whether a contact is valid on a day."""
    return contact.valid_from <= day and (contact.valid_to is None or day <= contact.valid_to)
