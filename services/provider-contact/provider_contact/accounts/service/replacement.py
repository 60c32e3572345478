"""The replacement of lost managers: the Fund closes their access and invites another person, when nobody of the provider can."""

from uuid import UUID

from provider_contact.accounts import repository
from provider_contact.accounts.codes import FUND, AccountEntryType, AccountRole, AccountState
from provider_contact.accounts.errors import ManagersChanged
from provider_contact.accounts.models import ProviderAccount
from provider_contact.accounts.schemas import Invitation, InvitationMail, InviteRequest, ManagerRequest, Replacement
from provider_contact.accounts.service.colleagues import INVITED_BY_FUND, NewToken, add_invited, new_token, renew
from provider_contact.accounts.service.sealed_accounts import enter
from provider_contact.deliveries.service.provider_mails import drop_mails
from shared.auth import Principal
from shared.unit_of_work import UnitOfWork

PURPOSE = "manager-replaced"
RENEWED = "manager-invited-again"


async def replace_manager(
    work: UnitOfWork,
    keeper: Principal,
    provider_id: UUID,
    request: ManagerRequest,
    mail: InvitationMail | None,
    new: NewToken = new_token,
) -> Replacement:
    """Close the access of every manager of a provider and invite another one. Their open inquiries are for all colleagues again.

    The log of the provider says that the Fund did it, the audit log who. Raises ManagersChanged if the request names other managers,
    TooManyAccounts, and InvalidInput for a wrong mailbox or one of a colleague who stays.
    """
    present = await repository.accounts_for_update(work.session, provider_id)
    lost = [account for account in present if _is_manager(account)]
    found = {(account.account_id, account.version) for account in lost}
    if request.managers is not None and {(each.account_id, each.version) for each in request.managers} != found:
        raise ManagersChanged(sorted(found))
    released = 0
    for account in lost:
        released += await _close(work, account)
    staying = [account for account in present if account not in lost]
    invited = InviteRequest(name=request.name, email=request.email, role=AccountRole.MANAGER)
    invitation = await add_invited(work, provider_id, staying, invited, FUND, mail, new)
    await work.audit.record(reader=keeper.subject, purpose=PURPOSE, ids=[provider_id, *(account.account_id for account in lost)])
    return Replacement(invitation, len(lost), released)


async def renew_manager(
    work: UnitOfWork,
    keeper: Principal,
    provider_id: UUID,
    account_id: UUID,
    expected_version: int,
    mail: InvitationMail | None,
    new: NewToken = new_token,
) -> Invitation:
    """Give an invited manager a new link, mailed too if there is a `mail`; the earlier one is void. Nobody else is touched.

    Raises NotFound for an account that is no manager of the provider, AccountChanged, and InvitationGone after acceptance.
    """
    present = [each for each in await repository.accounts_for_update(work.session, provider_id) if _is_manager(each)]
    invitation = await renew(work, present, account_id, expected_version, FUND, INVITED_BY_FUND, mail, new)
    await work.audit.record(reader=keeper.subject, purpose=RENEWED, ids=[provider_id, account_id])
    return invitation


def _is_manager(account: ProviderAccount) -> bool:
    return account.role is AccountRole.MANAGER and account.state is not AccountState.REMOVED


async def _close(work: UnitOfWork, account: ProviderAccount) -> int:
    """Close the access of a locked account, and return its open inquiries to all colleagues. Return how many there were."""
    waiting = await repository.assigned_inquiries(work.session, account.account_id)
    for inquiry_id in waiting:
        await repository.release(work.session, inquiry_id, account.provider_id)
    if waiting:
        enter(work, account, FUND, AccountEntryType.TRANSFERRED, len(waiting))
    was_invited = account.state is AccountState.INVITED
    account.state, account.removed_at = AccountState.REMOVED, work.clock.now()
    account.invite_key, account.invite_until, account.email_key = None, None, None
    account.version += 1
    await drop_mails(work, account.account_id)
    enter(work, account, FUND, AccountEntryType.WITHDRAWN if was_invited else AccountEntryType.REMOVED)
    return len(waiting)
