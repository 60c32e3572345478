"""Rows of the register's tables as they are read, changed and inserted in bulk."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import NotRequired  # pydantic, under SQLModel, accepts no other before Python 3.12
from uuid import UUID

from typing_extensions import TypedDict

from intake.register.codes import MessageAuthor, MessageKind, OfferKind, OfferStatus, Verdict
from shared.domain.lifecycle import CaseStatus, Holder


class TrackingRow(TypedDict):
    """A row of `tracking`, locked by the transaction that holds it."""

    appeal_id: UUID
    region: str
    kind: str | None
    status: CaseStatus
    holder: Holder
    tier: int | None
    provider_id: UUID | None
    due_at: datetime | None
    due_provisional: bool
    outcome: str | None
    answer_id: UUID | None
    answered_at: datetime | None
    verdict: Verdict | None
    score: int | None
    followed_by: UUID | None
    contact_confirmed_at: datetime | None
    followed: bool
    version: int
    protection: str | None


class TrackingChange(TypedDict, total=False):
    """The columns of a tracking row, as far as an event changes them."""

    appeal_id: UUID
    region: str
    kind: str | None
    status: CaseStatus
    holder: Holder
    tier: int | None
    provider_id: UUID | None
    due_at: datetime | None
    due_provisional: bool
    outcome: str | None
    answer_id: UUID | None
    answered_at: datetime | None
    verdict: Verdict | None
    score: int | None
    followed_by: UUID | None
    contact_confirmed_at: datetime | None
    followed: bool
    version: int
    protection: str | None


class NewTrackingRow(TypedDict):
    """A new row of `tracking`; columns that are left out are NULL."""

    appeal_id: UUID
    region: str
    kind: str | None
    status: CaseStatus
    holder: Holder
    tier: NotRequired[int | None]
    provider_id: UUID | None
    due_at: datetime | None
    due_provisional: bool
    outcome: NotRequired[str | None]
    answer_id: NotRequired[UUID | None]
    answered_at: NotRequired[datetime | None]
    followed: bool
    version: int
    protection: str | None


class Patient(TypedDict):
    """The person for whom the applicant speaks."""

    full_name: str
    iin: NotRequired[str]


class Particulars(TypedDict, total=False):
    """For whom the applicant speaks, by what right, and the act that is contested."""

    patient: Patient
    authority: str
    contested_act: str


class ResponseEnvelope(TypedDict):
    """The response to an action that files a new appeal, without `followed_by`. `status` is that of the earlier appeal."""

    number: str
    status: str
    outcome: NotRequired[Verdict]


class NewAppealRow(TypedDict):
    """A new row of `appeal`; columns that are left out are NULL. `number` is set before the row is inserted."""

    id: UUID
    number: NotRequired[str]
    channel: str
    region: str
    language: str | None
    kind: str | None
    category: str | None
    topic: str | None
    statutory_form: str | None
    provider_id: UUID | None
    provider_name: bytes | None
    provider_bin: NotRequired[bytes | None]
    text: bytes | None
    applicant: bytes | None
    received_by: bytes | None
    legacy_number: NotRequired[bytes | None]
    particulars: NotRequired[bytes | None]
    answer_by: NotRequired[str | None]
    follows: NotRequired[UUID | None]
    consents: list[str]
    owner: bytes | None
    phone_key: NotRequired[bytes | None]
    iin_key: NotRequired[bytes | None]
    pin: bytes | None
    fingerprint: NotRequired[bytes | None]
    received_at: datetime
    registered_at: datetime


class TimelineData(TypedDict, total=False):
    """The codes and ids that fill the sentence of a timeline entry. `due_at` is an ISO 8601 time, `provider_id` a UUID as text."""

    tier: int
    due_at: str
    outcome: str
    provider_id: str


class TimelineRow(TypedDict):
    """A row of `timeline`."""

    event_id: UUID
    appeal_id: UUID
    at: datetime
    type: str
    data: TimelineData
    holder: Holder


class MessageRow(TypedDict):
    """A row of `message`."""

    id: UUID
    appeal_id: UUID
    at: datetime
    by: MessageAuthor
    kind: MessageKind
    text: bytes | None
    due_at: datetime | None


@dataclass(frozen=True, slots=True)
class WrongAttemptRecord:
    """A count of wrong attempts as it is stored."""

    key: bytes
    count: int
    last_at: datetime
    recent: list[float]


class WrongAttemptRow(TypedDict):
    """A row of `wrong_attempt`."""

    key: bytes
    count: int
    last_at: datetime
    recent: list[float]


class ProviderRow(TypedDict):
    """A row of `provider`."""

    id: UUID
    name_kk: str
    name_ru: str
    short_name: str
    aliases: list[str]
    region: str
    district: str
    kind: str
    ownership: str
    active: bool


class ExternalNumberRow(TypedDict):
    """A number of a partner's own register, to be claimed: `key` is a keyed hash, `number` is sealed."""

    appeal_id: UUID
    key: bytes
    number: bytes


class OfferRow(TypedDict):
    """A new row of `provider_offer`."""

    id: UUID
    appeal_id: UUID
    kind: OfferKind
    status: OfferStatus
    provider_id: UUID
    language: str
    at: datetime
    due_on: date | None
    asked_by: UUID | None
    answer_until: datetime | None
    link_key: bytes
    answer: None
    answered_at: None
    method: None
    publish_at: None
    attempts: int
    called_at: None
