"""The colleagues of a provider: invitations, roles, absence, removal. A manager does it, and the log names the manager."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from secrets import token_urlsafe
from typing import Final
from uuid import UUID

from provider_contact.accounts import repository
from provider_contact.accounts.codes import AccountEntryType, AccountRole, AccountState
from provider_contact.accounts.errors import (
    AccountChanged,
    InvitationGone,
    LastManager,
    ManagerNeeded,
    TooManyAccounts,
)
from provider_contact.accounts.models import ProviderAccount
from provider_contact.accounts.policy import account_policy
from provider_contact.accounts.schemas import AccountView, EntryLine, Invitation, InvitationMail, InviteRequest, OpenWork
from provider_contact.accounts.service.assignments import transfer
from provider_contact.accounts.service.sealed_accounts import account_view, email_key, enter, identity_key, invite_key, sealed
from provider_contact.accounts.service.sign_in import new_account
from provider_contact.deliveries.codes import ProviderMailKind
from provider_contact.deliveries.service.provider_mails import LINK, drop_mails, plan_mail
from shared.auth import Principal
from shared.domain.emails import InvalidEmail, normalise_email
from shared.errors import InvalidInput, NotFound
from shared.unit_of_work import UnitOfWork

TOKEN_BYTES: Final = 24
JOIN: Final = "/provider-contact/portal/join"
"""The page of an invitation, before its token."""
INVITED_BY_FUND: Final = "Әлеуметтік медициналық сақтандыру қоры / Фонд социального медицинского страхования"
"""Who invites, in the mail of an invitation by the Fund."""
NewToken = Callable[[], str]
new_token: Final[NewToken] = partial(token_urlsafe, TOKEN_BYTES)


async def colleagues(work: UnitOfWork, provider_id: UUID) -> list[AccountView]:
    """Return every account of a provider, oldest first, removed ones among them."""
    return [account_view(account, work.sealer) for account in await repository.accounts(work.session, provider_id)]


async def names_of(work: UnitOfWork, reader: Principal, subjects: Sequence[str]) -> Mapping[str, str]:
    """Return the names of people of the reader's provider by the subjects of their tokens; subjects without an account are left out."""
    if reader.provider_id is None or not subjects:
        return {}
    keys = {identity_key(work.pepper, replace(reader, subject=subject)): subject for subject in set(subjects)}
    found = await repository.accounts(work.session, reader.provider_id)
    return {keys[each.identity_key]: account_view(each, work.sealer).name for each in found if each.identity_key in keys}


async def open_work(work: UnitOfWork, provider_id: UUID) -> Mapping[UUID, OpenWork]:
    """Return how much waits with each account of a provider."""
    return await repository.open_work(work.session, provider_id)


async def log_of(work: UnitOfWork, manager: AccountView) -> Sequence[EntryLine]:
    """Return the newest entries of the log of the manager's provider. Raises ManagerNeeded."""
    _check_manager(manager)
    return await repository.entries(work.session, manager.provider_id, account_policy().entries)


async def invite(
    work: UnitOfWork, manager: AccountView, request: InviteRequest, mail: InvitationMail | None = None, new: NewToken = new_token
) -> Invitation:
    """Invite a colleague by a one-time token, which is returned once, and mailed too if there is a `mail`.

    Raises ManagerNeeded, TooManyAccounts, and InvalidInput for a wrong mailbox or one that is invited already.
    """
    present = await _locked(work, manager)
    return await add_invited(work, manager.provider_id, present, request, manager.account_id, mail, new, inviter=manager.name)


async def add_invited(
    work: UnitOfWork,
    provider_id: UUID,
    present: Sequence[ProviderAccount],
    request: InviteRequest,
    actor_id: UUID,
    mail: InvitationMail | None,
    new: NewToken,
    *,
    inviter: str = INVITED_BY_FUND,
) -> Invitation:
    """Add an invited account to the locked accounts of a provider. Raises TooManyAccounts and InvalidInput."""
    try:
        email = normalise_email(request.email)
    except InvalidEmail:
        raise InvalidInput.field("email", "bad-email", "This is no e-mail address.") from None
    key = email_key(work.pepper, email)
    if any(account.email_key == key for account in present):
        raise InvalidInput.field("email", "given-twice", "This colleague has an account or an invitation already.")
    if len(present) >= account_policy().accounts:
        raise TooManyAccounts
    account = new_account(work, provider_id, request.name, request.role)
    account.email = sealed(work.sealer, account.account_id, "email", email)
    account.email_key = key
    invitation = _renewed(work, account, new)
    work.session.add(account)
    enter(work, account, actor_id, AccountEntryType.INVITED)
    await _mail(work, inviter, account, invitation, mail)
    return invitation


