"""Handles what came in, a chat at a time: a worker claims chats whose turn has come, and stores for each where it stands and what is said.

Whatever a conversation has done is done under a key that its updates give, so that work done again after a crash has the same end.
"""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

import structlog
from pydantic_core import to_json
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from intake.channels.telegram import repository
from intake.channels.telegram.models import BotChat
from intake.channels.telegram.service.actions import Deeds
from intake.channels.telegram.service.conversation import EXPIRED
from intake.channels.telegram.service.leader import again_and_again
from intake.channels.telegram.service.notifications import add
from intake.channels.telegram.service.prompts import MENU
from intake.channels.telegram.service.state import Course, NotHandled, Standing, passes
from intake.channels.telegram.service.steps import Event, Talk
from intake.channels.telegram.service.texts import script
from intake.register.dependencies import Intake
from shared.domain.labels import LANGUAGES
from shared.sealing import SealError

AT_ONCE: Final = 16  # chats: their appeals are registered in one group
AGAIN: Final = timedelta(seconds=2)  # a chat whose database or neighbour was away, or one of whose updates failed

log = structlog.get_logger()


class Conversations:
    def __init__(self, intake: Intake, event_of: Callable[[bytes], Event | None]) -> None:
        self._intake = intake
        self._parts = intake.parts
        self._event_of = event_of
        self._me = intake.parts.ids.new()

    async def run(self) -> None:
        """Until cancelled."""
        await again_and_again(self.run_once, self._rest)

    async def _rest(self) -> None:
        """Nothing to let go of: a chat that is being handled comes to its end."""

    async def run_once(self) -> bool:
        """Handle the chats whose turn has come; False: there was none. A chat in trouble does not hold up the others."""
        claimed = await self.claim(AT_ONCE)
        ends = await asyncio.gather(*(self.handle(chat, updates) for chat, updates in claimed), return_exceptions=True)
        for (chat, _), end in zip(claimed, ends, strict=True):
            if isinstance(end, Exception):
                log.error("a chat waits until its lease ends", chat=chat.key.hex(), reason=type(end).__name__)
            elif end is not None:
                raise end
        return bool(claimed)

    async def claim(self, limit: int) -> list[tuple[Row[Any], list[Row[Any]]]]:
        """Chats that are this worker's for a while, each with what is to be handled."""
        now = self._parts.clock.now()
        until = now + timedelta(seconds=script().limits.lease_seconds)
        async with self._parts.database.write(durable=False) as session:
            chats = await repository.claim_chats(session, self._me, now, until, limit)
            updates = await repository.take_updates(session, [chat.key for chat in chats]) if chats else ()
        return [(chat, [each for each in updates if each.chat == chat.key]) for chat in chats]

    async def handle(self, chat: Row[Any], updates: Sequence[Row[Any]]) -> None:
        try:
            standing = self._standing(chat)
        except (SealError, ValueError) as error:
            log.error("a chat is put aside", chat=chat.key.hex(), reason=type(error).__name__)  # noqa: TRY400 - a traceback holds what was said
            await self._put_aside(chat.key)
            return
        course = Course(standing, chat.key, self._open_event, Deeds(self._intake, chat.key, chat.owner))
        try:
            await course.follow(updates, await self._in_hand(chat.key) if course.is_behind(updates) else ())
        except Exception as error:
            if not (isinstance(error, NotHandled) or passes(error)):
                raise
            log.warning("a chat waits", chat=chat.key.hex(), reason=str(error) if isinstance(error, NotHandled) else type(error).__name__)
            await self._put_off(chat.key, error.update_id if isinstance(error, NotHandled) else None)
            return
        await self._store(chat.key, course)

    def _standing(self, chat: Row[Any]) -> Standing:
        """Where the conversation stands. After hours of silence what was said before is not read again; after more the draft is lost."""
        limits, idle = script().limits, self._parts.clock.now() - chat.touched_at
        language = next((each for each in LANGUAGES if each == chat.language), None)
        draft, left = self._opened(chat, "draft") or {}, chat.blocked_at is not None
        if idle < timedelta(hours=limits.late_hours):
            start = self._opened(chat, "start") or {}
            return Standing(Talk(**start), chat.settled_id, Talk(language, chat.step, draft), chat.last_update_id, left)
        is_lost = idle >= timedelta(hours=limits.draft_hours) and chat.step != MENU
        talk = Talk(language, EXPIRED) if is_lost else Talk(language, chat.step, draft)
        last = chat.last_update_id if idle < timedelta(days=limits.order_days) else None
        return Standing(talk, last, talk, last, left, begins=True)

    def _opened(self, chat: Row[Any], name: str) -> Mapping[str, Any] | None:
        sealed = getattr(chat, name)
        if sealed is None:
            return None
        found: Mapping[str, Any] = json.loads(self._parts.sealer.open("bot_chat", chat.key.hex(), name, sealed))
        return found

    def _open_event(self, update: Row[Any]) -> Event | None:
        return self._event_of(self._parts.sealer.open("bot_update", update.update_id, "body", update.body))

    async def _in_hand(self, key: bytes) -> Sequence[Row[Any]]:
        async with self._parts.database.read() as session:
            return await repository.updates_in_hand(session, key)

    async def _store(self, key: bytes, course: Course) -> None:
        """Keep it all at once, unless the chat has become another worker's meanwhile: that one does the same again."""
        now, talk = self._parts.clock.now(), course.talk
        async with self._parts.database.write() as session:
            chat = await repository.chat_for_update(session, key)
            if chat is None or chat.leased_by != self._me:
                return
            if course.standing.begins:
                await repository.settle(session, key)
            await repository.updates_are_handled(session, course.handled, course.aside, now)
            if course.handled or course.aside:
                chat.last_update_id, chat.touched_at = course.last, now
                chat.blocked_at = now if course.left else None
            if await repository.count_in_hand(session, key) > script().limits.in_hand:
                course.settle()
            if course.settled is not None:
                await repository.settle(session, key, course.settled)
            chat.settled_id, chat.start = course.settled, self._sealed(key, "start", course.start.stored())
            chat.language, chat.step = talk.language, talk.step
            chat.draft = self._sealed(key, "draft", talk.draft) if talk.draft else None
            await self._let_go(session, chat)
            await add(session, self._parts, chat, () if course.left else course.says)

    def _sealed(self, key: bytes, name: str, value: Mapping[str, Any]) -> bytes:
        return self._parts.sealer.seal("bot_chat", key.hex(), name, to_json(value))

    async def _let_go(self, session: AsyncSession, chat: BotChat) -> None:
        chat.leased_by = chat.leased_until = None
        if not await repository.has_waiting_updates(session, chat.key):
            chat.due_at = None

    async def _put_off(self, key: bytes, failed: int | None) -> None:
        async with self._parts.database.write() as session:
            chat = await repository.chat_for_update(session, key)
            if chat is None or chat.leased_by != self._me:
                return
            if failed is not None:
                await repository.update_failed(session, failed)
            chat.leased_by, chat.leased_until = None, None
            chat.due_at = self._parts.clock.now() + AGAIN

    async def _put_aside(self, key: bytes) -> None:
        """Until more comes: then it is looked at again."""
        async with self._parts.database.write() as session:
            chat = await repository.chat_for_update(session, key)
            if chat is not None and chat.leased_by == self._me:
                chat.leased_by = chat.leased_until = chat.due_at = None


async def forget(intake: Intake) -> None:
    """Drop what nobody waits for any more: words of conversations at rest, idle drafts, and what came and was sent long ago."""
    parts, limits = intake.parts, script().limits
    now = parts.clock.now()
    async with parts.database.write() as session:
        await repository.forget(
            session,
            late_before=now - timedelta(hours=limits.late_hours),
            drafts_before=now - timedelta(hours=limits.draft_hours),
            rows_before=now - timedelta(days=limits.kept_days),
            now=now,
        )
