"""Every query on the provider directory."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import NamedTuple, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import defer
from sqlmodel import SQLModel, col

from provider_contact.directory.codes import ImportState
from provider_contact.directory.models import (
    Contact,
    DirectoryChange,
    DirectoryImport,
    DirectoryVersion,
    Doctor,
    Provider,
    ProviderContract,
)
from shared.rows import Rows, insert_rows, table_of, update_rows, upsert

DIRECTORY = 1  # the one row of directory_version
VALUES_PER_QUERY = 1_000  # engines limit the parameters of a statement

T = TypeVar("T")


class StoredProvider(NamedTuple):
    """What an import compares a line with."""

    provider_id: UUID
    fingerprint: bytes


async def directory_version(session: AsyncSession) -> int:
    """Return the version of the directory; 0 before the first import."""
    return (await session.execute(select(col(DirectoryVersion.version)))).scalar_one_or_none() or 0


async def lock_directory(session: AsyncSession) -> int:
    """Return the directory's version and lock its row until the transaction ends, so that one import runs at a time."""
    await session.execute(upsert(session, DirectoryVersion).on_conflict_do_nothing(), [{"id": DIRECTORY, "version": 0}])
    return (await session.execute(select(col(DirectoryVersion.version)).with_for_update())).scalar_one()


async def raise_directory_version(session: AsyncSession) -> None:
    """Increment the version of the directory, whose row the caller has locked."""
    raised = {"version": DirectoryVersion.version + 1}
    await session.execute(update(DirectoryVersion).where(col(DirectoryVersion.id) == DIRECTORY).values(raised))


async def valid_providers(session: AsyncSession, day: date) -> Sequence[Provider]:
    """Return the providers that are valid on a day."""
    return (await session.execute(select(Provider).where(_valid(Provider, day)))).scalars().all()


def _valid(model: type[Provider | Contact | Doctor], day: date) -> ColumnElement[bool]:
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


async def doctors_of_provider(session: AsyncSession, provider_id: UUID, day: date) -> Sequence[Doctor]:
    """Return the doctors who work for a provider on a day."""
    wanted = and_(col(Doctor.provider_id) == provider_id, _valid(Doctor, day))
    return (await session.execute(select(Doctor).where(wanted))).scalars().all()


async def doctor_provider(session: AsyncSession, doctor_id: UUID) -> UUID | None:
    """Return the provider of a doctor."""
    return (await session.execute(select(col(Doctor.provider_id)).where(col(Doctor.doctor_id) == doctor_id))).scalar_one_or_none()


async def stored_providers(session: AsyncSession, bin_keys: Sequence[bytes]) -> dict[bytes, StoredProvider]:
    """Return the providers that the directory has under these BIN keys, by BIN key."""
    columns = (col(Provider.bin_key), col(Provider.provider_id), col(Provider.fingerprint))
    found: dict[bytes, StoredProvider] = {}
    for keys in _slices(bin_keys):
        rows = await session.execute(select(*columns).where(col(Provider.bin_key).in_(keys)))
        found.update({row[0]: StoredProvider(*row[1:]) for row in rows})
    return found


async def entries(session: AsyncSession, model: type[SQLModel], column: str, values: Sequence[object]) -> list[dict[str, object]]:
    """Return the entries of a table whose column has one of these values, each as its columns' values."""
    table = table_of(model)
    found: list[dict[str, object]] = []
    for some in _slices(values):
        rows = await session.execute(select(table).where(table.c[column].in_(some)))
        found += [dict(row) for row in rows.mappings()]
    return found


async def insert_entries(session: AsyncSession, model: type[SQLModel], rows: Rows) -> None:
    """Insert new entries. Raises IntegrityError for an entry that is stored already."""
    if rows:
        await insert_rows(session, model, rows, sliced=True)


async def update_entries(session: AsyncSession, model: type[SQLModel], rows: Rows, *, key: str) -> None:
    """Set every column of these entries, which the column `key` identifies."""
    await update_rows(session, model, rows, key=(key,))


async def delete_entries(session: AsyncSession, model: type[SQLModel], ids: Sequence[UUID], *, key: str) -> None:
    """Delete the entries with these ids."""
    table = table_of(model)
    for some in _slices(ids):
        await session.execute(delete(table).where(table.c[key].in_(some)))


async def insert_changes(session: AsyncSession, rows: Rows) -> None:
    """Insert the records of changes."""
    await insert_rows(session, DirectoryChange, rows, sliced=True)


def _slices(values: Sequence[T]) -> Iterator[Sequence[T]]:
    return (values[start : start + VALUES_PER_QUERY] for start in range(0, len(values), VALUES_PER_QUERY))


ImportPosition = tuple[datetime, UUID]
"""The position of an import in the history: its time and id."""