async def renew_invitation(
    work: UnitOfWork,
    manager: AccountView,
    account_id: UUID,
    expected_version: int,
    mail: InvitationMail | None = None,
    new: NewToken = new_token,
) -> Invitation:
    """Give an invited colleague a new link, mailed too if there is a `mail`; the earlier one is void.

    Raises ManagerNeeded, NotFound, AccountChanged, InvitationGone after acceptance.
    """
    present = await _locked(work, manager)
    return await renew(work, present, account_id, expected_version, manager.account_id, manager.name, mail, new)


async def renew(
    work: UnitOfWork,
    present: Sequence[ProviderAccount],
    account_id: UUID,
    expected_version: int,
    actor_id: UUID,
    inviter: str,
    mail: InvitationMail | None,
    new: NewToken,
) -> Invitation:
    """Give an invited one of the locked accounts a new link. Raises NotFound, InvitationGone, AccountChanged."""
    account = _found(present, account_id)
    if account.state is not AccountState.INVITED:
        raise InvitationGone
    if account.version != expected_version:
        raise AccountChanged
    account.version += 1
    enter(work, account, actor_id, AccountEntryType.RENEWED)
    invitation = _renewed(work, account, new)
    await _mail(work, inviter, account, invitation, mail)
    return invitation


async def _mail(work: UnitOfWork, inviter: str, account: ProviderAccount, invitation: Invitation, mail: InvitationMail | None) -> None:
    """Plan the mail of an invitation, and drop an earlier one, whose link is void."""
    await drop_mails(work, account.account_id)
    address = account_view(account, work.sealer).email
    if mail is None or address is None:
        return
    values = {
        "inviter": inviter,
        "organisation_kk": mail.organisation_kk,
        "organisation_ru": mail.organisation_ru,
        "until": f"{invitation.until.astimezone(mail.zone):%d.%m.%Y}",
        LINK: f"{JOIN}/{invitation.token}",
    }
    await plan_mail(
        work,
        ProviderMailKind.INVITATION,
        account.provider_id,
        address,
        values,
        languages=mail.languages,
        about=account.account_id,
    )


def _renewed(work: UnitOfWork, account: ProviderAccount, new: NewToken) -> Invitation:
    token = new()
    until = work.clock.now() + timedelta(days=account_policy().invitation_days)
    account.invite_key, account.invite_until = invite_key(work.pepper, token), until
    return Invitation(account.account_id, token, until)


async def invitation(work: UnitOfWork, token: str) -> AccountView:
    """Return the account that a token invites to. Raises InvitationGone for a token that was used, has expired or never was."""
    return account_view(await _invited(work, token), work.sealer)


async def accept(work: UnitOfWork, principal: Principal, token: str) -> AccountView:
    """Bind the invited account to the person who is signed in.

    A person who was removed before comes back by a new invitation. Raises InvitationGone; NotFound for a person of another provider;
    AccountChanged for one who has an active account already.
    """
    account = await _invited(work, token, lock=True)
    if principal.provider_id != account.provider_id or not principal.has("provider"):
        raise NotFound
    key = identity_key(work.pepper, principal)
    earlier = await repository.account_by_identity(work.session, account.provider_id, key)
    if earlier is not None and earlier.state is not AccountState.REMOVED:
        raise AccountChanged
    if earlier is not None:
        earlier.identity_key = None
        await work.session.flush()
    account.identity_key, account.invite_key, account.invite_until = key, None, None
    account.state, account.joined_at = AccountState.ACTIVE, work.clock.now()
    account.version += 1
    enter(work, account, account.account_id, AccountEntryType.ACCEPTED)
    return account_view(account, work.sealer)


