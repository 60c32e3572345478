"""Lines of the Fund's list of providers: what they change in the directory."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from provider_contact.directory import repository
from provider_contact.directory.codes import Entity
from provider_contact.directory.models import Provider, ProviderContract
from provider_contact.directory.repository import StoredProvider
from provider_contact.directory.service.entries import ENTRIES_PER_STEP, WITHDRAWN, Values
from provider_contact.directory.service.plans import Plan, changed_columns, write_of
from provider_contact.directory.service.search import bin_key, local_today
from provider_contact.directory.service.sheets import CARD_COLUMNS, ParsedSheet, ProviderLine
from shared.unit_of_work import UnitOfWork

NUMBER: Final = "bin"
CONTRACT: Final = frozenset({"contract_year", "care_types"})
REPORTED: Final = (
    "name_kk",
    "name_ru",
    "short_name",
    "aliases",
    "region",
    "district",
    "kind",
    "ownership",
    "level",
    "attached_population",
    "districts",
    "valid_to",
)


@dataclass(frozen=True, slots=True)
class _Stored:
    """What the directory has of the providers of a list."""

    known: Mapping[bytes, StoredProvider]
    changed: dict[UUID, Values] = field(default_factory=dict)
    contracts: dict[tuple[object, object], Values] = field(default_factory=dict)


Keyed = tuple[bytes, bytes, int, ProviderLine]
"""The key of the line's BIN, the line's fingerprint, its number, and the line."""


async def plan_providers(work: UnitOfWork, parsed: ParsedSheet[ProviderLine]) -> Plan:
    """Return the plan of a list of providers. Providers that the list omits stay as they are."""
    keyed = await asyncio.to_thread(_keyed, work, parsed)
    stored = _Stored(await repository.stored_providers(work.session, [key for key, *_ in keyed]))
    changed = [stored.known[key].provider_id for key, fingerprint, *_ in keyed if _is_changed(stored.known.get(key), fingerprint)]
    stored.changed.update(
        {_id(row["provider_id"]): row for row in await repository.entries(work.session, Provider, "provider_id", changed)}
    )
    contracted = [stored.known[key].provider_id for key, _, _, line in keyed if line.contract_year is not None and key in stored.known]
    contracts = await repository.entries(work.session, ProviderContract, "provider_id", contracted)
    stored.contracts.update({(row["provider_id"], row["year"]): row for row in contracts})
    plan = Plan(received=parsed.received)
    for rejected in parsed.rejected:
        plan.refuse(rejected)
    for start in range(0, len(keyed), ENTRIES_PER_STEP):
        await asyncio.to_thread(_plan_lines, work, plan, keyed[start : start + ENTRIES_PER_STEP], stored)
    return plan


def _keyed(work: UnitOfWork, parsed: ParsedSheet[ProviderLine]) -> list[Keyed]:
    return [
        (bin_key(work.pepper, line.bin), _fingerprint(work, line), number, line)
        for number, line in zip(parsed.numbers, parsed.lines, strict=True)
    ]


def _fingerprint(work: UnitOfWork, line: ProviderLine) -> bytes:
    """Return the keyed hash of a line without its contract. A line without cards' columns has the hash that it always had."""
    left_out = {*CONTRACT, *(name for name in CARD_COLUMNS if getattr(line, name) is None)}
    return work.pepper.keyed_hmac("provider-line", line.model_dump_json(exclude=left_out).encode())


def _is_changed(stored: StoredProvider | None, fingerprint: bytes) -> bool:
    return stored is not None and stored.fingerprint != fingerprint


def _plan_lines(work: UnitOfWork, plan: Plan, keyed: Sequence[Keyed], stored: _Stored) -> None:
    """Add some lines to the plan; runs in a thread, so it leaves the session alone."""
    for key, fingerprint, number, line in keyed:
        known = stored.known.get(key)
        provider_id = known.provider_id if known else work.ids.new()
        columns: list[str] = []
        if known is None or known.fingerprint != fingerprint:
            before = stored.changed.get(provider_id)
            after = _values(work, provider_id, key, fingerprint, line, before)
            plan.writes.append(write_of(Entity.PROVIDER, provider_id, provider_id, before, after))
            if before is not None:
                columns = _changed(work, provider_id, before, after) or [NUMBER]
        if _plan_contract(work, plan, provider_id, line, stored):
            columns.append("care_types")
        plan.note(number, provider_id, provider_id, is_new=known is None, columns=columns)


def _plan_contract(work: UnitOfWork, plan: Plan, provider_id: UUID, line: ProviderLine, stored: _Stored) -> bool:
    """Add the line's contract to the plan if it is new or changed, and return whether it is."""
    if line.contract_year is None:
        return False
    before = stored.contracts.get((provider_id, line.contract_year))
    care = sorted(set(line.care_types or ()))
    if before is not None and before["care_types"] == care:
        return False
    contract_id = _id(before["contract_id"]) if before is not None else work.ids.new()
    after = {"contract_id": contract_id, "provider_id": provider_id, "year": line.contract_year, "care_types": care}
    plan.writes.append(write_of(Entity.CONTRACT, contract_id, provider_id, before, after))
    return True


def _values(work: UnitOfWork, provider_id: UUID, key: bytes, fingerprint: bytes, line: ProviderLine, before: Values | None) -> Values:
    """Return the provider's columns as they have to be stored. Empty cells of optional columns leave what is stored."""

    def sealed(column: str, value: str | None) -> bytes | None:
        return None if value is None else work.sealer.seal("provider", provider_id, column, value.encode())

    was = before or {"added_aliases": [], "level": None, "attached_population": None, "districts": []}
    starts_again = before is None or before["fingerprint"] == WITHDRAWN
    return {
        "provider_id": provider_id,
        "bin_key": key,
        "bin": sealed("bin", line.bin),
        "fingerprint": fingerprint,
        "name_kk": line.name_kk,
        "name_ru": line.name_ru,
        "short_name": line.short_name,
        "aliases": line.aliases,
        "added_aliases": was["added_aliases"],
        "region": line.region,
        "district": line.district,
        "kind": line.kind,
        "ownership": line.ownership,
        "level": was["level"] if line.level is None else line.level,
        "attached_population": was["attached_population"] if line.attached_population is None else line.attached_population,
        "districts": was["districts"] if line.districts is None else line.districts,
        "email": sealed("email", line.email),
        "phone": sealed("phone", line.phone),
        "valid_from": local_today(work.clock) if starts_again or before is None else before["valid_from"],
        "valid_to": None if starts_again or before is None else before["valid_to"],
        "recorded_at": work.clock.now(),
    }


def _changed(work: UnitOfWork, provider_id: UUID, before: Values, after: Values) -> list[str]:
    def opened(values: Values, column: str) -> bytes | None:
        value = values[column]
        return work.sealer.open("provider", provider_id, column, value) if isinstance(value, bytes) else None

    contacts = [column for column in ("email", "phone") if opened(before, column) != opened(after, column)]
    return changed_columns(before, after, dict.fromkeys(REPORTED, "")) + contacts


def _id(value: object) -> UUID:
    assert isinstance(value, UUID)  # noqa: S101 - a key column
    return value
