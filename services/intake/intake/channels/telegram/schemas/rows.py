"""Rows of the tables of the bot as they are written in bulk, and the rows that queries return."""

from datetime import datetime
from typing import NamedTuple, TypedDict
from uuid import UUID

from intake.channels.telegram.codes import MessageState, Step, UpdateState
from shared.domain.lifecycle import CaseStatus


class BotUpdateRow(TypedDict):
    """A new row of `bot_update`."""

    update_id: int
    chat: bytes
    body: bytes
    state: UpdateState
    attempts: int
    received_at: datetime
    handled_at: None


class ChatRow(TypedDict):
    """A new row of `bot_chat`."""

    key: bytes
    owner: bytes
    chat_id: bytes
    step: Step
    last_message: int
    touched_at: datetime
    due_at: datetime


class BotMessageRow(TypedDict):
    """A new row of `bot_message`."""

    chat: bytes
    position: int
    notice: UUID | None
    payload: bytes
    state: MessageState
    attempts: int
    created_at: datetime
    due_at: datetime
    ended_at: None


class MessageChange(TypedDict):
    """The columns of `bot_message` that an attempt to send changes; `chat` and `position` are the key."""

    chat: bytes
    position: int
    payload: bytes | None
    state: MessageState
    attempts: int
    due_at: datetime
    ended_at: datetime | None


class StoredUpdate(NamedTuple):
    """An update to be handled. `body` is sealed."""

    update_id: int
    chat: bytes
    body: bytes
    state: UpdateState
    attempts: int
    received_at: datetime


class ClaimedChat(NamedTuple):
    """A chat that a worker has claimed. `draft` and `start` are sealed."""

    key: bytes
    owner: bytes
    language: str | None
    step: Step
    draft: bytes | None
    last_update_id: int | None
    start: bytes | None
    settled_id: int | None
    touched_at: datetime
    blocked_at: datetime | None
    leased_by: UUID
    """The holder of the claim."""


class SendableMessage(NamedTuple):
    """A message to be sent. `payload` and `chat_id` are sealed."""

    chat: bytes
    position: int
    payload: bytes
    attempts: int
    chat_id: bytes


class ChatAppeal(NamedTuple):
    """An appeal that was filed in a chat."""

    id: UUID
    number: str
    region: str
    registered_at: datetime
    status: CaseStatus
    due_at: datetime | None
