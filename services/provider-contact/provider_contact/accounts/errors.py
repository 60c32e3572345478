"""Expected failures of accounts."""

from collections.abc import Iterable
from typing import ClassVar
from uuid import UUID

from shared.errors import Conflict, DomainError, Forbidden


class NoAccount(Forbidden):
    """The person's token names a provider whose accounts do not include the person."""

    code, title = "no-account", "You have no account in this organisation yet. Ask its manager for an invitation."


class AccountRemoved(Forbidden):
    code, title = "account-removed", "Your account in this organisation was removed."


class ManagerNeeded(Forbidden):
    code, title = "manager-needed", "Only a manager of the organisation may do this."


class InvitationGone(DomainError):
    code, status, title = "invitation-gone", 410, "The invitation was used or withdrawn, or has expired."


class LastManager(Conflict):
    code, title = "last-manager", "The organisation needs a manager: name another one first."


class AccountChanged(Conflict):
    code, title = "account-changed", "Somebody else changed the account meanwhile."


class ManagersChanged(Conflict):
    """The managers are others than those whose access is to be closed; the answer lists them as they are."""

    code, title = "managers-changed", "The managers of the organisation have changed meanwhile."
    example_members: ClassVar = {"managers": [{"account_id": "0198aaaa-0000-7000-8000-000000000001", "version": 2}]}

    def __init__(self, managers: Iterable[tuple[UUID, int]]) -> None:
        super().__init__(extra={"managers": [{"account_id": str(account_id), "version": version} for account_id, version in managers]})


class AccountUnavailable(Conflict):
    code, title = "account-unavailable", "The colleague has no active account, or is absent."


class TooManyAccounts(Conflict):
    code, title = "too-many-accounts", "The organisation has as many accounts as are allowed."
