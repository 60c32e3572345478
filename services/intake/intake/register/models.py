"""The tables of the register. Texts and personal data are sealed; the other columns are codes, ids and times."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Final
from uuid import UUID

from sqlalchemy import JSON, Column, Index, Sequence, text
from sqlalchemy.orm import defer
from sqlalchemy.orm.interfaces import ORMOption
from sqlmodel import Field

from intake.base import IntakeModel
from intake.register.codes import AnswerMethod, MessageAuthor, MessageKind, OfferKind, OfferStatus, Verdict, WithdrawalState
from intake.register.schemas.rows import TimelineData
from shared.domain.lifecycle import CaseStatus, Holder
from shared.enum_column import EnumColumn
from shared.privacy import REGISTRY, Protection

LAST_SEQUENCE = 9_999_999  # seven digits of the register number


# PostgreSQL draws registration numbers from this sequence; SQLite, which has no sequences, from `register_counter`.
REGISTER_SEQUENCE = Sequence("register_sequence", start=1, minvalue=1, maxvalue=LAST_SEQUENCE, cycle=True, metadata=IntakeModel.metadata)

_OWNED = text("owner IS NOT NULL")  # most appeals are filed without a token and stay out of the index
_REACHED = text("phone_key IS NOT NULL")
_IDENTIFIED = text("iin_key IS NOT NULL")
_ABOUT = text("about IS NOT NULL")
_BY_A_PERSON = text("appeal_id IS NOT NULL")
_HELD = text("publish_at IS NOT NULL")  # a few, for a minute each
_ENTRIES = text("channel = 'PEOPLES_CONTROL'")  # a few, listed in public


class Appeal(IntakeModel, table=True):
    """An appeal as it was filed; never changed afterwards."""

    __tablename__ = "appeal"
    __table_args__ = (
        Index("ix_appeal_owner", "owner", "id", sqlite_where=_OWNED, postgresql_where=_OWNED),
        Index("ix_appeal_phone_key", "phone_key", sqlite_where=_REACHED, postgresql_where=_REACHED),
        Index("ix_appeal_iin_key", "iin_key", sqlite_where=_IDENTIFIED, postgresql_where=_IDENTIFIED),
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
    """Chosen from the directory at filing."""
    provider_name: bytes | None
    """Sealed: typed at filing."""
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
    """The channel on which the applicant wants the answer, as a code; None: any contact that is known."""
    follows: UUID | None
    """The earlier appeal whose answer did not satisfy."""
    consents: list[str] = Field(sa_column=Column(JSON, nullable=False))
    owner: bytes | None
    """Keyed hash of the token's subject under which it may be followed: the applicant's own, or a partner's who passed it on."""
    phone_key: bytes | None
    """Keyed hash of the applicant's phone number; finds the appeals of a caller."""
    iin_key: bytes | None = None
    """Keyed hash of the applicant's IIN, by which the desk finds a person's appeals; None without one, and before the column existed."""
    pin: bytes | None
    """Keyed hash of appeal id and PIN; None: imported."""
    fingerprint: bytes | None
    """Keyed hash of the line it was imported from."""
    received_at: datetime
    registered_at: datetime


_RECEIVER: Final = "received_by"  # short; shows that an appeal was received in person
_CONTENT: Final = tuple(
    field.column
    for field in REGISTRY
    if (field.service, field.table, field.protection) == ("intake", "appeal", Protection.SEALED) and field.column != _RECEIVER
)


def without_content() -> Iterator[ORMOption]:
    """Yield query options that leave the sealed columns of appeals unread, except `received_by`. Reading such an attribute later raises."""
    return (defer(getattr(Appeal, column), raiseload=True) for column in _CONTENT)


class Tracking(IntakeModel, table=True):
    """The current state of an appeal, projected from the events of all services."""

    __tablename__ = "tracking"

    appeal_id: UUID = Field(primary_key=True)
    region: str
    kind: str | None
    """As filed, until routing classifies the appeal."""
    status: CaseStatus = Field(sa_column=Column(EnumColumn(CaseStatus), nullable=False))
    holder: Holder = Field(sa_column=Column(EnumColumn(Holder), nullable=False))
    tier: int | None
    provider_id: UUID | None
    due_at: datetime | None
    due_provisional: bool
    outcome: str | None
    answer_id: UUID | None
    answered_at: datetime | None
    verdict: Verdict | None = Field(sa_column=Column(EnumColumn(Verdict)))
    """What the applicant says about the latest answer."""
    score: int | None
    """The latest rating, 1 to 5."""
    followed_by: UUID | None
    """The latest appeal that follows this one."""
    contact_confirmed_at: datetime | None
    """When a one-time code confirmed a contact of the applicant (АППК art. 66(4))."""
    followed: bool
    """An owner or the backend of the channel reads the updates of this appeal."""
    version: int
    protection: str | None = None
    """Why the appeal is protected (`Protection`), which decides who of the staff may see it; NULL for most appeals."""


class Timeline(IntakeModel, table=True):
    """What happened after registration, one row an event: the codes that fill its sentence, and the holder from then on."""

    __tablename__ = "timeline"
    __table_args__ = (Index("ix_timeline_appeal", "appeal_id", "at"),)

    event_id: UUID = Field(primary_key=True)
    appeal_id: UUID
    at: datetime
    type: str
    data: TimelineData = Field(sa_column=Column(JSON, nullable=False))
    holder: Holder = Field(sa_column=Column(EnumColumn(Holder), nullable=False))


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
    """The audit log of content reads, one row a read."""

    __tablename__ = "content_read"
    __table_args__ = (
        Index("ix_content_read_about", "about", "at", sqlite_where=_ABOUT, postgresql_where=_ABOUT),
        Index("ix_content_read_appeal", "appeal_id", "at", sqlite_where=_BY_A_PERSON, postgresql_where=_BY_A_PERSON),
    )

    id: UUID = Field(primary_key=True)
    at: datetime
    reader: str
    on_behalf_of: str | None
    purpose: str
    ids: list[str] = Field(sa_column=Column(JSON, nullable=False))
    about: bytes | None
    """Keyed hash of the person whose record another register was asked for; None: `ids` names the appeals that were read."""
    appeal_id: UUID | None
    """The appeal that a person read; its applicant may see the role, the time and the purpose."""
    role: str | None
    """The role of that person; None: not known."""


