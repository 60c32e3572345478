"""What the portal reads and shows."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Final, NamedTuple
from uuid import UUID

from pydantic import Field

from provider_contact.inquiries.codes import InquiryStatus
from provider_contact.portal.codes import InboxTab
from shared.domain.labels import Language
from shared.http import StrictModel, Text

InboxPosition = tuple[bool, datetime, UUID]
"""Where the next page of an inbox begins: settled, due date, id."""


@dataclass(frozen=True, slots=True)
class InboxFilter:
    """A list of the inbox. `number`: digits with which a registration number begins or ends; empty: any."""

    tab: InboxTab = InboxTab.OPEN
    number: str = ""


class InboxRow(NamedTuple):
    """An inquiry of the inbox. `assignee`: the account whose it is; None: it is for everybody."""

    inquiry_id: UUID
    number: str
    region: str
    category: str
    status: InquiryStatus
    clock: str
    due_at: datetime
    overdue: bool
    settled: bool
    closed_at: datetime | None
    round: int
    time_asked_until: date | None
    assignee: UUID | None
    unread: bool


LONGEST_VALUE: Final = 20_000  # characters of a field, as of an answer


class DraftContent(StrictModel):
    """The fields of a form as they were typed: nothing is checked before it is sent."""

    values: Annotated[dict[Annotated[str, Field(max_length=80)], Annotated[str, Field(max_length=LONGEST_VALUE)]], Field(max_length=80)]


@dataclass(frozen=True, slots=True)
class DraftView:
    version: int
    saved_at: datetime
    values: dict[str, str]


@dataclass(frozen=True, slots=True)
class TemplateView:
    """An answer template. `template_id` None: it comes with the product."""

    template_id: UUID | None
    language: str
    title: str
    body: str


class TemplateIn(StrictModel):
    language: Language
    title: Annotated[str, Text(100)]
    body: Annotated[str, Text(4_000)]


class StatementRow(NamedTuple):
    """An appeal that an officer of the provider registered."""

    appeal_id: UUID
    number: str
    region: str
    category: str | None
    registered_at: datetime
    due_at: datetime
    closed: bool


class ExchangeRow(NamedTuple):
    """What the figures count of an inquiry. `answered_at` and `late` are those of the first round; None: it has no answer."""

    provider_id: UUID
    sent_at: datetime
    answered_at: datetime | None
    late: bool | None
    round: int
    status: str


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure of a provider next to the median of the other providers of its region.

    `own` None: the provider has too few. `median` None: too few other providers have enough. Shares are in per cent.
    """

    code: str
    own: float | None
    n: int
    median: float | None


@dataclass(frozen=True, slots=True)
class ProviderFigures:
    """The figures of a provider over whole local days."""

    since: date
    until: date
    """The last day that counts."""
    figures: list[Figure]
    least_inquiries: int
    least_providers: int
