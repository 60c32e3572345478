"""Telegram's side, by aiogram: what an update says, and the calls of the Bot API. Importing this takes seconds and 130 MB."""

from collections.abc import Mapping
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

from intake.channels.telegram.service.steps import Attached, Edited, Event, InGroup, Left, Pressed, Said, SharedContact
from intake.channels.telegram.service.updates import UpdateIn

ALLOWED: Final = ["message", "edited_message", "callback_query", "my_chat_member"]
CALL_SECONDS: Final = 8.0  # a call that takes longer is made again
_FILES: Final = frozenset(
    {
        *(ContentType.ANIMATION, ContentType.AUDIO, ContentType.DOCUMENT, ContentType.PHOTO, ContentType.STICKER, ContentType.STORY),
        *(ContentType.VIDEO, ContentType.VIDEO_NOTE, ContentType.VOICE, ContentType.LOCATION, ContentType.VENUE, ContentType.POLL),
        *(ContentType.DICE, ContentType.PAID_MEDIA, ContentType.LIVE_PHOTO, ContentType.CHECKLIST, ContentType.GAME, ContentType.INVOICE),
        *(ContentType.RICH_MESSAGE, ContentType.GIVEAWAY, ContentType.UNKNOWN),
    }
)
"""What a person sends; the other types are Telegram's own messages about the chat. UNKNOWN: of a later version of the Bot API."""


class NoReply(Exception):
    """Telegram does not answer as it should; later again."""


class Refused(Exception):
    """Telegram will not take this, however often it is sent."""


class Blocked(Exception):
    """The person does not want to hear from the bot."""


class TooFast(Exception):
    """Nothing more may be sent there for so many seconds."""

    def __init__(self, seconds: int) -> None:
        super().__init__(seconds)
        self.seconds = seconds


def event_of(body: bytes) -> Event | None:
    """What a person did, by a stored update; None for what is nothing to the bot. Raises ValueError for an update of unknown shape."""
    update = Update.model_validate_json(body)
    if update.my_chat_member is not None:
        return _membership(update.my_chat_member)
    if update.callback_query is not None:
        return Pressed(update.callback_query.id, update.callback_query.data or "")
    if update.edited_message is not None:
        return _edited(update.edited_message)
    return _message(update.message) if update.message is not None else None


def _membership(change: ChatMemberUpdated) -> Event | None:
    status = change.new_chat_member.status
    if change.chat.type != ChatType.PRIVATE:
        return InGroup() if status in {ChatMemberStatus.MEMBER, ChatMemberStatus.ADMINISTRATOR} else None
    return Left() if status == ChatMemberStatus.KICKED else None


def _edited(message: Message) -> Event | None:
    """None for what has no text: a location that is shared live is edited every few seconds."""
    text = message.text or message.caption
    if not text or message.chat.type != ChatType.PRIVATE:
        return None
    return Edited(message.message_id, text, is_caption=message.text is None)


def _message(message: Message) -> Event | None:
    if message.chat.type != ChatType.PRIVATE:
        return InGroup() if (message.text or "").startswith("/") else None
    if message.text:
        return Said(message.message_id, message.text)
    if message.contact is not None:
        sender = message.from_user.id if message.from_user is not None else None
        return SharedContact(message.contact.phone_number, message.contact.user_id is not None and message.contact.user_id == sender)
    if message.content_type not in _FILES:
        return None
    caption = message.caption or (message.poll.question if message.poll is not None else "")
    return Attached(message.message_id, caption, message.media_group_id)


@dataclass
class Telegram:
    """The bot's calls. Each raises NoReply, Refused, Blocked or TooFast; none of them names what was sent."""

    bot: Bot

    @classmethod
    def connect(cls, token: str, api_url: str | None) -> "Telegram":
        server = TelegramAPIServer.from_base(api_url) if api_url else PRODUCTION
        return cls(Bot(token, session=AiohttpSession(api=server, timeout=CALL_SECONDS)))

    async def close(self) -> None:
        await self.bot.session.close()

    async def say(self, chat_id: int, payload: Mapping[str, Any]) -> None:
        """A stored payload: a message, or the word that a press was heard."""
        if "query_id" in payload:
            await self._call(self.bot.answer_callback_query(payload["query_id"], text=payload["text"]))
        else:
            await self._call(self.bot.send_message(chat_id, payload["text"], reply_markup=_markup(payload)))

    async def updates(self, offset: int | None, seconds: int) -> list[UpdateIn]:
        """Updates from `offset` on, waiting up to `seconds` for the first."""
        waiting = self.bot.get_updates(offset=offset, timeout=seconds, allowed_updates=ALLOWED, request_timeout=int(seconds + CALL_SECONDS))
        found: list[Update] = await self._call(waiting)
        return [UpdateIn.model_validate(_plain(each)) for each in found]

    async def listen(self, url: str | None, secret: str | None) -> None:
        """Have updates brought to this address; None: they are asked for."""
        if url is None:
            await self._call(self.bot.delete_webhook())
        else:
            await self._call(self.bot.set_webhook(url, secret_token=secret, allowed_updates=ALLOWED))

    @staticmethod
    async def _call(calling: Any) -> Any:
        try:
            return await calling
        except TelegramRetryAfter as error:
            raise TooFast(error.retry_after) from None
        except TelegramForbiddenError:
            raise Blocked from None
        except (TelegramNetworkError, TelegramServerError, TelegramUnauthorizedError, ClientDecodeError) as error:
            raise NoReply(type(error).__name__) from None
        except (TelegramAPIError, AiogramError) as error:
            raise Refused(type(error).__name__) from None


def _plain(update: Update) -> dict[str, Any]:
    """As it came, as far as this version of the Bot API knows it."""
    return update.model_dump(mode="json", by_alias=True, exclude_unset=True)


def _markup(payload: Mapping[str, Any]) -> InlineKeyboardMarkup | ReplyKeyboardMarkup | None:
    if payload["buttons"]:
        rows = [[InlineKeyboardButton(text=label, callback_data=data) for label, data in row] for row in payload["buttons"] if row]
        return InlineKeyboardMarkup(inline_keyboard=rows)
    if payload["keyboard"]:
        keys = [[KeyboardButton(text=label) for label in row] for row in payload["keyboard"]]
        if payload["contact"]:
            keys[0] = [KeyboardButton(text=payload["keyboard"][0][0], request_contact=True)]
        return ReplyKeyboardMarkup(keyboard=keys, resize_keyboard=True)
    return None
