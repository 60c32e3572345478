"""The register's tables: what people wrote, and who they are, is sealed; the rest are codes, ids and times."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, Column, Index, Sequence, text
from sqlmodel import Field

from intake.base import IntakeModel

LAST_SEQUENCE = 9_999_999  # seven digits of the register number


# PostgreSQL hands out the numbers' sequence from here; SQLite, which has no sequences, from `register_counter`.
REGISTER_SEQUENCE = Sequence("register_sequence", start=1, minvalue=1, maxvalue=LAST_SEQUENCE, cycle=True, metadata=IntakeModel.metadata)

_OWNED = text("owner IS NOT NULL")  # most are filed without a token: they cost the index nothing
_REACHED = text("phone_key IS NOT NULL")
_ABOUT = text("about IS NOT NULL")
_ENTRIES = text("channel = 'PEOPLES_CONTROL'")  # a few, listed in public


class Appeal(IntakeModel, table=True):
    """An appeal as it was filed; never changed afterwards."""

    __tablename__ = "appeal"
    __table_args__ = (
        Index("ix_appeal_owner", "owner", "id", sqlite_where=_OWNED, postgresql_where=_OWNED),
        Index("ix_appeal_phone_key", "phone_key", sqlite_where=_REACHED, postgresql_where=_REACHED),
        Index("ix_appeal_peoples_control", "id", sqlite_where=_ENTRIES, postgresql_where=_ENTRIES),
    )

    id: UUID = Field(primary_key=True)
    number: str = Field(index=True, unique=True)
    channel: str
    region: str
    language: str | None
    kind: str | None
    category: str | None
    topic: str | None
    statutory_form: str | None
    provider_id: UUID | None
    """Chosen from the directory by whoever filed."""
    provider_name: bytes | None
    """Sealed: typed by whoever filed."""
    provider_bin: bytes | None
    """Sealed: a sole trader's BIN is an IIN."""
    text: bytes | None
    """Sealed."""
    applicant: bytes | None
    """Sealed JSON object; None: anonymous."""
    received_by: bytes | None
    """Sealed JSON object: the name and position of the person who received it."""
    legacy_number: bytes | None
    """Sealed: the number in a former register."""
    particulars: bytes | None
    """Sealed JSON object: for whom the applicant speaks and on what ground, and the act that is contested."""
    answer_by: str | None
    """The way on which the applicant wants the answer, as a code; None: any that is known."""
    follows: UUID | None
    """The earlier appeal whose answer did not satisfy."""
    consents: list[str] = Field(sa_column=Column(JSON, nullable=False))
    owner: bytes | None
    """Keyed hash of the token's subject under which it may be followed: the applicant's own, or a partner's who passed it on."""
    phone_key: bytes | None
    """Keyed hash of the applicant's telephone number: whose appeals they are is asked when the number rings."""
    pin: bytes | None
    """Keyed hash of appeal id and PIN; None: imported."""
    fingerprint: bytes | None
    """Keyed hash of the line it was imported from."""
    received_at: datetime
    registered_at: datetime


class Tracking(IntakeModel, table=True):
    """Where an appeal stands now, as the events of all services tell it."""

    __tablename__ = "tracking"

    appeal_id: UUID = Field(primary_key=True, foreign_key="appeal.id")
    region: str
    kind: str | None
    """As it was filed, until routing says."""
    status: str
    holder: str
    tier: int | None
    provider_id: UUID | None
    due_at: datetime | None
    due_provisional: bool
    outcome: str | None
    answer_id: UUID | None
    answered_at: datetime | None
    verdict: str | None
    """What the applicant says of the latest answer: RESOLVED or NOT_RESOLVED."""
    score: int | None
    """1 to 5; the latest."""
    followed_by: UUID | None
    """The latest appeal in which the matter goes on."""
    contact_confirmed_at: datetime | None
    """When a code showed that the applicant has the contact given (АППК art. 66(4))."""
    followed: bool
    """Somebody outside reads updates of it: its owner, or the backend of its channel."""
    version: int


class Timeline(IntakeModel, table=True):
    """What happened after registration, an event a row: codes, ids and times for its text, and who held the matter from then on."""

    __tablename__ = "timeline"
    __table_args__ = (Index("ix_timeline_appeal", "appeal_id", "at"),)

    event_id: UUID = Field(primary_key=True)
    appeal_id: UUID
    at: datetime
    type: str
    data: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    holder: str


class Provider(IntakeModel, table=True):
    """The public part of the provider directory, copied from its events."""

    __tablename__ = "provider"

    id: UUID = Field(primary_key=True)
    name_kk: str
    name_ru: str
    short_name: str
    aliases: list[str] = Field(sa_column=Column(JSON, nullable=False))
    region: str = Field(index=True)
    district: str
    kind: str
    ownership: str
    active: bool


class ContentRead(IntakeModel, table=True):
    """Who was given words of whom: a row a read."""

    __tablename__ = "content_read"
    __table_args__ = (Index("ix_content_read_about", "about", "at", sqlite_where=_ABOUT, postgresql_where=_ABOUT),)

    id: UUID = Field(primary_key=True)
    at: datetime = Field(index=True)
    reader: str
    on_behalf_of: str | None
    purpose: str
    ids: list[str] = Field(sa_column=Column(JSON, nullable=False))
    about: bytes | None
    """Keyed hash of the person whose record another register was asked for; None: the appeals of `ids` say whose words they were."""


class WrongAttempt(IntakeModel, table=True):
    """Wrong PINs, counted per address and number, per address, per number and per telephone exchange, all under keyed hashes."""

    __tablename__ = "wrong_attempt"

    key: bytes = Field(primary_key=True)
    count: int
    last_at: datetime = Field(index=True)
    recent: list[float] = Field(sa_column=Column(JSON, nullable=False))
    """Times of the attempts of the last hour, seconds since 1970; of numbers alone, as many as the limit allows."""


class OpenedCase(IntakeModel, table=True):
    """An address that opened a case with the right PIN, under a keyed hash of both."""

    __tablename__ = "opened_case"

    key: bytes = Field(primary_key=True)
    until: datetime = Field(index=True)
    """When the address counts as a stranger's again."""


class RegisterCounter(IntakeModel, table=True):
    """The last sequence given out, where the engine has no sequences; one row."""

    __tablename__ = "register_counter"

    id: int = Field(primary_key=True)
    value: int


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


class DailyCount(IntakeModel, table=True):
    """How many messages of one kind a recipient was sent in a day, and how many codes one address asked for; under keyed hashes."""

    __tablename__ = "daily_count"

    key: bytes = Field(primary_key=True)
    day: date = Field(primary_key=True, index=True)
    """In the time zone of the central office."""
    count: int
