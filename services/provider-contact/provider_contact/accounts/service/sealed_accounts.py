"""Accounts as they are stored and opened: the texts are sealed, persons and mailboxes are found by keyed hashes."""

from uuid import UUID

from provider_contact.accounts.codes import AccountEntryType
from provider_contact.accounts.models import AccountEntry, ProviderAccount
from provider_contact.accounts.schemas import AccountView
from shared.auth import Principal
from shared.sealing import Pepper, Sealer
from shared.unit_of_work import UnitOfWork

TABLE = "provider_account"


def identity_key(pepper: Pepper, principal: Principal) -> bytes:
    """Return the lookup key of a person: a keyed hash of issuer and subject of the token."""
    return pepper.keyed_hmac("provider-account", principal.identity.encode())


def email_key(pepper: Pepper, email: str) -> bytes:
    """Return the lookup key of a mailbox."""
    return pepper.keyed_hmac("provider-account-email", email.casefold().encode())


def invite_key(pepper: Pepper, token: str) -> bytes:
    """Return the lookup key of an invitation."""
    return pepper.keyed_hmac("provider-invitation", token.encode("utf-8", "replace"))


def sealed(sealer: Sealer, account_id: UUID, field: str, text: str) -> bytes:
    """Return a text of an account sealed."""
    return sealer.seal(TABLE, account_id, field, text.encode())


def account_view(account: ProviderAccount, sealer: Sealer) -> AccountView:
    """Return the account with its texts."""
    return AccountView(
        account_id=account.account_id,
        provider_id=account.provider_id,
        role=account.role,
        state=account.state,
        name=sealer.open(TABLE, account.account_id, "name", account.name).decode(),
        email=sealer.open(TABLE, account.account_id, "email", account.email).decode() if account.email else None,
        invite_until=account.invite_until,
        joined_at=account.joined_at,
        absent_until=account.absent_until,
        version=account.version,
    )


def enter(work: UnitOfWork, account: ProviderAccount, actor_id: UUID, kind: AccountEntryType, inquiries: int | None = None) -> None:
    """Add an entry to the log of accounts."""
    work.session.add(
        AccountEntry(
            entry_id=work.ids.new(),
            provider_id=account.provider_id,
            account_id=account.account_id,
            actor_id=actor_id,
            at=work.clock.now(),
            type=kind,
            inquiries=inquiries,
        )
    )
