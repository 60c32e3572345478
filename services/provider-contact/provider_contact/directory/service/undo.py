"""Undoing: the latest import as a whole, or the last change of an entry by the directory's keeper."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final, Protocol
from uuid import UUID

from provider_contact.directory import repository
from provider_contact.directory.codes import Entity, ImportState
from provider_contact.directory.errors import ChangeNotLast, ImportBuiltOn, ImportNotLatest
from provider_contact.directory.models import DirectoryChange
from provider_contact.directory.service.entries import MODELS, WITHDRAWN, Values, Write, key_of, opened_snapshot, store, version_of
from provider_contact.directory.service.imports import import_of
from provider_contact.directory.service.search import local_today
from shared.auth import Principal
from shared.errors import NotFound
from shared.unit_of_work import UnitOfWork

NAMED: Final = frozenset({Entity.PROVIDER, Entity.DOCTOR})
"""Entries that other slices name by their ids."""
OF_A_PROVIDER: Final = (Entity.CONTACT, Entity.CONTRACT, Entity.DOCTOR)


class EntriesInUse(Protocol):
    """Which of these providers and doctors the slices above the directory use: appeals, inquiries and ratings name them."""

    async def __call__(self, work: UnitOfWork, ids: Sequence[UUID]) -> set[UUID]: ...


async def undo_import(work: UnitOfWork, import_id: UUID, keeper: Principal, in_use: EntriesInUse) -> None:
    """Restore the entries as they were before the latest import. Added providers end, other added entries are removed.

    Raises NotFound, ImportNotLatest, and ImportBuiltOn if an entry was changed since, if an added provider has contacts, doctors or
    contracts, or if appeals, inquiries or ratings name an added provider or doctor.
    """
    await repository.lock_directory(work.session)
    row = await import_of(work, import_id)
    latest = await repository.latest_import(work.session)
    if row.state is not ImportState.IMPORTED or latest != import_id:
        raise ImportNotLatest
    changes = await repository.changes_of_import(work.session, import_id)
    current = await _current(work, changes)
    changed_since = [change for change in changes if version_of(current.get(change.entity_id)) != change.version]
    if changed_since:
        raise ImportBuiltOn(f"{len(changed_since)} entries of the import were changed since. Undo those changes first.")
    await _refuse_used(work, changes, in_use)
    await store(work, [_reverse(work, change, current.get(change.entity_id)) for change in changes])
    row.state, row.undone_at, row.undone_by = ImportState.UNDONE, work.clock.now(), keeper.subject
    await repository.mark_undone(work.session, work.clock.now(), import_id=import_id)


async def undo_change(work: UnitOfWork, change_id: UUID) -> DirectoryChange:
    """Undo a change that the keeper made on a page, and return it. Raises NotFound, and ChangeNotLast if the entry was changed since."""
    await repository.lock_directory(work.session)
    change = await repository.change_by_id(work.session, change_id)
    if change is None or change.import_id is not None:
        raise NotFound
    current = (await _current(work, [change])).get(change.entity_id)
    if change.undone_at is not None or version_of(current) != change.version:
        raise ChangeNotLast
    await store(work, [_reverse(work, change, current)])
    change.undone_at = work.clock.now()
    return change


async def owner_of_change(work: UnitOfWork, change_id: UUID) -> UUID | None:
    """Return the provider whose entry the keeper changed; None for a contact of a body. Raises NotFound."""
    change = await repository.change_by_id(work.session, change_id)
    if change is None or change.import_id is not None:
        raise NotFound
    return change.provider_id


async def _current(work: UnitOfWork, changes: Sequence[DirectoryChange]) -> dict[UUID, Values]:
    """Return the entries of these changes as they are now, by id; removed ones are missing."""
    found: dict[UUID, Values] = {}
    for entity in Entity:
        ids = [change.entity_id for change in changes if change.entity is entity]
        for row in await repository.entries(work.session, MODELS[entity], key_of(entity), ids):
            entity_id = row[key_of(entity)]
            assert isinstance(entity_id, UUID)  # noqa: S101 - a key column
            found[entity_id] = row
    return found


async def _refuse_used(work: UnitOfWork, changes: Sequence[DirectoryChange], in_use: EntriesInUse) -> None:
    """Raise ImportBuiltOn if a provider or a doctor that the import added is in use."""
    named = [change.entity_id for change in changes if change.entity in NAMED and change.before is None]
    if named and await in_use(work, named):
        raise ImportBuiltOn("Appeals, inquiries or ratings name organisations or doctors that the import added.")
    added = [change.entity_id for change in changes if change.entity is Entity.PROVIDER and change.before is None]
    own = {change.entity_id for change in changes}
    for entity in OF_A_PROVIDER:
        rows = await repository.entries(work.session, MODELS[entity], "provider_id", added)
        if any(row[key_of(entity)] not in own for row in rows):
            raise ImportBuiltOn("Organisations that the import added have contacts, contracts or doctors.")


def _reverse(work: UnitOfWork, change: DirectoryChange, current: Values | None) -> Write:
    """Return the write that restores an entry, with a new version: of a provider that the change added, its end."""
    version = max(version_of(current), change.version) + 1
    after: Values | None = None
    if change.before is not None:
        before = opened_snapshot(work.sealer, change.change_id, change.entity, change.entity_id, change.before)
        after = {**before, "version": version}
    elif change.entity is Entity.PROVIDER and current is not None:
        after = {**current, "valid_to": local_today(work.clock) - timedelta(days=1), "fingerprint": WITHDRAWN, "version": version}
    return Write(change.entity, change.entity_id, change.provider_id, current, after)