_WITHOUT_FILE = defer(DirectoryImport.document, raiseload=True)  # type: ignore[arg-type]  # SQLModel types columns by their values
_FIGURES = (_WITHOUT_FILE, defer(DirectoryImport.report, raiseload=True))  # type: ignore[arg-type]  # a report has thousands of lines


async def import_by_id(session: AsyncSession, import_id: UUID) -> DirectoryImport | None:
    """Return an import or a draft without its file."""
    return await session.get(DirectoryImport, import_id, options=[_WITHOUT_FILE])


async def import_file(session: AsyncSession, import_id: UUID) -> bytes | None:
    """Return the sealed file of a draft."""
    query = select(col(DirectoryImport.document)).where(col(DirectoryImport.import_id) == import_id)
    return (await session.execute(query)).scalar_one_or_none()


async def imports(session: AsyncSession, limit: int, after: ImportPosition | None) -> tuple[Sequence[DirectoryImport], int]:
    """Return the imports without their reports, drafts left out, the newest first, from a position on, and how many there are."""
    carried_out = col(DirectoryImport.state) != ImportState.DRAFT
    order = (col(DirectoryImport.at).desc(), col(DirectoryImport.import_id).desc())
    query = select(DirectoryImport).options(*_FIGURES).where(carried_out).order_by(*order).limit(limit)
    if after is not None:
        at, import_id = after
        earlier = and_(col(DirectoryImport.at) == at, col(DirectoryImport.import_id) < import_id)
        query = query.where(or_(col(DirectoryImport.at) < at, earlier))
    total = (await session.execute(select(func.count()).select_from(DirectoryImport).where(carried_out))).scalar_one()
    return (await session.execute(query)).scalars().all(), total


async def latest_import(session: AsyncSession) -> UUID | None:
    """Return the id of the newest import that changed something and is not undone."""
    changed = col(DirectoryImport.added) + col(DirectoryImport.changed) > 0
    wanted = select(col(DirectoryImport.import_id)).where(col(DirectoryImport.state) == ImportState.IMPORTED, changed)
    order = (col(DirectoryImport.at).desc(), col(DirectoryImport.import_id).desc())
    return (await session.execute(wanted.order_by(*order).limit(1))).scalar_one_or_none()


async def delete_drafts(session: AsyncSession, before: datetime) -> None:
    """Delete the drafts of imports that were made before a time."""
    draft = and_(col(DirectoryImport.state) == ImportState.DRAFT, col(DirectoryImport.at) < before)
    await session.execute(delete(DirectoryImport).where(draft))


async def changes_of_import(session: AsyncSession, import_id: UUID) -> Sequence[DirectoryChange]:
    """Return the changes of an import."""
    return (await session.execute(select(DirectoryChange).where(col(DirectoryChange.import_id) == import_id))).scalars().all()


async def change_by_id(session: AsyncSession, change_id: UUID) -> DirectoryChange | None:
    return await session.get(DirectoryChange, change_id)


async def mark_undone(session: AsyncSession, at: datetime, *, import_id: UUID) -> None:
    """Mark the changes of an import as undone."""
    await session.execute(update(DirectoryChange).where(col(DirectoryChange.import_id) == import_id).values(undone_at=at))


async def all_contacts_of_provider(session: AsyncSession, provider_id: UUID) -> Sequence[Contact]:
    """Return the contacts of a provider, of all times."""
    return (await session.execute(select(Contact).where(col(Contact.provider_id) == provider_id))).scalars().all()


async def all_contacts_of_body(session: AsyncSession, body: str, region: str) -> Sequence[Contact]:
    """Return the contacts of a body in a region, of all times."""
    wanted = and_(col(Contact.body) == body, col(Contact.region) == region)
    return (await session.execute(select(Contact).where(wanted))).scalars().all()


async def contracts_of(session: AsyncSession, provider_id: UUID) -> Sequence[ProviderContract]:
    """Return the contract years of a provider, the newest first."""
    query = select(ProviderContract).where(col(ProviderContract.provider_id) == provider_id)
    return (await session.execute(query.order_by(col(ProviderContract.year).desc()))).scalars().all()


async def keeper_changes(session: AsyncSession, provider_id: UUID | None, limit: int) -> Sequence[DirectoryChange]:
    """Return the last changes that the keeper made on the pages of a provider (None: of bodies), the newest first."""
    owner = col(DirectoryChange.provider_id)
    mine = and_(owner.is_(None) if provider_id is None else owner == provider_id, col(DirectoryChange.import_id).is_(None))
    query = select(DirectoryChange).where(mine).order_by(col(DirectoryChange.at).desc(), col(DirectoryChange.change_id).desc())
    return (await session.execute(query.limit(limit))).scalars().all()
