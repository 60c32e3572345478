"""Every query on the provider directory."""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from provider_contact.directory.models import Contact, DirectoryVersion, Provider, ProviderRow
from shared.rows import insert_rows, update_rows, upsert

DIRECTORY = 1  # the one row of directory_version
BIN_KEYS_PER_QUERY = 1_000  # engines limit the parameters of a statement


class StoredProvider(NamedTuple):
    """What an import compares a line with."""

    provider_id: UUID
    fingerprint: bytes
    valid_from: date
    valid_to: date | None


async def directory_version(session: AsyncSession) -> int:
    """Return the version of the directory; 0 before the first import."""
    return (await session.execute(select(col(DirectoryVersion.version)))).scalar_one_or_none() or 0


async def lock_directory(session: AsyncSession) -> int:
    """Return the directory's version and lock its row until the transaction ends, so that one import runs at a time."""
    await session.execute(upsert(session, DirectoryVersion).on_conflict_do_nothing(), [{"id": DIRECTORY, "version": 0}])
    return (await session.execute(select(col(DirectoryVersion.version)).with_for_update())).scalar_one()


async def set_directory_version(session: AsyncSession, version: int) -> None:
    """Store the version of the directory, whose row the caller has locked."""
    await session.execute(update(DirectoryVersion).where(col(DirectoryVersion.id) == DIRECTORY).values(version=version))


async def valid_providers(session: AsyncSession, day: date) -> Sequence[Provider]:
    """Return the providers that are valid on a day."""
    return (await session.execute(select(Provider).where(_valid(Provider, day)))).scalars().all()


def _valid(model: type[Provider | Contact], day: date) -> ColumnElement[bool]:
    return and_(col(model.valid_from) <= day, or_(col(model.valid_to).is_(None), col(model.valid_to) >= day))


async def provider(session: AsyncSession, provider_id: UUID) -> Provider | None:
    """Return a provider, whether or not it is still valid."""
    return await session.get(Provider, provider_id)


async def contacts_of_provider(session: AsyncSession, provider_id: UUID, day: date) -> Sequence[Contact]:
    """Return the contacts of a provider that are valid on a day."""
    wanted = and_(col(Contact.provider_id) == provider_id, _valid(Contact, day))
    return (await session.execute(select(Contact).where(wanted))).scalars().all()


async def contacts_of_body(session: AsyncSession, body: str, region: str, day: date) -> Sequence[Contact]:
    """Return the contacts of a body in a region that are valid on a day."""
    wanted = and_(col(Contact.body) == body, col(Contact.region) == region, _valid(Contact, day))
    return (await session.execute(select(Contact).where(wanted))).scalars().all()


async def stored_providers(session: AsyncSession, bin_keys: Sequence[bytes]) -> dict[bytes, StoredProvider]:
    """Return the providers that the directory has under these BIN keys, by BIN key."""
    validity = (col(Provider.valid_from), col(Provider.valid_to))
    columns = (col(Provider.bin_key), col(Provider.provider_id), col(Provider.fingerprint), *validity)
    found: dict[bytes, StoredProvider] = {}
    for start in range(0, len(bin_keys), BIN_KEYS_PER_QUERY):
        keys = bin_keys[start : start + BIN_KEYS_PER_QUERY]
        rows = await session.execute(select(*columns).where(col(Provider.bin_key).in_(keys)))
        found.update({row[0]: StoredProvider(*row[1:]) for row in rows})
    return found


async def insert_providers(session: AsyncSession, rows: Sequence[ProviderRow]) -> None:
    """Insert new providers. Raises IntegrityError for a BIN that is stored already."""
    await insert_rows(session, Provider, rows, sliced=True)


async def update_providers(session: AsyncSession, rows: Sequence[ProviderRow]) -> None:
    """Set every column of these providers, which are identified by `provider_id`."""
    await update_rows(session, Provider, rows, key=("provider_id",))