async def _invited(work: UnitOfWork, token: str, *, lock: bool = False) -> ProviderAccount:
    account = await repository.account_by_invitation(work.session, invite_key(work.pepper, token), lock=lock)
    if account is None or account.state is not AccountState.INVITED:
        raise InvitationGone
    if account.invite_until is None or account.invite_until <= work.clock.now():
        raise InvitationGone
    return account


async def change_role(work: UnitOfWork, manager: AccountView, account_id: UUID, role: AccountRole, expected_version: int) -> None:
    """Set the role of a colleague. Raises ManagerNeeded, NotFound, AccountChanged, LastManager."""
    present = await _locked(work, manager)
    account = _expected(present, account_id, expected_version)
    if role is not AccountRole.MANAGER:
        _check_other_manager(present, account)
    account.role = role
    account.version += 1
    enter(work, account, manager.account_id, AccountEntryType.ROLE_CHANGED)


async def set_absence(work: UnitOfWork, actor: AccountView, account_id: UUID, until: date | None, expected_version: int) -> None:
    """Set the day on which a colleague returns, None for one who is there. A person sets their own, a manager everybody's.

    Raises ManagerNeeded, NotFound, AccountChanged.
    """
    if account_id != actor.account_id:
        _check_manager(actor)
    account = _expected(await repository.accounts_for_update(work.session, actor.provider_id), account_id, expected_version)
    account.absent_until = until
    account.version += 1
    enter(work, account, actor.account_id, AccountEntryType.ABSENCE_CHANGED)


async def remove(work: UnitOfWork, manager: AccountView, account_id: UUID, to: UUID | None, expected_version: int) -> int:
    """Remove a colleague, who is refused from then on, or withdraw an invitation. Return how many open inquiries moved.

    `to`: the account that gets the open inquiries; None: they are for everybody again. Raises ManagerNeeded, NotFound, AccountChanged,
    LastManager, and AccountUnavailable for a colleague who cannot get them.
    """
    present = await _locked(work, manager)
    account = _expected(present, account_id, expected_version)
    _check_other_manager(present, account)
    was_invited = account.state is AccountState.INVITED
    moved = await transfer(work, manager, account, to, present)
    account.state, account.removed_at = AccountState.REMOVED, work.clock.now()
    account.invite_key, account.invite_until, account.email_key = None, None, None
    await drop_mails(work, account_id)
    account.version += 1
    kind = AccountEntryType.WITHDRAWN if was_invited else AccountEntryType.REMOVED
    enter(work, account, manager.account_id, kind)
    return moved


async def transfer_work(work: UnitOfWork, manager: AccountView, account_id: UUID, to: UUID | None) -> int:
    """Move the open inquiries of a colleague to another one, or to everybody. Return how many. Raises as `remove` does."""
    present = await _locked(work, manager)
    return await transfer(work, manager, _found(present, account_id), to, present)


async def _locked(work: UnitOfWork, manager: AccountView) -> Sequence[ProviderAccount]:
    """Lock the accounts of the manager's provider. Raises ManagerNeeded, also for one who is no manager any more."""
    present = await repository.accounts_for_update(work.session, manager.provider_id)
    own = next((account for account in present if account.account_id == manager.account_id), None)
    if own is None:
        raise ManagerNeeded
    _check_manager(account_view(own, work.sealer))
    return present


def _check_manager(account: AccountView) -> None:
    if not account.is_manager:
        raise ManagerNeeded


def _check_other_manager(present: Sequence[ProviderAccount], account: ProviderAccount) -> None:
    """Raise LastManager if the provider has no active manager without this account."""
    managers = {each.account_id for each in present if each.role is AccountRole.MANAGER and each.state is AccountState.ACTIVE}
    if managers == {account.account_id}:
        raise LastManager


def _found(present: Sequence[ProviderAccount], account_id: UUID) -> ProviderAccount:
    account = next((account for account in present if account.account_id == account_id), None)
    if account is None:
        raise NotFound
    return account


def _expected(present: Sequence[ProviderAccount], account_id: UUID, version: int) -> ProviderAccount:
    account = _found(present, account_id)
    if account.version != version:
        raise AccountChanged
    return account
