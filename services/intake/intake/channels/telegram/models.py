"""The tables of the Telegram bot: updates, chats, messages and leases. Identities and texts are sealed or keyed hashes."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Column, Index
from sqlmodel import Field

from intake.base import IntakeModel
from intake.channels.telegram.codes import MessageState, Step, UpdateState
from shared.enum_column import EnumColumn


class BotUpdate(IntakeModel, table=True):
    """An update as Telegram sent it. The row outlives its body, so that a repeat is recognised."""

    __tablename__ = "bot_update"
    __table_args__ = (Index("ix_bot_update_chat", "chat", "state"),)

    update_id: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    chat: bytes
    body: bytes | None
    """Sealed JSON; None once the update is settled."""
    state: UpdateState = Field(sa_column=Column(EnumColumn(UpdateState), nullable=False))
    attempts: int
    """The number of attempts that failed."""
    received_at: datetime = Field(index=True)
    handled_at: datetime | None


class BotChat(IntakeModel, table=True):
    """A chat with the bot: the state of its conversation, and when its updates are to be handled."""

    __tablename__ = "bot_chat"

    key: bytes = Field(primary_key=True)
    """Keyed hash of Telegram's id."""
    owner: bytes = Field(index=True, unique=True)
    """As `appeal.owner`: appeals that were filed in this chat are followed in it."""
    chat_id: bytes
    """Sealed."""
    language: str | None
    step: Step = Field(sa_column=Column(EnumColumn(Step), nullable=False))
    draft: bytes | None
    """Sealed JSON object."""
    last_update_id: int | None = Field(sa_column=Column(BigInteger))
    start: bytes | None
    """The state at the beginning of the current conversation, sealed JSON: the conversation is replayed from it after a late update."""
    settled_id: int | None = Field(sa_column=Column(BigInteger))
    """The last update before `start`. An older update that arrives later changes nothing."""
    last_message: int
    """The position of the latest row of `bot_message`."""
    touched_at: datetime = Field(index=True)
    due_at: datetime | None = Field(index=True)
    """When its updates are to be handled; None: there are none."""
    leased_by: UUID | None
    leased_until: datetime | None
    send_after: datetime | None
    blocked_at: datetime | None


class BotMessage(IntakeModel, table=True):
    """A message of the bot. Messages are sent in the order of the chat."""

    __tablename__ = "bot_message"
    __table_args__ = (Index("ix_bot_message_waiting", "state", "due_at"),)

    chat: bytes = Field(primary_key=True)
    position: int = Field(primary_key=True)
    notice: UUID | None = Field(index=True)
    """The notification that the message ends; None for a reply in the conversation."""
    payload: bytes | None
    """Sealed JSON; None once the message is sent or given up."""
    state: MessageState = Field(sa_column=Column(EnumColumn(MessageState), nullable=False))
    attempts: int
    created_at: datetime
    due_at: datetime
    ended_at: datetime | None


class BotLease(IntakeModel, table=True):
    """A task that one process at a time does: sending messages, or polling Telegram for updates."""

    __tablename__ = "bot_duty"

    name: str = Field(primary_key=True)
    holder: str
    epoch: int
    expires_at: datetime
    next_update: int | None = Field(sa_column=Column(BigInteger))
    """The first update that Telegram is asked for; None: any."""
