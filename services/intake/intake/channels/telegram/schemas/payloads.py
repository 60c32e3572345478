"""Payloads of stored messages: what one call of the Bot API sends. They are stored as sealed JSON."""

from typing import TypeAlias, TypedDict, final


@final
class MessagePayload(TypedDict):
    """A message. `buttons`: rows of [label, data]; `keyboard`: rows of labels; `contact`: its first key shares the phone number."""

    text: str
    buttons: list[list[list[str]]]
    keyboard: list[list[str]]
    contact: bool


@final
class CallbackPayload(TypedDict):
    """The answer to a press of a button; a text is shown for a moment."""

    query_id: str
    text: str | None


Payload: TypeAlias = MessagePayload | CallbackPayload
