"""Whose an inquiry is among the colleagues of a provider."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from provider_contact.accounts import repository
from provider_contact.accounts.codes import AccountEntryType, AccountState
from provider_contact.accounts.errors import AccountUnavailable, ManagerNeeded
from provider_contact.accounts.models import ProviderAccount
from provider_contact.accounts.schemas import AccountView
from provider_contact.accounts.service.sealed_accounts import account_view, enter
from provider_contact.directory.service.search import local_today
from provider_contact.inquiries.service.reading import visible_inquiry
from shared.auth import Principal
from shared.errors import NotFound
from shared.unit_of_work import UnitOfWork


async def assign(work: UnitOfWork, principal: Principal, actor: AccountView, inquiry_id: UUID, account_id: UUID | None) -> None:
    """Assign an inquiry to a colleague, or with None return it to the common list.

    An officer claims an inquiry and returns one, a manager assigns to everybody. Raises NotFound for an inquiry that the person does not
    see or an account of another provider, ManagerNeeded, AccountUnavailable for a colleague who is absent or invited only.
    """
    inquiry, _ = await visible_inquiry(work, inquiry_id, principal)
    if inquiry.provider_id != actor.provider_id:
        raise NotFound
    present = await repository.accounts_for_update(work.session, actor.provider_id)
    current = (await repository.assignees(work.session, [inquiry_id])).get(inquiry_id)
    if account_id not in (actor.account_id, None) or (account_id is None and current not in (actor.account_id, None)):
        _check_manager(present, actor)
    if account_id is None:
        if current is not None and await repository.release(work.session, inquiry_id, actor.provider_id):
            enter(work, _account(present, actor.account_id), actor.account_id, AccountEntryType.RELEASED, 1)
        return
    account = available(work, present, account_id)
    await repository.assign(work.session, inquiry_id, actor.provider_id, account_id, actor.account_id, work.clock.now())
    enter(work, account, actor.account_id, AccountEntryType.ASSIGNED, 1)


async def assignees(work: UnitOfWork, inquiry_ids: Sequence[UUID]) -> Mapping[UUID, UUID]:
    """Return the accounts whose these inquiries are."""
    return await repository.assignees(work.session, inquiry_ids)


async def transfer(
    work: UnitOfWork, actor: AccountView, account: ProviderAccount, to: UUID | None, present: Sequence[ProviderAccount]
) -> int:
    """Move the open inquiries of a locked account to another one, or with None to the common list. Return how many."""
    if to is not None:
        if to == account.account_id:
            raise AccountUnavailable
        available(work, present, to)
    moved = await repository.assigned_inquiries(work.session, account.account_id)
    for inquiry_id in moved:  # at most what one person works on
        if to is None:
            await repository.release(work.session, inquiry_id, account.provider_id)
        else:
            await repository.assign(work.session, inquiry_id, account.provider_id, to, actor.account_id, work.clock.now())
    if moved:
        enter(work, account, actor.account_id, AccountEntryType.TRANSFERRED, len(moved))
    return len(moved)


def available(work: UnitOfWork, present: Sequence[ProviderAccount], account_id: UUID) -> ProviderAccount:
    """Return the account. Raises NotFound for one of another provider, AccountUnavailable if the person cannot get work now."""
    account = _account(present, account_id)
    is_absent = account_view(account, work.sealer).is_absent(local_today(work.clock))
    if account.state is not AccountState.ACTIVE or is_absent:
        raise AccountUnavailable
    return account


def _check_manager(present: Sequence[ProviderAccount], actor: AccountView) -> None:
    if not any(account.account_id == actor.account_id for account in present) or not actor.is_manager:
        raise ManagerNeeded


def _account(present: Sequence[ProviderAccount], account_id: UUID) -> ProviderAccount:
    account = next((account for account in present if account.account_id == account_id), None)
    if account is None:
        raise NotFound
    return account
