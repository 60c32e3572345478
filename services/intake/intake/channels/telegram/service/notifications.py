"""Outgoing messages of the bot: stored in the order of the chat; `sender` sends them."""

import json
from collections.abc import Mapping, Sequence
from uuid import UUID

from pydantic_core import to_json

from intake.channels.telegram import repository
from intake.channels.telegram.codes import MessageState
from intake.channels.telegram.models import BotChat
from intake.channels.telegram.schemas.payloads import Payload
from intake.channels.telegram.schemas.rows import BotMessageRow, SendableMessage
from intake.channels.telegram.service.filed_appeals import action_buttons
from intake.channels.telegram.service.offers import answer_buttons
from intake.channels.telegram.service.steps import BotReply, Reply
from shared.domain.labels import LANGUAGES, Language
from shared.outgoing.senders import MessageRefused, OutgoingMessage
from shared.sealing import Sealer
from shared.unit_of_work import UnitOfWork


async def queue_replies(work: UnitOfWork, chat: BotChat, replies: Sequence[Reply], *, notice: UUID | None = None) -> None:
    """Add messages at the end of a chat, whose row is locked. The last of them stands for the notification `notice`."""
    now, rows = work.clock.now(), list[BotMessageRow]()
    messages = [part for reply in replies for part in reply.parts()]
    for number, message in enumerate(messages, start=1):
        chat.last_message += 1
        rows.append(
            {
                "chat": chat.key,
                "position": chat.last_message,
                "notice": notice if number == len(messages) else None,
                "payload": work.sealer.seal("bot_message", row_id(chat.key, chat.last_message), "payload", to_json(message.payload())),
                "state": MessageState.WAITING,
                "attempts": 0,
                "created_at": now,
                "due_at": now,
                "ended_at": None,
            }
        )
    await repository.add_messages(work.session, rows)


def row_id(chat: bytes, position: int) -> str:
    """Return the id under which the payload of a message is sealed."""
    return f"{chat.hex()}/{position}"


async def send_to_chat(
    work: UnitOfWork, appeal_id: UUID, texts: Mapping[Language, str] | str, *, notice: UUID | None = None, offer_id: UUID | None = None
) -> bool:
    """Queue a message for the chat in which an appeal was filed, with the buttons of the appeal. `texts`: in one or every language.

    `offer_id`: what the message asks about; its buttons come first.

    Returns False if there is no such chat, or the person has blocked the bot.
    """
    chat = await repository.chat_of_appeal(work.session, appeal_id)
    if chat is None or chat.blocked_at is not None:
        return False
    language: Language = next((code for code in LANGUAGES if code == chat.language), LANGUAGES[0])
    status = await repository.status_of(work.session, appeal_id)
    text = texts if isinstance(texts, str) else texts[language]
    buttons = action_buttons(appeal_id, status, language) if status else []
    asking = answer_buttons(offer_id, language) if offer_id is not None else []
    await queue_replies(work, chat, [BotReply(text, buttons=[*asking, *buttons])], notice=notice)
    return True


async def queue_notification(work: UnitOfWork, message: OutgoingMessage) -> MessageState:
    """Queue a notification for the chat of its appeal, unless it is queued already. Return the state of its message.

    A message's address is the id of the appeal. Raises MessageRefused if no chat can receive it.
    """
    state = await repository.state_of_notice(work.session, message.notification_id)
    if state is not None:
        return state
    if not await send_to_chat(work, UUID(message.address), message.text, notice=message.notification_id, offer_id=message.offer_id):
        raise MessageRefused
    return MessageState.WAITING


def open_payload(sealer: Sealer, message: SendableMessage) -> Payload:
    """Return the payload of a stored message. Raises SealError or ValueError for a damaged one."""
    found: Payload = json.loads(sealer.open("bot_message", row_id(message.chat, message.position), "payload", message.payload))
    return found
