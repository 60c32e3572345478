"""What the other slices may use of accounts."""

from provider_contact.accounts.policy import account_entries, account_roles, check_policies

__all__ = ["account_entries", "account_roles", "check_policies"]
