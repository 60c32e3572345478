"""The bot's messages on their way out: a row each, in the order of the chat; `sender` sends them."""

import json
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy.ext.asyncio import AsyncSession

from intake.channels.telegram import repository
from intake.channels.telegram.models import BotChat
from intake.channels.telegram.service.following import actions
from intake.channels.telegram.service.steps import Heard, Say
from intake.notifications.service.senders import DeliveryPending, MessageRefused, OutgoingMessage
from shared.domain.labels import LANGUAGES, Language
from shared.service import Parts


async def add(session: AsyncSession, parts: Parts, chat: BotChat, says: Sequence[Say | Heard], *, notice: UUID | None = None) -> None:
    """Put messages at the end of a chat; its row is locked. A notice has arrived with its last."""
    now, rows = parts.clock.now(), []
    messages = [part for each in says for part in each.parts()]
    for place, each in enumerate(messages, start=1):
        chat.last_message += 1
        rows.append(
            {
                "chat": chat.key,
                "place": chat.last_message,
                "notice": notice if place == len(messages) else None,
                "payload": parts.sealer.seal("bot_message", row_id(chat.key, chat.last_message), "payload", to_json(each.payload())),
                "state": repository.WAITING,
                "attempts": 0,
                "created_at": now,
                "due_at": now,
                "ended_at": None,
            }
        )
    await repository.add_messages(session, rows)


def row_id(chat: bytes, place: int) -> str:
    return f"{chat.hex()}/{place}"


async def say(
    session: AsyncSession, parts: Parts, appeal_id: UUID, texts: Mapping[Language, str] | str, *, notice: UUID | None = None
) -> bool:
    """Tell the chat in which an appeal was filed, with the buttons of where the appeal stands; `texts` in one or every language.

    Returns False where there is no such chat, or the person has blocked the bot.
    """
    chat = await repository.chat_of_appeal(session, appeal_id)
    if chat is None or chat.blocked_at is not None:
        return False
    language: Language = next((each for each in LANGUAGES if each == chat.language), LANGUAGES[0])
    status = await repository.status_of(session, appeal_id)
    text = texts if isinstance(texts, str) else texts[language]
    buttons = actions(appeal_id, status, language) if status else []
    await add(session, parts, chat, [Say(text, buttons=buttons)], notice=notice)
    return True


class ToChat:
    """Sender of notifications for the method TELEGRAM; a message's address is the appeal's id."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def send(self, message: OutgoingMessage) -> str | None:
        """Add a notification to the chat. It counts as sent once Telegram has accepted it; until then DeliveryPending is raised."""
        async with self._parts.database.write() as session:
            state = await repository.state_of_notice(session, message.notification_id)
            if state is None and not await say(session, self._parts, UUID(message.address), message.text, notice=message.notification_id):
                raise MessageRefused
        if state in {"BLOCKED", "FAILED"}:
            raise MessageRefused
        if state != "SENT":
            raise DeliveryPending
        return None


def opened(parts: Parts, row: Any) -> dict[str, Any]:
    """A stored message's payload."""
    found: dict[str, Any] = json.loads(parts.sealer.open("bot_message", row_id(row.chat, row.place), "payload", row.payload))
    return found
