"""Handles stored updates: the worker claims chats that are due, and stores the new state and the replies of each.

Every action has a key that is derived from its update, so that work repeated after a crash has the same result.
"""

import asyncio
import json
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Final

import structlog
from pydantic_core import to_json

from intake.channels.telegram import repository
from intake.channels.telegram.codes import Step
from intake.channels.telegram.models import BotChat
from intake.channels.telegram.policy import script
from intake.channels.telegram.schemas.rows import ClaimedChat, StoredUpdate
from intake.channels.telegram.service.loops import run_forever
from intake.channels.telegram.service.notifications import queue_replies
from intake.channels.telegram.service.steps import ChatEvent, ConversationState, Draft, StoredState
from intake.channels.telegram.service.update_processing import ChatState, DoAction, UpdateFailed, UpdateProcessor, can_be_retried
from shared.domain.labels import LANGUAGES
from shared.leases import Lease
from shared.sealing import SealError
from shared.service import Parts
from shared.unit_of_work import UnitOfWork

CONCURRENT_CHATS: Final = 16  # their appeals are registered in one group commit
RETRY_AFTER: Final = timedelta(seconds=2)  # for a chat after a transient error or a failed update

log = structlog.get_logger()


class ConversationWorker:
    """Handles the updates of all chats, together with the workers of other processes."""

    def __init__(self, parts: Parts, event_of: Callable[[bytes], ChatEvent | None], actions_of: Callable[[bytes, bytes], DoAction]) -> None:
        """`event_of` reads the body of an update; `actions_of` returns what does the actions of a chat, given its key and owner."""
        self._parts = parts
        self._event_of = event_of
        self._actions_of = actions_of

    async def run(self) -> None:
        """Handle updates until cancelled."""
        await run_forever(self.run_once, self._release_nothing)

    async def _release_nothing(self) -> None:
        """Release nothing: a chat that is being handled is finished first."""

    async def run_once(self) -> bool:
        """Handle the chats that are due; False: there were none. A failing chat does not delay the others."""
        claimed = await self.claim(CONCURRENT_CHATS)
        ends = await asyncio.gather(*(self.handle(chat, updates) for chat, updates in claimed), return_exceptions=True)
        for (chat, _), end in zip(claimed, ends, strict=True):
            if isinstance(end, Exception):
                log.error("a chat waits until its lease ends", chat=chat.key.hex(), reason=type(end).__name__)
            elif end is not None:
                raise end
        return bool(claimed)

    async def claim(self, limit: int) -> list[tuple[ClaimedChat, list[StoredUpdate]]]:
        """Claim chats that are due and return them with their updates."""
        now = self._parts.clock.now()
        lease = Lease(self._parts.ids.new(), now + timedelta(seconds=script().limits.lease_seconds))
        async with self._parts.units.write(durable=False) as work:
            chats = await repository.claim_chats(work.session, lease, now, limit)
            updates = await repository.claim_updates(work.session, [chat.key for chat in chats]) if chats else ()
        return [(chat, [update for update in updates if update.chat == chat.key]) for chat in chats]

    async def handle(self, chat: ClaimedChat, updates: Sequence[StoredUpdate]) -> None:
        """Process the updates of a chat and store the result."""
        try:
            before = self._open_state(chat)
        except (SealError, ValueError) as error:
            log.error("a chat is quarantined", chat=chat.key.hex(), reason=type(error).__name__)  # noqa: TRY400 - a traceback holds personal data
            await self._quarantine(chat)
            return
        processor = UpdateProcessor(before, chat.key, self._open_event, self._actions_of(chat.key, chat.owner))
        try:
            await processor.process(updates, await self._handled(chat.key) if processor.has_late_updates(updates) else ())
        except Exception as error:
            if not (isinstance(error, UpdateFailed) or can_be_retried(error)):
                raise
            reason = str(error) if isinstance(error, UpdateFailed) else type(error).__name__
            log.warning("a chat is retried later", chat=chat.key.hex(), reason=reason)
            await self._postpone(chat, error.update_id if isinstance(error, UpdateFailed) else None)
            return
        await self._store(chat, processor)

    def _open_state(self, chat: ClaimedChat) -> ChatState:
        """Return the state of a chat. After hours of silence earlier updates are not replayed; after a longer silence the draft is lost."""
        limits, idle = script().limits, self._parts.clock.now() - chat.touched_at
        language = next((code for code in LANGUAGES if code == chat.language), None)
        draft: Draft = json.loads(self._open(chat, "draft", chat.draft))
        left = chat.blocked_at is not None
        if idle < timedelta(hours=limits.late_hours):
            start: StoredState = json.loads(self._open(chat, "start", chat.start))
            state = ConversationState(language, chat.step, draft)
            return ChatState(ConversationState.restored(start), chat.settled_id, state, chat.last_update_id, left)
        is_lost = idle >= timedelta(hours=limits.draft_hours) and chat.step != Step.MENU
        state = ConversationState(language, Step.EXPIRED) if is_lost else ConversationState(language, chat.step, draft)
        last = chat.last_update_id if idle < timedelta(days=limits.order_days) else None
        return ChatState(state, last, state, last, left, begins=True)

    def _open(self, chat: ClaimedChat, column: str, sealed: bytes | None) -> bytes:
        return b"{}" if sealed is None else self._parts.sealer.open("bot_chat", chat.key.hex(), column, sealed)

    def _open_event(self, update: StoredUpdate) -> ChatEvent | None:
        return self._event_of(self._parts.sealer.open("bot_update", update.update_id, "body", update.body))

    async def _handled(self, key: bytes) -> Sequence[StoredUpdate]:
        async with self._parts.units.read() as work:
            return await repository.handled_updates(work.session, key)

    async def _store(self, claimed: ClaimedChat, result: UpdateProcessor) -> None:
        """Store the result in one transaction, unless another worker has claimed the chat meanwhile: that worker repeats the work."""
        now, key, state = self._parts.clock.now(), claimed.key, result.state
        async with self._parts.units.write() as work:
            chat = await repository.held_chat(work.session, claimed)
            if chat is None:
                return
            if result.before.begins:
                await repository.settle_updates(work.session, key)
            await repository.mark_updates(work.session, result.handled, result.quarantined, now)
            if result.handled or result.quarantined:
                chat.last_update_id, chat.touched_at = result.last, now
                chat.blocked_at = now if result.left else None
            if await repository.count_handled(work.session, key) > script().limits.replayable_updates:
                result.settle()
            if result.settled is not None:
                await repository.settle_updates(work.session, key, result.settled)
            chat.settled_id, chat.start = result.settled, self._seal(key, "start", result.start.stored())
            chat.language, chat.step = state.language, state.step
            chat.draft = self._seal(key, "draft", state.draft) if state.draft else None
            await self._release(work, chat)
            await queue_replies(work, chat, () if result.left else result.replies)

    def _seal(self, key: bytes, column: str, value: StoredState | Draft) -> bytes:
        return self._parts.sealer.seal("bot_chat", key.hex(), column, to_json(value))

    async def _release(self, work: UnitOfWork, chat: BotChat) -> None:
        chat.leased_by = chat.leased_until = None
        if not await repository.has_waiting_updates(work.session, chat.key):
            chat.due_at = None

    async def _postpone(self, claimed: ClaimedChat, failed: int | None) -> None:
        async with self._parts.units.write() as work:
            chat = await repository.held_chat(work.session, claimed)
            if chat is None:
                return
            if failed is not None:
                await repository.count_failure(work.session, failed)
            chat.leased_by = chat.leased_until = None
            chat.due_at = self._parts.clock.now() + RETRY_AFTER

    async def _quarantine(self, claimed: ClaimedChat) -> None:
        """Release the chat and leave it until its next update."""
        async with self._parts.units.write() as work:
            chat = await repository.held_chat(work.session, claimed)
            if chat is not None:
                chat.leased_by = chat.leased_until = chat.due_at = None


async def purge(work: UnitOfWork) -> None:
    """Erase texts of idle conversations and abandoned drafts, and delete updates and messages after their retention."""
    limits, now = script().limits, work.clock.now()
    await repository.purge(
        work.session,
        late_before=now - timedelta(hours=limits.late_hours),
        drafts_before=now - timedelta(hours=limits.draft_hours),
        rows_before=now - timedelta(days=limits.kept_days),
        now=now,
    )
