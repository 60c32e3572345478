"""Codes on which the code of accounts branches."""

from enum import StrEnum
from typing import Final
from uuid import UUID

FUND: Final = UUID(int=0)
"""Who did it in the log, when it was the Fund and no account of the provider. The audit log names the person."""


class AccountRole(StrEnum):
    """What a person does inside the provider. The codes are those of `account_roles.csv`."""

    MANAGER = "MANAGER"
    """Invites, removes and absents colleagues, and assigns inquiries to them."""
    OFFICER = "OFFICER"
    """Answers inquiries."""


class AccountState(StrEnum):
    INVITED = "INVITED"
    ACTIVE = "ACTIVE"
    REMOVED = "REMOVED"


class AccountEntryType(StrEnum):
    """What happened to an account. The codes are those of `account_entries.csv`."""

    JOINED = "JOINED"
    """The first person of the provider signed in, and manages it."""
    INVITED = "INVITED"
    RENEWED = "RENEWED"
    """The invitation got a new link."""
    ACCEPTED = "ACCEPTED"
    ROLE_CHANGED = "ROLE_CHANGED"
    ABSENCE_CHANGED = "ABSENCE_CHANGED"
    REMOVED = "REMOVED"
    WITHDRAWN = "WITHDRAWN"
    """The invitation was withdrawn before it was accepted."""
    ASSIGNED = "ASSIGNED"
    RELEASED = "RELEASED"
    """An inquiry is nobody's own again."""
    TRANSFERRED = "TRANSFERRED"
    """All open inquiries of the account went to another one."""
