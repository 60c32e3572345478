"""Sends what the bot has to say: in the order of each chat, at Telegram's pace, again while it does not answer.

A message may be sent twice if the process is lost between Telegram's answer and our note of it: the Bot API knows no key for repeats.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import structlog
from sqlalchemy import Row

from intake.channels.telegram import repository
from intake.channels.telegram.service.client import Blocked, NoReply, Refused, Telegram, TooFast
from intake.channels.telegram.service.leader import Duty, again_and_again
from intake.channels.telegram.service.notifications import opened
from intake.channels.telegram.service.texts import script
from intake.settings import Settings
from shared.sealing import SealError
from shared.service import Parts

SECOND: Final = timedelta(seconds=1)

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Sent:
    """What became of a message: its row, how long its chat rests, and whether the person has left."""

    row: dict[str, Any]
    rest: timedelta | None = None
    blocked: bool = False
    too_fast: bool = False
    """Telegram asked for a pause."""


class Sender:
    def __init__(self, parts: Parts, settings: Settings, telegram: Telegram) -> None:
        self._parts = parts
        self._settings = settings
        self._telegram = telegram
        self._duty = Duty(parts, "send")
        self._latest: deque[datetime] = deque()
        self._paused_until: datetime | None = None

    async def run(self) -> None:
        """Until cancelled."""
        if self._settings.telegram_mode == "webhook" and self._settings.telegram_webhook_url is not None:
            secret = self._settings.telegram_secret
            await self._telegram.listen(self._settings.telegram_webhook_url, secret.get_secret_value() if secret else None)
        await again_and_again(self.run_once, self._duty.let_go)

    async def run_once(self) -> bool:
        """Send the first waiting message of each chat that may be written to, as many as a second allows; False: there was none."""
        if await self._duty.hold() is None:
            return False
        now = self._parts.clock.now()
        room = self._room(now)
        if not room or (self._paused_until is not None and now < self._paused_until):
            return False
        async with self._parts.database.read() as session:
            rows = await repository.sendable(session, now, room)
        if not rows:
            return False
        self._latest.extend([now] * len(rows))
        sent = await asyncio.gather(*(self._send(row) for row in rows))
        self._pause(sent, now)
        await self._note(sent)
        return True

    def _pause(self, sent: Sequence[_Sent], now: datetime) -> None:
        """A 429 for one chat pauses that chat; for several at once the bot as a whole is too fast, and every chat waits."""
        rests = [one.rest for one in sent if one.too_fast and one.rest is not None]
        if len(rests) > 1:
            self._paused_until = now + max(rests)

    def _room(self, now: datetime) -> int:
        while self._latest and self._latest[0] <= now - SECOND:
            self._latest.popleft()
        return max(0, self._settings.telegram_per_second - len(self._latest))

    async def _send(self, row: Row[Any]) -> _Sent:
        limits = script().limits
        try:
            payload = opened(self._parts, row)
            chat_id = int(self._parts.sealer.open("bot_chat", row.chat.hex(), "chat_id", row.chat_id))
        except (SealError, ValueError) as error:
            log.error("a message is put aside", chat=row.chat.hex(), place=row.place, reason=type(error).__name__)  # noqa: TRY400 - as above
            return _Sent(self._row(row, "FAILED", row.attempts + 1))
        is_press = "query_id" in payload  # of use only while the person waits, and outside of a chat's pace
        try:
            await self._telegram.say(chat_id, payload)
        except TooFast as error:
            return _Sent(self._row(row, repository.WAITING, row.attempts), timedelta(seconds=error.seconds), too_fast=True)
        except Blocked:
            return _Sent(self._row(row, "BLOCKED", row.attempts + 1), blocked=True)
        except NoReply as error:
            is_last = is_press or row.attempts + 1 >= limits.attempts
            log.warning("telegram does not answer", reason=str(error), given_up=is_last)
            rest = timedelta(seconds=limits.backoff_seconds * 2**row.attempts)
            return _Sent(self._row(row, "FAILED" if is_last else repository.WAITING, row.attempts + 1, rest))
        except Refused as error:
            if not is_press:
                log.warning("telegram refuses a message", reason=str(error))
            return _Sent(self._row(row, "FAILED", row.attempts + 1))
        return _Sent(self._row(row, "SENT", row.attempts + 1), None if is_press else timedelta(milliseconds=limits.chat_pause_ms))

    def _row(self, row: Row[Any], state: str, attempts: int, rest: timedelta = timedelta()) -> dict[str, Any]:
        now, is_waiting = self._parts.clock.now(), state == repository.WAITING
        return {
            "chat": row.chat,
            "place": row.place,
            "payload": row.payload if is_waiting else None,
            "state": state,
            "attempts": attempts,
            "due_at": now + rest,
            "ended_at": None if is_waiting else now,
        }

    async def _note(self, sent: Sequence[_Sent]) -> None:
        now = self._parts.clock.now()
        async with self._parts.database.write() as session:
            await repository.pause_chats(session, {one.row["chat"]: now + one.rest for one in sent if one.rest is not None})
            await repository.put_messages(session, [one.row for one in sent])
            await repository.block_chats(session, [one.row["chat"] for one in sent if one.blocked], now)
