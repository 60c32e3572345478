"""Telegram by aiogram: the event in an update, and the calls of the Bot API. The import takes seconds and 130 MB."""

from dataclasses import dataclass
from typing import Any, Final

from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import PRODUCTION, TelegramAPIServer
from aiogram.enums import ChatMemberStatus, ChatType, ContentType
from aiogram.exceptions import (
    AiogramError,
    ClientDecodeError,
    TelegramAPIError,
    TelegramForbiddenError,
    TelegramNetworkError,
    TelegramRetryAfter,
    TelegramServerError,
    TelegramUnauthorizedError,
)
from aiogram.types import (
    ChatMemberUpdated,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    KeyboardButton,
    Message,
    ReplyKeyboardMarkup,
    Update,
)

from intake.channels.telegram.schemas.payloads import MessagePayload, Payload
from intake.channels.telegram.schemas.updates import UpdateIn
from intake.channels.telegram.service.steps import (
    BotBlocked,
    ButtonPress,
    ChatEvent,
    EditedMessage,
    GroupMessage,
    MediaMessage,
    SharedContact,
    TextMessage,
)

ALLOWED_UPDATES: Final = ["message", "edited_message", "callback_query", "my_chat_member"]
CALL_SECONDS: Final = 8.0  # time-out of a call; it is retried
_FILES: Final = frozenset(
    {
        *(ContentType.ANIMATION, ContentType.AUDIO, ContentType.DOCUMENT, ContentType.PHOTO, ContentType.STICKER, ContentType.STORY),
        *(ContentType.VIDEO, ContentType.VIDEO_NOTE, ContentType.VOICE, ContentType.LOCATION, ContentType.VENUE, ContentType.POLL),
        *(ContentType.DICE, ContentType.PAID_MEDIA, ContentType.LIVE_PHOTO, ContentType.CHECKLIST, ContentType.GAME, ContentType.INVOICE),
        *(ContentType.RICH_MESSAGE, ContentType.GIVEAWAY, ContentType.UNKNOWN),
    }
)
"""Content that a person sends; the other types are service messages of Telegram. UNKNOWN: a type of a later version of the Bot API."""


class TelegramUnavailable(Exception):
    """Telegram does not answer correctly; the call can be retried."""


class TelegramRefused(Exception):
    """Telegram refuses the call for good."""


class ChatBlocked(Exception):
    """The person has blocked the bot."""


class TelegramRateLimited(Exception):
    """Nothing may be sent to the chat for a number of seconds."""

    def __init__(self, seconds: int) -> None:
        super().__init__(seconds)
        self.seconds = seconds


def event_of(body: bytes) -> ChatEvent | None:
    """Return the event of a stored update; None for an update without meaning for the bot. Raises ValueError for an unknown shape."""
    update = Update.model_validate_json(body)
    if update.my_chat_member is not None:
        return _membership(update.my_chat_member)
    if update.callback_query is not None:
        return ButtonPress(update.callback_query.id, update.callback_query.data or "")
    if update.edited_message is not None:
        return _edited(update.edited_message)
    return _message(update.message) if update.message is not None else None


def _membership(change: ChatMemberUpdated) -> ChatEvent | None:
    status = change.new_chat_member.status
    if change.chat.type != ChatType.PRIVATE:
        return GroupMessage() if status in {ChatMemberStatus.MEMBER, ChatMemberStatus.ADMINISTRATOR} else None
    return BotBlocked() if status == ChatMemberStatus.KICKED else None


def _edited(message: Message) -> ChatEvent | None:
    """Return the edit; None for a message without text: a live location is edited every few seconds."""
    text = message.text or message.caption
    if not text or message.chat.type != ChatType.PRIVATE:
        return None
    return EditedMessage(message.message_id, text, is_caption=message.text is None)


def _message(message: Message) -> ChatEvent | None:
    if message.chat.type != ChatType.PRIVATE:
        return GroupMessage() if (message.text or "").startswith("/") else None
    if message.text:
        return TextMessage(message.message_id, message.text)
    if message.contact is not None:
        sender = message.from_user.id if message.from_user is not None else None
        return SharedContact(message.contact.phone_number, message.contact.user_id is not None and message.contact.user_id == sender)
    if message.content_type not in _FILES:
        return None
    caption = message.caption or (message.poll.question if message.poll is not None else "")
    return MediaMessage(message.message_id, caption, message.media_group_id)


@dataclass
class TelegramClient:
    """Calls of the Bot API. Each raises TelegramUnavailable, TelegramRefused, ChatBlocked or TelegramRateLimited without the content."""

    bot: Bot

    @classmethod
    def connect(cls, token: str, api_url: str | None) -> "TelegramClient":
        """Return a client for a token. `api_url`: a Bot API server of one's own; None: Telegram's."""
        server = TelegramAPIServer.from_base(api_url) if api_url else PRODUCTION
        return cls(Bot(token, session=AiohttpSession(api=server, timeout=CALL_SECONDS)))

    async def close(self) -> None:
        """Close the connections."""
        await self.bot.session.close()

    async def send(self, chat_id: int, payload: Payload) -> None:
        """Send a message, or answer a press of a button."""
        if "query_id" in payload:
            await self._call(self.bot.answer_callback_query(payload["query_id"], text=payload["text"]))
        else:
            await self._call(self.bot.send_message(chat_id, payload["text"], reply_markup=_markup(payload)))

    async def updates(self, offset: int | None, seconds: int) -> list[UpdateIn]:
        """Return updates from `offset` on, waiting up to `seconds` for the first."""
        timeout = int(seconds + CALL_SECONDS)
        polling = self.bot.get_updates(offset=offset, timeout=seconds, allowed_updates=ALLOWED_UPDATES, request_timeout=timeout)
        found: list[Update] = await self._call(polling)
        return [UpdateIn.model_validate(update.model_dump(mode="json", by_alias=True, exclude_unset=True)) for update in found]

    async def set_webhook(self, url: str | None, secret: str | None) -> None:
        """Have updates delivered to an address; None: they are polled."""
        if url is None:
            await self._call(self.bot.delete_webhook())
        else:
            await self._call(self.bot.set_webhook(url, secret_token=secret, allowed_updates=ALLOWED_UPDATES))

    @staticmethod
    async def _call(calling: Any) -> Any:
        try:
            return await calling
        except TelegramRetryAfter as error:
            raise TelegramRateLimited(error.retry_after) from None
        except TelegramForbiddenError:
            raise ChatBlocked from None
        except (TelegramNetworkError, TelegramServerError, TelegramUnauthorizedError, ClientDecodeError) as error:
            raise TelegramUnavailable(type(error).__name__) from None
        except (TelegramAPIError, AiogramError) as error:
            raise TelegramRefused(type(error).__name__) from None


def _markup(payload: MessagePayload) -> InlineKeyboardMarkup | ReplyKeyboardMarkup | None:
    if payload["buttons"]:
        rows = [[InlineKeyboardButton(text=label, callback_data=data) for label, data in row] for row in payload["buttons"] if row]
        return InlineKeyboardMarkup(inline_keyboard=rows)
    if payload["keyboard"]:
        keys = [[KeyboardButton(text=label) for label in row] for row in payload["keyboard"]]
        if payload["contact"]:
            keys[0] = [KeyboardButton(text=payload["keyboard"][0][0], request_contact=True)]
        return ReplyKeyboardMarkup(keyboard=keys, resize_keyboard=True)
    return None
