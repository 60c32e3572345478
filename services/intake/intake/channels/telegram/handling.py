"""Handles what came in, a chat at a time: a worker claims chats whose turn has come, and stores for each where it stands and what is said.

Whatever a conversation has done is done under a key that its updates give, so that work done again after a crash has the same end.
"""

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import structlog
from pydantic_core import to_json
from sqlalchemy import Row

from intake.channels.telegram.conversation import EXPIRED, turn
from intake.channels.telegram.deeds import Deeds
from intake.channels.telegram.duties import again_and_again
from intake.channels.telegram.prompts import MENU
from intake.channels.telegram.saying import add
from intake.channels.telegram.texts import script, words
from intake.channels.telegram.turns import Event, Heard, Left, Say, Talk, Turn
from intake.repository import bot as repository
from intake.state import Intake
from shared.database_errors import will_pass
from shared.domain.labels import LANGUAGES
from shared.errors import Unavailable
from shared.ids import derived

AT_ONCE: Final = 16  # chats: their appeals are registered in one group
AGAIN: Final = timedelta(seconds=2)  # a chat whose database or neighbour was away

log = structlog.get_logger()


@dataclass
class _Course:
    """A chat's updates on their way through the conversation."""

    talk: Talk
    says: list[Say | Heard] = field(default_factory=list)
    handled: list[int] = field(default_factory=list)
    left: bool = False


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
        """Handle the chats whose turn has come; False: there was none."""
        now = self._parts.clock.now()
        until = now + timedelta(seconds=script().limits.lease_seconds)
        async with self._parts.database.write(durable=False) as session:
            chats = await repository.claim_chats(session, self._me, now, until, AT_ONCE)
            updates = await repository.waiting_updates(session, [chat.key for chat in chats]) if chats else ()
        ends = await asyncio.gather(
            *(self._handle(chat, [each for each in updates if each.chat == chat.key]) for chat in chats), return_exceptions=True
        )
        for end in ends:
            if isinstance(end, BaseException):
                raise end
        return bool(chats)

    async def _handle(self, chat: Row[Any], updates: Sequence[Row[Any]]) -> None:
        course = _Course(self._talk(chat))
        try:
            for update in updates:
                await self._follow(course, chat, update)
        except Exception as error:
            if not (isinstance(error, OSError | Unavailable) or will_pass(error)):
                raise
            log.warning("a chat waits", reason=type(error).__name__)
            await self._put_off(chat.key)
            return
        await self._store(chat.key, course, chat.last_update_id)

    def _talk(self, chat: Row[Any]) -> Talk:
        """Where the conversation stands; one that was left alone for too long has lost its draft."""
        language = next((each for each in LANGUAGES if each == chat.language), None)
        is_idle = self._parts.clock.now() - chat.touched_at >= timedelta(hours=script().limits.draft_hours)
        if chat.step == EXPIRED or (is_idle and chat.step != MENU):
            return Talk(language, EXPIRED)
        draft = json.loads(self._parts.sealer.open("bot_chat", chat.key.hex(), "draft", chat.draft)) if chat.draft else {}
        return Talk(language, chat.step, draft)

    async def _follow(self, course: _Course, chat: Row[Any], update: Row[Any]) -> None:
        """One update more. One that cannot be handled is told and left behind, as it would fail for ever."""
        try:
            event = self._event_of(self._parts.sealer.open("bot_update", update.update_id, "body", update.body))
            if event is not None:
                await self._take(course, chat, update, event)
        except Exception as error:
            if isinstance(error, OSError | Unavailable) or will_pass(error):
                raise
            log.error("update not handled", reason=type(error).__name__)  # noqa: TRY400 - a traceback of the parser holds what was said
            course.says.append(Say(words("trouble", course.talk.speaks)))
        course.handled.append(update.update_id)

    async def _take(self, course: _Course, chat: Row[Any], update: Row[Any], event: Event) -> None:
        new_id = str(derived(UUID(bytes=chat.key[:16]), "draft", update.update_id))
        course.left = isinstance(event, Left)
        following: Turn | None = turn(course.talk, event, new_id, late=self._is_late(chat, update.update_id))
        while following is not None:
            course.talk = following.talk
            course.says += following.says
            following = await self._done(following, chat, update.received_at, new_id)

    async def _done(self, before: Turn, chat: Row[Any], at: datetime, key: str) -> Turn | None:
        if before.effect is None:
            return None
        return await Deeds(self._intake, chat.key, chat.owner).do(before.talk, before.effect, at, key)

    def _is_late(self, chat: Row[Any], update_id: int) -> bool:
        """Behind what was handled before, unless Telegram has begun to count anew meanwhile."""
        is_recent = self._parts.clock.now() - chat.touched_at < timedelta(days=script().limits.order_days)
        return chat.last_update_id is not None and update_id < chat.last_update_id and is_recent

    async def _store(self, key: bytes, course: _Course, last: int | None) -> None:
        """Keep it all at once, unless the chat has become another worker's meanwhile: that one does the same again."""
        now, talk = self._parts.clock.now(), course.talk
        async with self._parts.database.write() as session:
            chat = await repository.chat_for_update(session, key)
            if chat is None or chat.leased_by != self._me:
                return
            await repository.updates_are_handled(session, course.handled, now)
            if course.handled:
                chat.last_update_id = max(course.handled) if last is None else max(last, *course.handled)
                chat.touched_at = now
                chat.blocked_at = now if course.left else None
            chat.language, chat.step = talk.language, talk.step
            chat.draft = self._parts.sealer.seal("bot_chat", key.hex(), "draft", to_json(talk.draft)) if talk.draft else None
            chat.leased_by = chat.leased_until = None
            if not await repository.has_waiting_updates(session, key):
                chat.due_at = None
            await add(session, self._parts, chat, () if course.left else course.says)

    async def _put_off(self, key: bytes) -> None:
        async with self._parts.database.write() as session:
            chat = await repository.chat_for_update(session, key)
            if chat is not None and chat.leased_by == self._me:
                chat.leased_by, chat.leased_until = None, None
                chat.due_at = self._parts.clock.now() + AGAIN


async def forget(intake: Intake) -> None:
    """Drop idle drafts, and what was handled and sent long ago."""
    parts, limits = intake.parts, script().limits
    now = parts.clock.now()
    async with parts.database.write() as session:
        await repository.forget(
            session,
            drafts_before=now - timedelta(hours=limits.draft_hours),
            rows_before=now - timedelta(days=limits.kept_days),
            now=now,
        )
