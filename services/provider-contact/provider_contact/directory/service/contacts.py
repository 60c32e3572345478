"""Contacts of providers and of the bodies above them, by role."""

from collections.abc import Sequence
from uuid import UUID

from provider_contact.directory import repository
from provider_contact.directory.codes import ContactRole
from provider_contact.directory.models import Contact, Provider
from provider_contact.directory.policy import contact_roles
from provider_contact.directory.schemas import ContactContent, ProviderContact
from provider_contact.directory.service.search import local_today
from shared.domain.labels import Label
from shared.sealing import Sealer
from shared.unit_of_work import UnitOfWork

TABLE = "contact"


async def contacts_of(work: UnitOfWork, provider_id: UUID) -> Sequence[ProviderContact]:
    """Return the contacts of a provider that are valid today, by role in the order of `ContactRole`, then the newest first.

    The mailbox and the telephone of the Fund's list are its contact RECEPTION. Empty for an unknown provider.
    """
    stored = await repository.contacts_of_provider(work.session, provider_id, local_today(work.clock))
    found = [opened(contact, work.sealer) for contact in stored]
    provider = await repository.provider(work.session, provider_id)
    reception = listed_contact(provider, work.sealer) if provider is not None else None
    return in_order(found if reception is None else [*found, reception])


async def body_contacts(work: UnitOfWork, body: str, region: str) -> Sequence[ProviderContact]:
    """Return the contacts, valid today, of a body of `contact_bodies.csv` in a region; empty if the directory has none."""
    stored = await repository.contacts_of_body(work.session, body, region, local_today(work.clock))
    return in_order([opened(contact, work.sealer) for contact in stored])


def with_role(contacts: Sequence[ProviderContact], *roles: ContactRole) -> Sequence[ProviderContact]:
    """Return the contacts of the first of these roles that has any: `with_role(found, HEAD_PHYSICIAN, RECEPTION)`."""
    for role in roles:
        if found := [contact for contact in contacts if contact.role == role]:
            return found
    return []


def role_label(role: ContactRole) -> Label:
    """Return the name of a role of contacts."""
    return contact_roles()[role]


def in_order(contacts: Sequence[ProviderContact]) -> Sequence[ProviderContact]:
    """Return the contacts by role, and the newest of a role first."""
    order = list(contact_roles())
    return sorted(contacts, key=lambda contact: (order.index(contact.role), -contact.valid_from.toordinal(), str(contact.contact_id)))


def opened(contact: Contact, sealer: Sealer) -> ProviderContact:
    """Return a stored contact with its unsealed content."""
    content = ContactContent.model_validate_json(sealer.open(TABLE, contact.contact_id, "content", contact.content))
    return ProviderContact(
        contact_id=contact.contact_id,
        role=contact.role,
        name=content.name,
        position=content.position,
        phone=content.phone,
        email=content.email,
        hours=content.hours,
        languages=tuple(contact.languages),
        valid_from=contact.valid_from,
        valid_to=contact.valid_to,
        version=contact.version,
    )


def listed_contact(provider: Provider, sealer: Sealer) -> ProviderContact | None:
    """Return the mailbox and the telephone that the Fund's list has for a provider; None if it has neither."""
    if provider.email is None and provider.phone is None:
        return None

    def plain(column: str, value: bytes | None) -> str | None:
        return None if value is None else sealer.open("provider", provider.provider_id, column, value).decode()

    return ProviderContact(
        contact_id=None,
        role=ContactRole.RECEPTION,
        name="",
        position="",
        phone=plain("phone", provider.phone),
        email=plain("email", provider.email),
        hours="",
        languages=("kk", "ru"),
        valid_from=provider.valid_from,
        valid_to=provider.valid_to,
        version=0,
    )
