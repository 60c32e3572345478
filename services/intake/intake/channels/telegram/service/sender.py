"""Sends the bot's messages in the order of each chat, within Telegram's rate limits, with retries while Telegram does not answer.

A message may be sent twice if the process is lost before it stores Telegram's answer: the Bot API has no idempotency key.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog

from intake.channels.telegram import repository
from intake.channels.telegram.codes import MessageState
from intake.channels.telegram.policy import script
from intake.channels.telegram.schemas.rows import MessageChange, SendableMessage
from intake.channels.telegram.service.client import (
    CALL_SECONDS,
    ChatBlocked,
    TelegramClient,
    TelegramRateLimited,
    TelegramRefused,
    TelegramUnavailable,
)
from intake.channels.telegram.service.loops import leader_lease, run_forever
from intake.channels.telegram.service.notifications import open_payload
from intake.settings import Settings
from shared.leases import LeaseLost
from shared.sealing import SealError
from shared.service import Parts

SECOND: Final = timedelta(seconds=1)
SENDING: Final = timedelta(seconds=CALL_SECONDS + 1)  # how long the lease has to last when messages are sent

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _SendAttempt:
    """The result of an attempt: the change of the row, and the pause of its chat. `rate_limited`: Telegram asked for the pause."""

    change: MessageChange
    pause: timedelta | None = None
    blocked: bool = False
    rate_limited: bool = False


class MessageSender:
    """Sends messages while it holds the lease `send`."""

    def __init__(self, parts: Parts, settings: Settings, telegram: TelegramClient) -> None:
        self._parts = parts
        self._settings = settings
        self._telegram = telegram
        self._lease = leader_lease(parts.database, parts.clock, "send")
        self._latest: deque[datetime] = deque()
        self._paused_until: datetime | None = None

    async def run(self) -> None:
        """Send until cancelled."""
        if self._settings.telegram_mode == "webhook" and self._settings.telegram_webhook_url is not None:
            secret = self._settings.telegram_secret
            await self._telegram.set_webhook(self._settings.telegram_webhook_url, secret.get_secret_value() if secret else None)
        await run_forever(self.run_once, self._lease.release)

    async def run_once(self) -> bool:
        """Send the first waiting message of each chat, as many as a second allows; False: there were none."""
        if not await self._lease.hold(SENDING):
            return False
        now = self._parts.clock.now()
        limit = self._remaining(now)
        if not limit or (self._paused_until is not None and now < self._paused_until):
            return False
        async with self._parts.units.read() as work:
            messages = await repository.sendable_messages(work.session, now, limit)
        if not messages:
            return False
        self._latest.extend([now] * len(messages))
        attempts = await asyncio.gather(*(self._send(message) for message in messages))
        self._pause(attempts, now)
        try:
            await self._store(attempts)
        except LeaseLost:
            log.warning("another process sends, and sends the last messages again")
        return True

    def _pause(self, attempts: Sequence[_SendAttempt], now: datetime) -> None:
        """Pause every chat if several were rate limited: then the bot as a whole is too fast. A single one pauses its own chat."""
        pauses = [attempt.pause for attempt in attempts if attempt.rate_limited and attempt.pause is not None]
        if len(pauses) > 1:
            self._paused_until = now + max(pauses)

    def _remaining(self, now: datetime) -> int:
        """Return how many messages may still be sent in this second."""
        while self._latest and self._latest[0] <= now - SECOND:
            self._latest.popleft()
        return max(0, self._settings.telegram_per_second - len(self._latest))

    async def _send(self, message: SendableMessage) -> _SendAttempt:
        limits, attempts = script().limits, message.attempts + 1
        try:
            payload = open_payload(self._parts.sealer, message)
            chat_id = int(self._parts.sealer.open("bot_chat", message.chat.hex(), "chat_id", message.chat_id))
        except (SealError, ValueError) as error:
            log.error("a message is given up", chat=message.chat.hex(), position=message.position, reason=type(error).__name__)  # noqa: TRY400 - a traceback holds personal data
            return _SendAttempt(self._change(message, MessageState.FAILED, attempts))
        is_callback = "query_id" in payload  # useless after some seconds, and exempt from the rate limit of a chat
        try:
            await self._telegram.send(chat_id, payload)
        except TelegramRateLimited as error:
            change = self._change(message, MessageState.WAITING, message.attempts)
            return _SendAttempt(change, timedelta(seconds=error.seconds), rate_limited=True)
        except ChatBlocked:
            return _SendAttempt(self._change(message, MessageState.BLOCKED, attempts), blocked=True)
        except TelegramUnavailable as error:
            is_last = is_callback or attempts >= limits.attempts
            log.warning("telegram does not answer", reason=str(error), given_up=is_last)
            backoff = timedelta(seconds=limits.backoff_seconds * 2**message.attempts)
            return _SendAttempt(self._change(message, MessageState.FAILED if is_last else MessageState.WAITING, attempts, backoff))
        except TelegramRefused as error:
            if not is_callback:
                log.warning("telegram refuses a message", reason=str(error))
            return _SendAttempt(self._change(message, MessageState.FAILED, attempts))
        pause = None if is_callback else timedelta(milliseconds=limits.chat_pause_ms)
        return _SendAttempt(self._change(message, MessageState.SENT, attempts), pause)

    def _change(self, message: SendableMessage, state: MessageState, attempts: int, backoff: timedelta = timedelta()) -> MessageChange:
        now, is_waiting = self._parts.clock.now(), state == MessageState.WAITING
        return {
            "chat": message.chat,
            "position": message.position,
            "payload": message.payload if is_waiting else None,
            "state": state,
            "attempts": attempts,
            "due_at": now + backoff,
            "ended_at": None if is_waiting else now,
        }

    async def _store(self, attempts: Sequence[_SendAttempt]) -> None:
        """Store the results. Raises LeaseLost if another process sends now: its results count."""
        now = self._parts.clock.now()
        pauses = {attempt.change["chat"]: now + attempt.pause for attempt in attempts if attempt.pause is not None}
        async with self._parts.units.write() as work:
            await self._lease.renew(work.session)
            await repository.pause_chats(work.session, pauses)
            await repository.update_messages(work.session, [attempt.change for attempt in attempts])
            await repository.block_chats(work.session, [attempt.change["chat"] for attempt in attempts if attempt.blocked], now)
