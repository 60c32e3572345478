"""The provider directory held in memory for searching."""

import asyncio
from datetime import date
from uuid import UUID

from provider_contact.directory import repository
from provider_contact.directory.models import Provider
from provider_contact.directory.schemas import ProviderItem
from provider_contact.directory.service.provider_index import IndexedProvider, ProviderIndex
from shared.auth import Principal
from shared.clock import Clock
from shared.domain.identifiers import is_valid_bin
from shared.domain.regions import CENTRAL_OFFICE, regions
from shared.sealing import Pepper, Sealer
from shared.unit_of_work import UnitsOfWork


class Directory:
    """Holds the index of the process. It is built in a thread on first use, and again when the directory has changed or a day has begun.

    It reads its own snapshots, so ask it while no transaction is open.
    """

    def __init__(self, units: UnitsOfWork) -> None:
        self._units = units
        self._built: tuple[int, date] | None = None
        self._index = ProviderIndex([])
        self._lock = asyncio.Lock()

    async def current(self) -> ProviderIndex:
        """Return the index of the directory's current version."""
        today = local_today(self._units.clock)
        async with self._units.read() as work:
            state = (await repository.directory_version(work.session), today)
        if state != self._built:
            async with self._lock:
                if state != self._built:
                    await self._build(state)
        return self._index

    async def _build(self, state: tuple[int, date]) -> None:
        async with self._units.read() as work:
            providers = await repository.valid_providers(work.session, state[1])
        self._index = await asyncio.to_thread(ProviderIndex, [_indexed(provider) for provider in providers])
        self._built = state


def local_today(clock: Clock) -> date:
    """Return today's date in the capital, by which directory entries begin and end."""
    return clock.now().astimezone(regions()[CENTRAL_OFFICE].timezone).date()


def search(index: ProviderIndex, query: str, region: str | None) -> list[tuple[IndexedProvider, float | None]]:
    """Return providers with their scores, best first; without a query all providers of the region by name, with no score."""
    if not query.strip():
        return [(provider, None) for provider in index.listed(region)]
    return [(hit.provider, hit.score) for hit in index.search(query, region)]


def provider_item(provider: IndexedProvider, score: float | None, principal: Principal, sealer: Sealer) -> ProviderItem:
    """Return the entry as this principal may see it."""
    return ProviderItem(
        provider_id=provider.provider_id,
        bin=visible_bin(provider.provider_id, provider.bin, principal, sealer),
        name_kk=provider.name_kk,
        name_ru=provider.name_ru,
        region=provider.region,
        kind=provider.kind,
        score=score,
    )


def bin_key(pepper: Pepper, number: str) -> bytes:
    """Return the lookup key of a BIN: a keyed hash of its digits."""
    return pepper.keyed_hmac("provider-bin", number.encode())


def visible_bin(provider_id: UUID, sealed: bytes, principal: Principal, sealer: Sealer) -> str | None:
    """Return the BIN of an organisation, which is public; a sole trader's, which is an IIN, only to staff and admins."""
    number = sealer.open("provider", provider_id, "bin", sealed).decode()
    return number if is_valid_bin(number) or principal.is_staff or principal.has("admin") else None


def _indexed(provider: Provider) -> IndexedProvider:
    return IndexedProvider(
        provider_id=provider.provider_id,
        bin_key=provider.bin_key,
        bin=provider.bin,
        name_kk=provider.name_kk,
        name_ru=provider.name_ru,
        short_name=provider.short_name,
        aliases=(*provider.aliases, *provider.added_aliases),
        region=provider.region,
        kind=provider.kind,
    )
