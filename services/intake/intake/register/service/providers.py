"""The directory of providers as citizens see it: active organisations, and which of them a typed name may mean."""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final, Protocol
from uuid import UUID

from rapidfuzz import fuzz, process
from sqlalchemy.ext.asyncio import AsyncSession

from intake.register import repository
from shared.domain.labels import Language
from shared.domain.names import normalise_name

SHOWN: Final = 3
ALIKE: Final = 70.0  # of 100; below it a suggestion reads as a mistake
SURE: Final = 100.0  # every word that was typed is in the name
_NUMBER: Final = re.compile(r"\d+")


class Provider(Protocol):
    """An organisation of the directory."""

    id: UUID
    name_kk: str
    name_ru: str
    short_name: str
    aliases: list[str]
    region: str


async def active_provider(session: AsyncSession, provider_id: UUID) -> Provider | None:
    return await repository.active_provider(session, provider_id)


async def active_providers(session: AsyncSession, region: str) -> Sequence[Provider]:
    """Return the active organisations of a region."""
    return await repository.active_providers(session, region)


def nearest(typed: str, providers: Sequence[Provider]) -> list[tuple[Provider, float]]:
    """The organisations whose names are most like what was typed, best first, with 0..100.

    A number that was typed has to be in the name.
    """
    wanted = normalise_name(typed)
    if not wanted:
        return []
    numbers = set(_NUMBER.findall(wanted))
    names = {(place, name): name for place, one in enumerate(providers) for name in _names(one) if numbers <= set(_NUMBER.findall(name))}
    best: dict[int, float] = {}
    for _, score, (place, _name) in process.extract(wanted, names, scorer=fuzz.token_set_ratio, score_cutoff=ALIKE, limit=None):
        best.setdefault(place, score)  # the best name of each comes first
    scored = [(providers[place], score) for place, score in best.items()]
    return sorted(scored, key=lambda pair: (-pair[1], pair[0].name_ru))[:SHOWN]


def sure(found: Sequence[tuple[Provider, float]]) -> Provider | None:
    """The one that can only be meant."""
    certain = [one for one, score in found if score >= SURE]
    return certain[0] if len(certain) == 1 else None


def name_in(provider: Provider, language: Language) -> str:
    return provider.name_kk if language == "kk" else provider.name_ru


def _names(provider: Provider) -> Iterator[str]:
    for name in (provider.name_kk, provider.name_ru, provider.short_name, *provider.aliases):
        if name:
            yield _comparable(name)


@lru_cache(maxsize=16_384)
def _comparable(name: str) -> str:
    """A name of the directory as `normalise_name` has it; what people type is not remembered."""
    return normalise_name(name)
