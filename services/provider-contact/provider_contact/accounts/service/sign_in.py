"""Who a person is among the staff of the provider that their token names.

The token says the provider: it is issued by the Fund's identity provider, or on one machine by the local issuer. The account says what
the person does there. The first person of a provider becomes its manager, everybody else comes by invitation.
"""

from uuid import UUID

from provider_contact.accounts import repository
from provider_contact.accounts.codes import AccountEntryType, AccountRole, AccountState
from provider_contact.accounts.errors import AccountRemoved, NoAccount
from provider_contact.accounts.models import ProviderAccount
from provider_contact.accounts.schemas import AccountView
from provider_contact.accounts.service.sealed_accounts import account_view, enter, identity_key, sealed
from shared.auth import Principal
from shared.unit_of_work import UnitOfWork, UnitsOfWork


async def account_of(units: UnitsOfWork, principal: Principal) -> AccountView:
    """Return the active account of a person of a provider. The first person of a provider gets one, as its manager.

    Raises NoAccount for a person who was not invited, AccountRemoved for one whose account was removed. Call it while no transaction
    is open.
    """
    async with units.read() as work:
        found = await _active(work, principal)
    if found is not None:
        return found
    async with units.write() as work:
        if principal.provider_id is not None:  # the requests of a first page come together, and one of them adds the account
            await repository.lock_first(work.session, principal.provider_id)
        return await _active(work, principal) or await _first(work, principal)


async def refuse_removed(units: UnitsOfWork, principal: Principal) -> None:
    """Raise AccountRemoved for a person of a provider whose account there was removed, though the token is still valid."""
    if principal.provider_id is None or not principal.has("provider"):
        return
    async with units.read() as work:
        if await repository.is_removed(work.session, principal.provider_id, identity_key(work.pepper, principal)):
            raise AccountRemoved


async def _active(work: UnitOfWork, principal: Principal) -> AccountView | None:
    """Return the person's account, None without one. Raises NoAccount without a provider, AccountRemoved."""
    if principal.provider_id is None:
        raise NoAccount
    found = await repository.account_by_identity(work.session, principal.provider_id, identity_key(work.pepper, principal))
    if found is not None and found.state is AccountState.REMOVED:
        raise AccountRemoved
    return account_view(found, work.sealer) if found else None


async def _first(work: UnitOfWork, principal: Principal) -> AccountView:
    """Add the first account of a provider. Raises NoAccount if it has one already."""
    if principal.provider_id is None or await repository.has_accounts(work.session, principal.provider_id):
        raise NoAccount
    account = new_account(work, principal.provider_id, principal.name or principal.subject, AccountRole.MANAGER)
    account.state = AccountState.ACTIVE
    account.identity_key = identity_key(work.pepper, principal)
    account.joined_at = work.clock.now()
    work.session.add(account)
    await work.session.flush()
    enter(work, account, account.account_id, AccountEntryType.JOINED)
    return account_view(account, work.sealer)


def new_account(work: UnitOfWork, provider_id: UUID, name: str, role: AccountRole) -> ProviderAccount:
    """Return an account of a person who is invited. It is not added yet."""
    account_id = work.ids.new()
    return ProviderAccount(
        account_id=account_id,
        provider_id=provider_id,
        role=role,
        state=AccountState.INVITED,
        name=sealed(work.sealer, account_id, "name", name),
        email=None,
        email_key=None,
        identity_key=None,
        invite_key=None,
        invite_until=None,
        created_at=work.clock.now(),
        joined_at=None,
        removed_at=None,
        absent_until=None,
        version=1,
    )
