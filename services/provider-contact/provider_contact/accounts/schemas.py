"""Accounts as they are shown, and the bodies of their commands."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import BaseModel, Field

from provider_contact.accounts.codes import AccountEntryType, AccountRole, AccountState
from shared.domain.labels import Language
from shared.http import StrictModel, Text


@dataclass(frozen=True, slots=True)
class AccountView:
    """An account with its texts opened. `email` None: the first person signed in without an invitation."""

    account_id: UUID
    provider_id: UUID
    role: AccountRole
    state: AccountState
    name: str
    email: str | None
    invite_until: datetime | None
    joined_at: datetime | None
    absent_until: date | None
    version: int

    @property
    def is_manager(self) -> bool:
        return self.role is AccountRole.MANAGER and self.state is AccountState.ACTIVE

    def is_absent(self, today: date) -> bool:
        """Return whether the person has not returned by this day."""
        return self.absent_until is not None and self.absent_until > today


class OpenWork(NamedTuple):
    """The inquiries of an account that wait for an answer, and those of them that are overdue."""

    open: int
    overdue: int


class EntryLine(NamedTuple):
    """An entry of the log of accounts."""

    at: datetime
    type: AccountEntryType
    account_id: UUID
    actor_id: UUID
    inquiries: int | None


class Invitation(NamedTuple):
    """A new invitation. `token` is shown once and stored as a keyed hash alone."""

    account_id: UUID
    token: str
    until: datetime


@dataclass(frozen=True, slots=True)
class InvitationMail:
    """What the mail of an invitation says next to the link, and in which languages, first the one of the inviter."""

    languages: tuple[Language, ...]
    organisation_kk: str
    organisation_ru: str
    zone: ZoneInfo
    """In which the last day is counted."""


class InviteRequest(StrictModel):
    name: Annotated[str, Text(200)]
    email: Annotated[str, Text(254)]
    role: AccountRole


class SeenManager(StrictModel):
    """A manager as whoever asks for the replacement saw the account."""

    account_id: UUID
    version: int


class ManagerRequest(StrictModel):
    """The person who is to manage the accounts of a provider from now on, and the managers who lose their access."""

    name: Annotated[str, Text(200)]
    email: Annotated[str, Text(254)]
    managers: Annotated[list[SeenManager] | None, Field(max_length=1000)] = None
    """The managers whose access is closed, invited ones among them; others than the present ones are refused. None: whoever they are."""


class Replacement(NamedTuple):
    """The invitation of the new manager, how many managers lost their access, and how many open inquiries are for all colleagues again."""

    invitation: Invitation
    closed: int
    released: int


class ManagerReplaced(BaseModel):
    """The one-time link of the new manager, which is shown only here."""

    account_id: UUID
    link: str
    valid_until: datetime
    closed: int
    """Managers whose access was closed."""
    released: int
    """Open inquiries that are for all colleagues again."""
