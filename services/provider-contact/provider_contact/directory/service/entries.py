"""Entries of the directory as they are changed: every change is written with the entry as it was, so that it can be undone."""

import asyncio
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, cast
from uuid import UUID

from sqlalchemy import Date, DateTime, LargeBinary, Uuid
from sqlalchemy.types import TypeDecorator, TypeEngine

from provider_contact.directory import events, repository
from provider_contact.directory.codes import Entity
from provider_contact.directory.models import Contact, Doctor, Provider, ProviderContract, ProviderRow
from provider_contact.directory.service.search import local_today
from shared.rows import table_of
from shared.sealing import Sealer
from shared.unit_of_work import UnitOfWork

Values = Mapping[str, object]
"""The values of an entry's columns."""
MODELS: Final[Mapping[Entity, type[Provider | Contact | ProviderContract | Doctor]]] = {
    Entity.PROVIDER: Provider,
    Entity.CONTACT: Contact,
    Entity.CONTRACT: ProviderContract,
    Entity.DOCTOR: Doctor,
}
SEALED: Final[Mapping[Entity, frozenset[str]]] = {
    Entity.PROVIDER: frozenset({"bin", "email", "phone"}),
    Entity.CONTACT: frozenset({"content"}),
    Entity.CONTRACT: frozenset(),
    Entity.DOCTOR: frozenset(),
}
ENTRIES_PER_STEP: Final = 200  # entries between two steps of the event loop
WITHDRAWN: Final = bytes(32)
"""The fingerprint of a provider whose addition was undone: no line has it, so that the next import brings the provider back."""


@dataclass(frozen=True, slots=True)
class Write:
    """An entry to be written: its new values, and those that it had; `after` None removes the entry, `before` None: it is new."""

    entity: Entity
    entity_id: UUID
    provider_id: UUID | None
    before: Values | None
    after: Values | None


def key_of(entity: Entity) -> str:
    """Return the name of the column that identifies the entries of a kind."""
    (key,) = table_of(MODELS[entity]).primary_key.columns
    return key.name


def version_of(values: Values | None) -> int:
    """Return the version of an entry; 0 if there is none."""
    version = values["version"] if values is not None else 0
    assert isinstance(version, int)  # noqa: S101 - a column of every entry
    return version


async def write(work: UnitOfWork, writes: Sequence[Write], *, import_id: UUID | None, actor: str) -> None:
    """Write the entries with a record of each change, publish the changed providers, and let searches read the directory again.

    The caller has locked the directory (`repository.lock_directory`).
    """
    for start in range(0, len(writes), ENTRIES_PER_STEP):
        some = writes[start : start + ENTRIES_PER_STEP]
        changes = await asyncio.to_thread(_changes, work, some, import_id, actor)
        await _store(work, some)
        await repository.insert_changes(work.session, changes)
    await _let_searches_read_again(work, writes)


async def store(work: UnitOfWork, writes: Sequence[Write]) -> None:
    """Write the entries without a record of the changes, as an undo does."""
    for start in range(0, len(writes), ENTRIES_PER_STEP):
        await _store(work, writes[start : start + ENTRIES_PER_STEP])
    await _let_searches_read_again(work, writes)


async def _let_searches_read_again(work: UnitOfWork, writes: Sequence[Write]) -> None:
    if any(each.entity is Entity.PROVIDER for each in writes):
        await repository.raise_directory_version(work.session)


async def _store(work: UnitOfWork, writes: Sequence[Write]) -> None:
    today = local_today(work.clock)
    by_entity: defaultdict[Entity, list[Write]] = defaultdict(list)
    for each in writes:
        by_entity[each.entity].append(each)
    for entity, some in by_entity.items():
        model, key = MODELS[entity], key_of(entity)
        await repository.insert_entries(
            work.session, model, [each.after for each in some if each.before is None and each.after is not None]
        )
        changed = [each.after for each in some if each.before is not None and each.after is not None]
        await repository.update_entries(work.session, model, changed, key=key)
        await repository.delete_entries(work.session, model, [each.entity_id for each in some if each.after is None], key=key)
    for each in by_entity[Entity.PROVIDER]:
        if each.after is not None:
            work.publish(events.provider_recorded(cast("ProviderRow", each.after), today))


def _changes(work: UnitOfWork, writes: Sequence[Write], import_id: UUID | None, actor: str) -> list[dict[str, object]]:
    """Return the records of changes; runs in a thread, so it leaves the session alone."""
    now = work.clock.now()
    changes: list[dict[str, object]] = []
    for each in writes:
        change_id = work.ids.new()
        before = None if each.before is None else sealed_snapshot(work.sealer, change_id, each.entity, each.entity_id, each.before)
        changes.append(
            {
                "change_id": change_id,
                "import_id": import_id,
                "provider_id": each.provider_id,
                "entity": each.entity,
                "entity_id": each.entity_id,
                "version": version_of(each.after),
                "before": before,
                "actor": actor,
                "at": now,
                "undone_at": None,
            }
        )
    return changes


def sealed_snapshot(sealer: Sealer, change_id: UUID, entity: Entity, entity_id: UUID, values: Values) -> bytes:
    """Return an entry as one sealed value, its sealed columns opened: so it stays readable when the entry is removed."""

    def plain(name: str, value: object) -> object:
        if isinstance(value, bytes):
            return sealer.open(table, entity_id, name, value).decode() if name in SEALED[entity] else value.hex()
        return value.isoformat() if isinstance(value, date) else str(value) if isinstance(value, UUID) else value

    table = table_of(MODELS[entity]).name
    text = json.dumps({name: plain(name, value) for name, value in values.items()}, ensure_ascii=False)
    return sealer.seal("directory_change", change_id, "before", text.encode())


def opened_snapshot(sealer: Sealer, change_id: UUID, entity: Entity, entity_id: UUID, sealed: bytes) -> dict[str, object]:
    """Return the values of an entry as they were, sealed again where its columns are sealed."""
    table = table_of(MODELS[entity])

    def value_of(name: str, given: object) -> object:
        kind = _kind(table.c[name].type)
        if given is None or not isinstance(given, str):
            return given
        if isinstance(kind, LargeBinary):
            return sealer.seal(table.name, entity_id, name, given.encode()) if name in SEALED[entity] else bytes.fromhex(given)
        if isinstance(kind, Uuid):
            return UUID(given)
        if isinstance(kind, DateTime):
            return datetime.fromisoformat(given)
        return date.fromisoformat(given) if isinstance(kind, Date) else given

    values: dict[str, Any] = json.loads(sealer.open("directory_change", change_id, "before", sealed))
    return {name: value_of(name, given) for name, given in values.items()}


def _kind(declared: TypeEngine[Any]) -> TypeEngine[Any]:
    """Return the type that a decorated type stores."""
    return declared.impl_instance if isinstance(declared, TypeDecorator) else declared
