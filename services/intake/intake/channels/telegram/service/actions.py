"""The actions that a conversation needs done, by the use cases of every channel."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from pydantic import ValidationError

from intake.channels.telegram import repository
from intake.channels.telegram.schemas.rows import ChatAppeal
from intake.channels.telegram.service import drafts, filed_appeals
from intake.channels.telegram.service.filed_appeals import AppealStatus
from intake.channels.telegram.service.steps import (
    AppealAction,
    ChatAction,
    ConversationState,
    FileAppeal,
    FindAppeal,
    GiveOutcome,
    ListAppeals,
    RateAppeal,
    ReadAnswer,
    ReadQuestion,
    SendReply,
    ShowAppeal,
    StepResult,
    SuggestProviders,
)
from intake.channels.telegram.service.texts import script
from intake.channels.telegram.service.updates import ISSUER, chat_principal
from intake.register.dependencies import Intake
from intake.register.schemas import AppealIn, ConfirmationIn, FeedbackIn, MessageIn, Tracked
from intake.register.schemas.codes import Verdict
from intake.register.service.admission import Admission
from intake.register.service.providers import active_providers, name_in, only_match, suggest
from intake.register.service.registration import shown_status
from intake.register.service.tracking import find_appeal
from shared.domain.labels import LANGUAGES, Language
from shared.domain.lifecycle import CaseStatus
from shared.domain.regions import regions
from shared.errors import DomainError, InvalidInput, Unavailable
from shared.idempotency import IdempotencyKeyReused
from shared.web.formats import Formats

CHANNEL: Final = "TELEGRAM"
_FORMATS: Final = {language: Formats(language) for language in LANGUAGES}


@dataclass(frozen=True, slots=True)
class ChatActions:
    """Does the actions of one chat, named by its key and owner."""

    intake: Intake
    chat: bytes
    owner: bytes

    async def do(self, state: ConversationState, action: ChatAction, at: datetime, key: str) -> StepResult:
        """Do an action and return the next result. Done again under the same key it has the same result.

        `at`: when the person asked for it. `key`: the idempotency key.
        """
        if isinstance(action, FileAppeal):
            return await self._file(state, action, at)
        if isinstance(action, SuggestProviders):
            return await self._suggest(state, action)
        if isinstance(action, ListAppeals):
            appeals = await self._appeals()
            return filed_appeals.listed(state, [self._status(appeal, state.shown_language) for appeal in appeals])
        if isinstance(action, FindAppeal):
            return await self._find(state, action)
        return await self._with_own_appeal(state, action, key)

    async def _find(self, state: ConversationState, action: FindAppeal) -> StepResult:
        """Show the chat's own appeal; a number of another chat's appeal counts as unknown."""
        async with self.intake.parts.units.read() as work:
            found = await find_appeal(work.session, action.number)
        appeals = await self._appeals(found[0].id) if found is not None else []
        if not appeals:
            return filed_appeals.not_found(state)
        return filed_appeals.shown(state, self._status(appeals[0], state.shown_language))

    async def _file(self, state: ConversationState, action: FileAppeal, at: datetime) -> StepResult:
        sender = chat_principal(self.chat)
        admission = Admission(CHANNEL, f"{ISSUER}\n{sender.subject}", may_follow=True, may_backdate=True)
        try:
            appeal = AppealIn.model_validate({**action.appeal, "received_at": at.isoformat()})
            receipt = (await self.intake.file(appeal, admission, key=action.key)).registered
        except (ValidationError, InvalidInput):
            return drafts.not_filed(state)
        except IdempotencyKeyReused:
            return drafts.filed_before(state)
        formats, zone = _FORMATS[state.shown_language], regions()[action.appeal["region"]].timezone
        received, due = formats.datetime(receipt.received_at, zone), formats.date(receipt.due_at, zone)
        return drafts.filed(state, receipt.number, pin=receipt.pin, received=received, due=due)

    async def _suggest(self, state: ConversationState, action: SuggestProviders) -> StepResult:
        async with self.intake.parts.units.read() as work:
            providers = await active_providers(work.session, action.region)
        found = await asyncio.to_thread(suggest, action.typed, providers)
        language, provider = state.shown_language, only_match(found)
        certain = (str(provider.id), name_in(provider, language)) if provider is not None else None
        return drafts.suggested(state, certain, [(str(hit.provider.id), name_in(hit.provider, language)) for hit in found])

    async def _with_own_appeal(self, state: ConversationState, action: AppealAction, key: str) -> StepResult:
        """Do an action on an appeal of this chat; an appeal of another chat counts as unknown."""
        appeals = await self._appeals(action.appeal_id)
        if not appeals:
            return filed_appeals.impossible(state)
        if isinstance(action, ShowAppeal):
            return filed_appeals.shown(state, self._status(appeals[0], state.shown_language))
        if isinstance(action, ReadAnswer):
            return await self._read_answer(state, appeals[0])
        if isinstance(action, ReadQuestion):
            tracked = await self._track(appeals[0])
            question = next((message.text for message in tracked.messages if message.id == tracked.open_question), None)
            return filed_appeals.question_read(state, question)
        try:
            return await self._change(state, action, key)
        except Unavailable:
            raise
        except (DomainError, ValidationError):
            return filed_appeals.impossible(state)

    async def _change(self, state: ConversationState, action: GiveOutcome | RateAppeal | SendReply, key: str) -> StepResult:
        """Do what every channel lets an applicant do. Raises what those use cases raise."""
        actions, appeal_id = self.intake.actions, action.appeal_id
        if isinstance(action, RateAppeal):
            await actions.rate(appeal_id, FeedbackIn(score=action.score), key=key)
            return filed_appeals.rated(state)
        if isinstance(action, SendReply):
            await actions.add_message(appeal_id, MessageIn(text=action.text), key=key)
            return filed_appeals.reply_sent(state)
        confirmation = ConfirmationIn(outcome=Verdict.RESOLVED if action.resolved else Verdict.NOT_RESOLVED, reason=action.reason)
        done = (await actions.confirm(appeal_id, confirmation, key=key)).response
        number = done.followed_by.number if done.followed_by is not None else None
        return filed_appeals.outcome_given(state, appeal_id, resolved=action.resolved, followed_by=number)

    async def _read_answer(self, state: ConversationState, appeal: ChatAppeal) -> StepResult:
        tracked = await self._track(appeal)
        answer, text = tracked.answer, None
        if answer is not None:
            text = "\n\n".join(filter(None, (answer.text, answer.next_steps, answer.how_to_complain)))
        return filed_appeals.answer_read(state, appeal.id, text, is_open=tracked.status == CaseStatus.ANSWERED)

    async def _track(self, appeal: ChatAppeal) -> Tracked:
        return await self.intake.opener.track(number=appeal.number, pin=None, principal=chat_principal(self.chat), address=ISSUER)

    async def _appeals(self, appeal_id: UUID | None = None) -> list[ChatAppeal]:
        async with self.intake.parts.units.read() as work:
            return list(await repository.appeals_of_owner(work.session, self.owner, script().limits.history, appeal_id))

    def _status(self, appeal: ChatAppeal, language: Language) -> AppealStatus:
        status = shown_status(appeal.status, appeal.registered_at, self.intake.parts.clock.now())
        due = _FORMATS[language].date(appeal.due_at, regions()[appeal.region].timezone) if appeal.due_at else "–"
        return AppealStatus(appeal.id, appeal.number, status, due)
