"""Conversations of the Telegram bot: what came in, where each chat stands, and what goes out. Who speaks and what is said is sealed."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Column, Index
from sqlmodel import Field

from intake.base import IntakeModel


class BotUpdate(IntakeModel, table=True):
    """An update as Telegram sent it; the row outlives its body, so that a repeat is known."""

    __tablename__ = "bot_update"
    __table_args__ = (Index("ix_bot_update_chat", "chat", "state"),)

    update_id: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    chat: bytes
    body: bytes | None
    """Sealed JSON; None once it is settled."""
    state: str
    """WAITING; TAKEN: to be handled together, again together if that is interrupted; IN_HAND: handled, and read again should an older one
    come; SETTLED: not read again; ASIDE: it cannot be handled."""
    attempts: int
    """That failed."""
    received_at: datetime = Field(index=True)
    handled_at: datetime | None


class BotChat(IntakeModel, table=True):
    """A chat with the bot: its conversation, and when its turn comes."""

    __tablename__ = "bot_chat"

    key: bytes = Field(primary_key=True)
    """Keyed hash of Telegram's id."""
    owner: bytes = Field(index=True, unique=True)
    """As `appeal.owner`: what was filed in this chat is followed in it."""
    chat_id: bytes
    """Sealed."""
    language: str | None
    step: str
    draft: bytes | None
    """Sealed JSON object."""
    last_update_id: int | None = Field(sa_column=Column(BigInteger))
    start: bytes | None
    """Where the conversation in hand began, sealed JSON: what it is folded from again when an update comes out of order."""
    settled_id: int | None = Field(sa_column=Column(BigInteger))
    """The last update before `start`; what is older and comes later moves nothing."""
    last_message: int
    """The place of the latest row of `bot_message`."""
    touched_at: datetime = Field(index=True)
    due_at: datetime | None = Field(index=True)
    """When its updates are to be handled; None: there are none."""
    leased_by: UUID | None
    leased_until: datetime | None
    send_after: datetime | None
    blocked_at: datetime | None


class BotMessage(IntakeModel, table=True):
    """What the bot says, in the order of the chat."""

    __tablename__ = "bot_message"
    __table_args__ = (Index("ix_bot_message_waiting", "state", "due_at"),)

    chat: bytes = Field(primary_key=True)
    place: int = Field(primary_key=True)
    notice: UUID | None = Field(index=True)
    """Whose notice it is; None: a reply in the conversation."""
    payload: bytes | None
    """Sealed JSON; None once it is sent or given up."""
    state: str
    """WAITING, SENT, FAILED, or BLOCKED: the person has left the bot."""
    attempts: int
    created_at: datetime
    due_at: datetime
    ended_at: datetime | None


class BotDuty(IntakeModel, table=True):
    """What one process at a time does: sending, and asking Telegram for updates."""

    __tablename__ = "bot_duty"

    name: str = Field(primary_key=True)
    holder: UUID
    until: datetime
    next_update: int | None = Field(sa_column=Column(BigInteger))
