"""The provider directory as people look into it: searched in memory."""

import asyncio
from datetime import date
from typing import Any

from provider_contact import repository
from provider_contact.matching import Hit, Listed, ProviderIndex
from provider_contact.models import Provider
from provider_contact.schemas import ProviderItem
from shared.auth import Principal
from shared.clock import Clock
from shared.database import Database
from shared.domain.identifiers import is_valid_bin
from shared.domain.regions import CENTRAL_OFFICE, regions
from shared.sealing import Pepper, Sealer


class Directory:
    """The directory's index, built in a thread when first asked for and again when the directory has changed or a day begins."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._built: tuple[int, date] | None = None
        self._index = ProviderIndex([])
        self._turn = asyncio.Lock()

    async def current(self) -> ProviderIndex:
        """The index of the directory as it stands."""
        today = local_today(self._clock)
        async with self._database.read() as session:
            state = (await repository.directory_version(session), today)
        if state != self._built:
            async with self._turn:
                if state != self._built:
                    await self._build(state)
        return self._index

    async def _build(self, state: tuple[int, date]) -> None:
        async with self._database.read() as session:
            providers = await repository.valid_providers(session, state[1])
        self._index = await asyncio.to_thread(ProviderIndex, [_listed(provider) for provider in providers])
        self._built = state


def local_today(clock: Clock) -> date:
    """Today in the capital, by which the directory's entries begin and end."""
    return clock.now().astimezone(regions()[CENTRAL_OFFICE].timezone).date()


def found(index: ProviderIndex, query: str, region: str | None) -> list[tuple[Listed, float | None]]:
    """Providers for a query, best first; without one all of the region by name."""
    if not query.strip():
        return [(listed, None) for listed in index.listed(region)]
    return [(hit.listed, hit.score) for hit in index.search(query, region)]


def provider_item(listed: Listed, score: float | None, principal: Principal, sealer: Sealer) -> ProviderItem:
    return ProviderItem(
        provider_id=listed.provider_id,
        bin=_shown_bin(listed, principal, sealer),
        name_kk=listed.name_kk,
        name_ru=listed.name_ru,
        region=listed.region,
        kind=listed.kind,
        score=score,
    )


def candidate(hit: Hit) -> dict[str, Any]:
    """A candidate as kept for a clerk."""
    return {"provider_id": str(hit.listed.provider_id), "score": hit.score}


def _shown_bin(listed: Listed, principal: Principal, sealer: Sealer) -> str | None:
    """An organisation's BIN is public; a sole trader's is an IIN, and is the staff's to see."""
    number = sealer.open("provider", listed.provider_id, "bin", listed.bin).decode()
    return number if is_valid_bin(number) or principal.is_staff or principal.has("admin") else None


def _listed(provider: Provider) -> Listed:
    return Listed(
        provider_id=provider.provider_id,
        bin_key=provider.bin_key,
        bin=provider.bin,
        name_kk=provider.name_kk,
        name_ru=provider.name_ru,
        short_name=provider.short_name,
        aliases=tuple(provider.aliases),
        region=provider.region,
        kind=provider.kind,
    )


def bin_key(pepper: Pepper, number: str) -> bytes:
    """What a BIN is looked up by."""
    return pepper.keyed_hmac("provider-bin", number.encode())
