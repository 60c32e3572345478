"""The actions of a conversation that read alone: the chat's own appeals, and providers of a region."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final
from uuid import UUID

from intake.channels.telegram import repository
from intake.channels.telegram.policy import script
from intake.channels.telegram.schemas.rows import ChatAppeal
from intake.channels.telegram.service import drafts, filed_appeals
from intake.channels.telegram.service.filed_appeals import AppealStatus
from intake.channels.telegram.service.steps import ConversationState, FindAppeal, ListAppeals, ShowAppeal, StepResult, SuggestProviders
from intake.register.service.consents import discloses_to_provider
from intake.register.service.providers import ListedProvider, name_in, only_match, suggest
from intake.register.service.registration import shown_status
from intake.register.service.tracking import find_appeal
from shared.domain.labels import LANGUAGES, Language
from shared.domain.regions import regions
from shared.unit_of_work import UnitOfWork
from shared.web.formats import Formats

FORMATS: Final = {language: Formats(language) for language in LANGUAGES}


async def read(work: UnitOfWork, owner: bytes, state: ConversationState, action: FindAppeal | ListAppeals | ShowAppeal) -> StepResult:
    """Return the list of a chat's appeals, or one of them. An appeal of another owner counts as unknown."""
    if isinstance(action, ListAppeals):
        appeals = await own_appeals(work, owner)
        return filed_appeals.listed(state, [_status(appeal, state.shown_language, work.clock.now()) for appeal in appeals])
    if isinstance(action, FindAppeal):
        found = await find_appeal(work.session, action.number)
        appeal = await own_appeal(work, owner, found[0].id) if found is not None else None
        unknown = filed_appeals.not_found
    else:
        appeal, unknown = await own_appeal(work, owner, action.appeal_id), filed_appeals.impossible
    if appeal is None:
        return unknown(state)
    shown = replace(_status(appeal, state.shown_language, work.clock.now()), discloses=await discloses_to_provider(work, appeal.id))
    return filed_appeals.shown(state, shown)


async def own_appeals(work: UnitOfWork, owner: bytes) -> list[ChatAppeal]:
    """Return the latest appeals of a chat."""
    return list(await repository.appeals_of_owner(work.session, owner, script().limits.history, None))


async def own_appeal(work: UnitOfWork, owner: bytes, appeal_id: UUID) -> ChatAppeal | None:
    """Return an appeal of a chat; None for an appeal of another chat."""
    found = await repository.appeals_of_owner(work.session, owner, script().limits.history, appeal_id)
    return found[0] if found else None


async def suggest_providers(state: ConversationState, action: SuggestProviders, providers: Sequence[ListedProvider]) -> StepResult:
    """Suggest the providers of a region that the typed name may mean. Call it while no transaction is open: the search takes a while."""
    found = await asyncio.to_thread(suggest, action.typed, providers)
    language, provider = state.shown_language, only_match(found)
    certain = (str(provider.id), name_in(provider, language)) if provider is not None else None
    return drafts.suggested(state, certain, [(str(hit.provider.id), name_in(hit.provider, language)) for hit in found])


def _status(appeal: ChatAppeal, language: Language, now: datetime) -> AppealStatus:
    status = shown_status(appeal.status, appeal.registered_at, now)
    due = FORMATS[language].date(appeal.due_at, regions()[appeal.region].timezone) if appeal.due_at else "–"
    return AppealStatus(appeal.id, appeal.number, status, due)
