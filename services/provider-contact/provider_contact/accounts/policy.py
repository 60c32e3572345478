"""The reviewed files of accounts: how long an invitation is valid, and the labels of roles and entries."""

from collections.abc import Mapping
from functools import cache
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from provider_contact.accounts.codes import AccountEntryType, AccountRole
from shared.domain.labels import Label
from shared.domain.tables import ReferenceDataError, Row
from shared.policy_files import policy_model, policy_table

PACKAGE: Final = "provider_contact.accounts"


class AccountPolicy(BaseModel):
    """How long an invitation is valid, how many accounts a provider may have, and how many entries of the log a page shows."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    invitation_days: int = Field(ge=1, le=60)
    accounts: int = Field(ge=1, le=1_000)
    entries: int = Field(ge=1, le=500)


@cache
def account_policy() -> AccountPolicy:
    """Return the limits of accounts. Raises ValidationError for a value out of range."""
    return policy_model(PACKAGE, "account_policy.toml", AccountPolicy)


@cache
def account_roles() -> Mapping[str, Label]:
    """Return the labels of the roles. Raises ReferenceDataError if they are not those of the code."""
    return _labels("account_roles.csv", frozenset[str](AccountRole))


@cache
def account_entries() -> Mapping[str, Label]:
    """Return the sentences of the log. Raises ReferenceDataError if they are not those of the code."""
    return _labels("account_entries.csv", frozenset[str](AccountEntryType))


def _labels(file: str, codes: frozenset[str]) -> Mapping[str, Label]:
    found = policy_table(PACKAGE, file, Row.label)
    if different := codes ^ found.keys():
        raise ReferenceDataError(file, 1, f"differs from the code: {', '.join(sorted(different))}")
    return found


def check_policies() -> None:
    """Load every file, so that no process starts with a wrong one."""
    account_policy()
    account_roles()
    account_entries()
