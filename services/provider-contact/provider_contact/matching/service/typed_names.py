"""Names that people typed, read from intake and decided before any transaction is open."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from provider_contact.directory.service import Directory, ProviderIndex, bin_key
from provider_contact.matching.events import provider_matched
from provider_contact.matching.schemas import MatchMethod
from provider_contact.matching.service.decision import Decision, decide
from shared.contents import Contents, OwnerUnavailable
from shared.contracts import AppealImported, AppealRegistered, ProviderMatched
from shared.domain.provider_names import Hit
from shared.messaging.handling import Received
from shared.sealing import Pepper

MATCHING_PURPOSE = "provider-matching"


class TypedProvider(NamedTuple):
    """How an appeal names its provider; None or empty for what it does not say."""

    name: str | None
    bin: str | None


async def read_typed_providers(
    contents: Contents, appeal_ids: Sequence[UUID], *, on_behalf_of: str | None = None
) -> dict[UUID, TypedProvider]:
    """Read from intake how appeals name their provider; an appeal whose text is erased is left out. Raises OwnerUnavailable."""
    if not appeal_ids:
        return {}
    found = await contents.read("intake", appeal_ids, purpose=MATCHING_PURPOSE, on_behalf_of=on_behalf_of)
    return {
        appeal_id: TypedProvider(content.get("provider_name"), content.get("provider_bin"))
        for appeal_id, content in found.items()
        if content is not None
    }


async def typed_names(contents: Contents, appeal_ids: Sequence[UUID], reader: str) -> Mapping[UUID, str | None]:
    """Return the names that a person reads, by appeal; none while intake does not answer."""
    try:
        found = await read_typed_providers(contents, appeal_ids, on_behalf_of=reader)
    except OwnerUnavailable:
        return {}
    return {appeal_id: typed.name for appeal_id, typed in found.items()}


async def decide_registered(
    received: Sequence[Received[AppealRegistered]], contents: Contents, directory: Directory, pepper: Pepper
) -> Mapping[UUID, Decision]:
    """Return the decisions on the names that citizens typed, by event id. Events without a typed name are left out.

    An appeal of a former register may name its provider by BIN.

    Raises OwnerUnavailable while intake does not answer.
    """
    named = [each for each in received if each.event.provider_named and each.event.provider_id is None]
    typed = await read_typed_providers(contents, [each.event.appeal_id for each in named])
    if not typed:
        return {}
    index = await directory.current()

    def decide_all() -> dict[UUID, Decision]:
        pairs = ((each, typed.get(each.event.appeal_id)) for each in named)
        decided = ((each.envelope.id, _decide_typed(index, provider, each.event.region, pepper)) for each, provider in pairs if provider)
        return {event_id: decision for event_id, decision in decided if decision is not None}

    return await asyncio.to_thread(decide_all)


def _decide_typed(index: ProviderIndex, typed: TypedProvider, region: str, pepper: Pepper) -> Decision | None:
    if typed.bin and (provider := index.by_bin_key.get(bin_key(pepper, typed.bin))):
        return Decision(Hit(provider, 1.0, distinctive=True), (), MatchMethod.BIN)
    return decide(index, typed.name, region) if typed.name else None


async def decide_imported(
    received: Sequence[Received[AppealImported]], contents: Contents, directory: Directory, pepper: Pepper
) -> Mapping[UUID, ProviderMatched]:
    """Return the matches of imported appeals by event id: found by BIN, otherwise by name if the rule decides.

    Other appeals stay unmatched, because an imported appeal is closed and no clerk works on it. Raises OwnerUnavailable.
    """
    named = [each for each in received if each.event.provider_named]
    typed = await read_typed_providers(contents, [each.event.appeal_id for each in named])
    if not typed:
        return {}
    index = await directory.current()

    def decide_all() -> dict[UUID, ProviderMatched]:
        pairs = ((each, typed.get(each.event.appeal_id)) for each in named)
        decided = ((each.envelope.id, _match_imported(each.event, provider, index, pepper)) for each, provider in pairs if provider)
        return {event_id: match for event_id, match in decided if match is not None}

    return await asyncio.to_thread(decide_all)


def _match_imported(event: AppealImported, typed: TypedProvider, index: ProviderIndex, pepper: Pepper) -> ProviderMatched | None:
    if typed.bin and (provider := index.by_bin_key.get(bin_key(pepper, typed.bin))):
        return provider_matched(event.appeal_id, provider.provider_id, 1.0, MatchMethod.BIN)
    hit = decide(index, typed.name, event.region).provider if typed.name else None
    return provider_matched(event.appeal_id, hit.provider.provider_id, hit.score, MatchMethod.NAME) if hit else None
