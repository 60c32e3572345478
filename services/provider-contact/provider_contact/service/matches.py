"""Names that people typed: decided by rule when they come in, by a clerk where the rule is not sure."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from provider_contact import repository
from provider_contact.errors import ActionNotPossible
from provider_contact.matching import Decision, Hit, ProviderIndex
from provider_contact.models import Appeal, NameMatch
from provider_contact.schemas import ActionField, Candidate, Chosen, MatchItem, NextAction
from provider_contact.service.directory import Directory, bin_key
from provider_contact.service.inquiries import Occasion, send_inquiries
from shared.auth import Principal
from shared.clock import Clock
from shared.contents import Contents
from shared.contracts import AppealImported, AppealRegistered, ProviderMatched
from shared.errors import InvalidInput, NotFound
from shared.ids import Ids
from shared.messaging import outbox
from shared.messaging.handling import Received
from shared.sealing import Pepper
from shared.visibility import visible_cases

PURPOSE = "provider-matching"
CHOOSE = NextAction(
    action="choose",
    kk="Медициналық ұйымды таңдау",
    ru="Выбрать медицинскую организацию",
    en="Choose the provider",
    fields=[ActionField(name="provider_id", required=True)],
)


async def decide_registered(
    received: Sequence[Received[AppealRegistered]], contents: Contents, directory: Directory
) -> Mapping[UUID, Decision]:
    """By event id, what the rule says of the names that citizens typed; nothing where none was typed or the owner has none for us."""
    named = [one for one in received if one.event.provider_named and one.event.provider_id is None]
    names = await _names(named, contents)
    if not names:
        return {}
    index = await directory.current()

    def decide() -> dict[UUID, Decision]:
        return {
            one.envelope.id: index.decide(content["provider_name"], one.event.region)
            for one in named
            if (content := names.get(one.event.appeal_id)) and content.get("provider_name")
        }

    return await asyncio.to_thread(decide)


async def decide_imported(
    received: Sequence[Received[AppealImported]], contents: Contents, directory: Directory, pepper: Pepper
) -> Mapping[UUID, ProviderMatched]:
    """By event id, the provider of an old appeal: by BIN, else by name where the rule is sure.

    The rest stay unmatched: an old appeal is closed, and no clerk works on it.
    """
    named = [one for one in received if one.event.provider_named]
    names = await _names(named, contents)
    if not names:
        return {}
    index = await directory.current()

    def decide() -> dict[UUID, ProviderMatched]:
        pairs = ((one, names.get(one.event.appeal_id)) for one in named)
        decided = ((one.envelope.id, _imported(one.event, content, index, pepper)) for one, content in pairs if content)
        return {event_id: match for event_id, match in decided if match is not None}

    return await asyncio.to_thread(decide)


def _imported(event: AppealImported, content: Mapping[str, Any], index: ProviderIndex, pepper: Pepper) -> ProviderMatched | None:
    number, name = content.get("provider_bin"), content.get("provider_name")
    if number and (listed := index.by_bin_key.get(bin_key(pepper, number))):
        return ProviderMatched(appeal_id=event.appeal_id, provider_id=listed.provider_id, score=1.0, matched_by="bin")
    decision = index.decide(name, event.region) if name else None
    return matched(event.appeal_id, decision.provider) if decision and decision.provider else None


async def _names(named: Sequence[Received[Any]], contents: Contents) -> Mapping[UUID, dict[str, Any] | None]:
    if not named:
        return {}
    return await contents.read("intake", [one.event.appeal_id for one in named], purpose=PURPOSE)


def matched(appeal_id: UUID, hit: Hit) -> ProviderMatched:
    return ProviderMatched(appeal_id=appeal_id, provider_id=hit.listed.provider_id, score=hit.score, matched_by="name")


def match_item(match: NameMatch, appeal: Appeal, name: str | None, index: ProviderIndex, principal: Principal) -> MatchItem:
    """A name that waits, with the candidates that are still in the directory."""
    kept = ((UUID(one["provider_id"]), one["score"]) for one in match.candidates)
    candidates = [
        Candidate(provider_id=listed.provider_id, name_kk=listed.name_kk, name_ru=listed.name_ru, region=listed.region, score=score)
        for provider_id, score in kept
        if (listed := index.providers.get(provider_id))
    ]
    return MatchItem(
        appeal_id=appeal.appeal_id,
        number=appeal.number,
        region=appeal.region,
        received_at=appeal.received_at,
        name=name,
        candidates=candidates,
        next_actions=[CHOOSE] if principal.is_staff else [],
    )


async def seen_appeal(session: AsyncSession, appeal_id: UUID, principal: Principal) -> Appeal:
    """The appeal, locked. Raises NotFound for one that the clerk does not see."""
    appeal = await repository.appeal_seen(session, appeal_id, visible_cases(principal))
    if appeal is None:
        raise NotFound
    return appeal


async def choose(
    session: AsyncSession, appeal_id: UUID, provider_id: UUID, principal: Principal, index: ProviderIndex, *, clock: Clock, ids: Ids
) -> Chosen:
    """A clerk says which provider a typed name means; the inquiry that was waiting for it follows.

    Raises NotFound for what the clerk does not see, ActionNotPossible when nothing waits any more, InvalidInput for an unknown provider.
    """
    if provider_id not in index.providers:
        raise InvalidInput.field("provider_id", "unknown-provider", "The directory has no such provider.")
    appeal = await seen_appeal(session, appeal_id, principal)
    if await repository.match_for_update(session, appeal_id) is None:
        raise ActionNotPossible([])
    appeal.provider_id = provider_id
    await repository.forget_matches(session, [appeal_id])
    outbox.append(session, ProviderMatched(appeal_id=appeal_id, provider_id=provider_id, score=1.0, matched_by="clerk"))
    sent = await send_inquiries(session, [Occasion(appeal, ids.new())], clock=clock)
    return Chosen(appeal_id=appeal_id, number=appeal.number, provider_id=provider_id, inquiry_id=sent.get(appeal_id))
