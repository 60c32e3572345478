"""The public provider directory: active organisations, and those that a typed name may mean."""

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
SURE: Final = 100.0  # the name contains every typed word
_NUMBER: Final = re.compile(r"\d+")


class ListedProvider(Protocol):
    """An organisation of the directory."""

    id: UUID
    name_kk: str
    name_ru: str
    short_name: str
    aliases: list[str]
    region: str


async def active_provider(session: AsyncSession, provider_id: UUID) -> ListedProvider | None:
    return await repository.active_provider(session, provider_id)


async def active_providers(session: AsyncSession, region: str) -> Sequence[ListedProvider]:
    """Return the active organisations of a region."""
    return await repository.active_providers(session, region)


def nearest(typed: str, providers: Sequence[ListedProvider]) -> list[tuple[ListedProvider, float]]:
    """Return the organisations whose names are most similar to the typed text, best first, with a score from 0 to 100.

    The name must contain every typed number.
    """
    wanted = normalise_name(typed)
    if not wanted:
        return []
    numbers = set(_NUMBER.findall(wanted))
    names = {
        (index, name): name
        for index, provider in enumerate(providers)
        for name in _names(provider)
        if numbers <= set(_NUMBER.findall(name))
    }
    best: dict[int, float] = {}
    for _, score, (index, _name) in process.extract(wanted, names, scorer=fuzz.token_set_ratio, score_cutoff=ALIKE, limit=None):
        best.setdefault(index, score)  # the best name of each comes first
    scored = [(providers[index], score) for index, score in best.items()]
    return sorted(scored, key=lambda pair: (-pair[1], pair[0].name_ru))[:SHOWN]


def only_match(found: Sequence[tuple[ListedProvider, float]]) -> ListedProvider | None:
    """Return the only certain match; None if there is none or more than one."""
    certain = [provider for provider, score in found if score >= SURE]
    return certain[0] if len(certain) == 1 else None


def name_in(provider: ListedProvider, language: Language) -> str:
    return provider.name_kk if language == "kk" else provider.name_ru


def _names(provider: ListedProvider) -> Iterator[str]:
    for name in (provider.name_kk, provider.name_ru, provider.short_name, *provider.aliases):
        if name:
            yield _comparable(name)


@lru_cache(maxsize=16_384)
def _comparable(name: str) -> str:
    """Return a normalised name of the directory. Names that people type are not cached."""
    return normalise_name(name)
