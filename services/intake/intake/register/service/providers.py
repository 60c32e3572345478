"""The public provider directory: active organisations, and those that a typed name may mean."""

from collections.abc import Sequence
from typing import Final, Protocol
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from intake.register import repository
from shared.domain.labels import Language
from shared.domain.provider_names import Hit, clear_winner, index_over, name_search_policy

SUGGESTIONS: Final = 3  # more do not fit on the screen of a phone


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


async def active_providers(session: AsyncSession, region: str | None) -> Sequence[ListedProvider]:
    """Return the active organisations of a region, or of all."""
    return await repository.active_providers(session, region)


def suggest(typed: str, providers: Sequence[ListedProvider]) -> list[Hit[ListedProvider]]:
    """Return the organisations of a region that a typed name may mean, at most SUGGESTIONS, best first. Run it in a thread."""
    return index_over(providers).search(typed)[:SUGGESTIONS]


def only_match(suggested: Sequence[Hit[ListedProvider]]) -> ListedProvider | None:
    """Return the suggestion that the name certainly means, by the rule by which provider-contact matches names; None if none does."""
    winner = clear_winner(suggested, name_search_policy().region_threshold)
    return winner.provider if winner else None


def name_in(provider: ListedProvider, language: Language) -> str:
    return provider.name_kk if language == "kk" else provider.name_ru
