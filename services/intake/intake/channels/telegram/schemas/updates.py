"""Updates of the Telegram Bot API. Only the chat is read before an update is handled; all other fields are stored as they came."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class TelegramObject(BaseModel):
    """An object of Telegram. Its fields grow with every version of the Bot API: unknown fields are stored as they came."""

    model_config = ConfigDict(extra="allow", hide_input_in_errors=True)


class ChatIn(TelegramObject):
    """A chat or a user."""

    id: int


class ChatMessageIn(TelegramObject):
    """A message, or another object that names its chat."""

    chat: ChatIn


class CallbackQueryIn(TelegramObject):
    """A press of a button under a message."""

    sender: Annotated[ChatIn, Field(alias="from")]
    message: ChatMessageIn | None = None


class UpdateIn(TelegramObject):
    """An update of the Telegram Bot API."""

    update_id: Annotated[int, Field(ge=0, lt=2**63)]
    message: ChatMessageIn | None = None
    edited_message: ChatMessageIn | None = None
    my_chat_member: ChatMessageIn | None = None
    callback_query: CallbackQueryIn | None = None

    @property
    def chat_id(self) -> int | None:
        """The chat of the update; None for a type of update that the bot does not use."""
        if self.callback_query is not None:
            query = self.callback_query
            return query.message.chat.id if query.message is not None else query.sender.id
        message = self.message or self.edited_message or self.my_chat_member
        return message.chat.id if message is not None else None


class UpdateStored(BaseModel):
    """The answer to Telegram: the update is stored and need not be sent again."""

    ok: bool = True