class WrongAttempt(IntakeModel, table=True):
    """Counts of wrong PINs per address and number, per address, per number and per telephone exchange; the keys are keyed hashes."""

    __tablename__ = "wrong_attempt"

    key: bytes = Field(primary_key=True)
    count: int
    last_at: datetime = Field(index=True)
    recent: list[float] = Field(sa_column=Column(JSON, nullable=False))
    """Times of the attempts of the last hour, in seconds since 1970; filled for the limit per number only."""


class OpenedCase(IntakeModel, table=True):
    """An address that opened an appeal with the right PIN; the key is a keyed hash of both."""

    __tablename__ = "opened_case"

    key: bytes = Field(primary_key=True)
    until: datetime = Field(index=True)
    """When the address counts as unknown again."""


class RegisterCounter(IntakeModel, table=True):
    """The last sequence number used, for engines without sequences; one row."""

    __tablename__ = "register_counter"

    id: int = Field(primary_key=True)
    value: int


class Message(IntakeModel, table=True):
    """A message after filing, by the applicant or the Fund. The text of the Fund stays in routing and is fetched by the message's id."""

    __tablename__ = "message"
    __table_args__ = (Index("ix_message_appeal", "appeal_id", "at"),)

    id: UUID = Field(primary_key=True)
    appeal_id: UUID
    at: datetime
    by: MessageAuthor = Field(sa_column=Column(EnumColumn(MessageAuthor), nullable=False))
    kind: MessageKind = Field(sa_column=Column(EnumColumn(MessageKind), nullable=False))
    text: bytes | None
    """Sealed; None: a message of the Fund, or files alone."""
    due_at: datetime | None
    """Until when the Fund waits for a reply."""


class Withdrawal(IntakeModel, table=True):
    """A request to withdraw an appeal (АППК art. 64(9)); its statement is the message `message_id`."""

    __tablename__ = "withdrawal"

    id: UUID = Field(primary_key=True)
    appeal_id: UUID = Field(index=True)
    message_id: UUID
    reason: str
    asked_at: datetime
    state: WithdrawalState = Field(sa_column=Column(EnumColumn(WithdrawalState), index=True, nullable=False))
    proof: str
    """The kind of contact to which the code of the request was sent."""
    decided_at: datetime | None
    decided_by: str | None
    """Subject of the token of the person who called back; None: no call was needed."""
    note: bytes | None
    """Sealed: a note on the call."""


class ProviderOffer(IntakeModel, table=True):
    """What a provider says it has solved (a proposal) or promises by a day (a commitment), and the applicant's answer.

    The text stays with the provider's service.
    """

    __tablename__ = "provider_offer"
    __table_args__ = (
        Index("ix_provider_offer_open", "status", "answer_until"),
        Index("ix_provider_offer_held", "publish_at", sqlite_where=_HELD, postgresql_where=_HELD),
    )

    id: UUID = Field(primary_key=True)
    """The proposal's or the commitment's id in provider-contact."""
    appeal_id: UUID = Field(index=True)
    kind: OfferKind = Field(sa_column=Column(EnumColumn(OfferKind), nullable=False))
    status: OfferStatus = Field(sa_column=Column(EnumColumn(OfferStatus), nullable=False))
    """As published: an answer that may still be changed does not count yet."""
    provider_id: UUID
    language: str
    at: datetime
    """When the provider made it."""
    due_on: date | None
    """The local day by whose end a commitment is to be fulfilled."""
    asked_by: UUID | None = Field(index=True)
    """The event by which the applicant is asked; None: a commitment whose day has not come."""
    answer_until: datetime | None
    """When an answer stops being waited for; a later one still counts."""
    link_key: bytes = Field(index=True, unique=True)
    """Keyed hash of the token of the link by which it may be answered once."""
    answer: bool | None
    """The applicant's latest answer."""
    answered_at: datetime | None
    method: AnswerMethod | None = Field(sa_column=Column(EnumColumn(AnswerMethod)))
    publish_at: datetime | None
    """Until then the applicant may change the answer, and nobody else learns of it; None: it is published, or there is none."""
    attempts: int = 0
    """Calls of the contact centre that nobody answered."""
    called_at: datetime | None = None
    """When the contact centre last called in vain."""
    unclear_at: datetime | None = None
    """When an SMS came that says neither yes nor no: the contact centre asks. Its text is not stored."""


class ConfirmedContact(IntakeModel, table=True):
    """A contact that the applicant has confirmed by a one-time code. An unconfirmed contact is sent nothing but codes."""

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
    purpose: str = Field(sa_column_kwargs={"server_default": "contact-confirmation"})
    """A code of `CodePurpose`; a row of an earlier version has the default."""
    code: bytes
    """Keyed hash of this row's id, the purpose and the digits."""
    sent_at: datetime = Field(index=True)
    tries: int
    used_at: datetime | None


class DailyCount(IntakeModel, table=True):
    """Counts per day: messages of one kind to a recipient, and codes that one address asked for. The keys are keyed hashes."""

    __tablename__ = "daily_count"

    key: bytes = Field(primary_key=True)
    day: date = Field(primary_key=True, index=True)
    """In the time zone of the central office."""
    count: int
