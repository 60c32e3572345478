"""What applicants add to their appeals: messages, statements, codes, withdrawals. Words are sealed, contacts are keyed hashes."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index
from sqlmodel import Field

from intake.models.base import IntakeModel


class Message(IntakeModel, table=True):
    """What was said after filing, both ways; the Fund's words stay in routing and are claimed by the message's id."""

    __tablename__ = "message"
    __table_args__ = (Index("ix_message_appeal", "appeal_id", "at"),)

    id: UUID = Field(primary_key=True)
    appeal_id: UUID
    at: datetime
    by: str
    """APPLICANT or FUND."""
    kind: str
    """MESSAGE, STATEMENT (of withdrawal), REASON (why the answer does not settle it), COMMENT (to a rating), QUESTION or COMPLETION."""
    text: bytes | None
    """Sealed; None: the Fund's, or files alone."""
    due_at: datetime | None
    """Until when the Fund waits for the reply."""


class Withdrawal(IntakeModel, table=True):
    """A wish to take the appeal back (АППК art. 64(9)); its statement is the message of that id."""

    __tablename__ = "withdrawal"

    id: UUID = Field(primary_key=True)
    appeal_id: UUID = Field(index=True)
    message_id: UUID
    reason: str
    asked_at: datetime
    state: str = Field(index=True)
    """PENDING until the Fund has called back, DONE, REFUSED, or LATE: the Fund had decided before it heard of it."""
    proof: str
    """The kind of the contact to which the code was sent that came with the statement."""
    decided_at: datetime | None
    decided_by: str | None
    """Subject of the token of whoever called back; None: nobody had to."""
    note: bytes | None
    """Sealed: what was said in the call."""


class ConfirmedContact(IntakeModel, table=True):
    """A contact of an appeal that its applicant has shown by a code to be theirs. To any other nothing but codes is sent."""

    __tablename__ = "confirmed_contact"

    appeal_id: UUID = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    """phone or email."""
    at: datetime


class ContactCode(IntakeModel, table=True):
    """A one-time code sent to a contact of an appeal."""

    __tablename__ = "contact_code"

    id: UUID = Field(primary_key=True)
    appeal_id: UUID = Field(index=True)
    contact: bytes = Field(index=True)
    """Keyed hash."""
    contact_kind: str
    """phone or email."""
    code: bytes
    """Keyed hash of this row's id, what the code is for, and the digits."""
    sent_at: datetime = Field(index=True)
    tries: int
    used_at: datetime | None
