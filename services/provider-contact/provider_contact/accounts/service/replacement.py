"""The replacement of lost managers: the Fund closes their access and invites another person, when nobody of the provider can."""

from uuid import UUID

from provider_contact.accounts import repository
from provider_contact.accounts.codes import FUND, AccountEntryType, AccountRole, AccountState
from provider_contact.accounts.models import ProviderAccount
from provider_contact.accounts.schemas import AccountView, InvitationMail, InviteRequest, ManagerRequest, Replacement
from provider_contact.accounts.service.colleagues import NewToken, add_invited, new_token
from provider_contact.accounts.service.sealed_accounts import account_view, enter
from provider_contact.deliveries.service.provider_mails import drop_mails
from shared.auth import Principal
from shared.unit_of_work import UnitOfWork

PURPOSE = "manager-replaced"


async def managers_of(work: UnitOfWork, provider_id: UUID) -> list[AccountView]:
    """Return the managers of a provider whose access would be closed, invited ones among them."""
    present = await repository.accounts(work.session, provider_id)
    return [account_view(account, work.sealer) for account in present if _is_manager(account)]


async def replace_manager(
    work: UnitOfWork,
    keeper: Principal,
    provider_id: UUID,
    request: ManagerRequest,
    mail: InvitationMail | None,
    new: NewToken = new_token,
) -> Replacement:
    """Close the access of every manager of a provider and invite another one. Their open inquiries are for all colleagues again.

    The log of the provider says that the Fund did it, the audit log who. Raises TooManyAccounts, and InvalidInput for a wrong mailbox or
    one of a colleague who stays.
    """
    present = await repository.accounts_for_update(work.session, provider_id)
    lost = [account for account in present if _is_manager(account)]
    released = 0
    for account in lost:
        released += await _close(work, account)
    staying = [account for account in present if account not in lost]
    invited = InviteRequest(name=request.name, email=request.email, role=AccountRole.MANAGER)
    invitation = await add_invited(work, provider_id, staying, invited, FUND, mail, new)
    await work.audit.record(reader=keeper.subject, purpose=PURPOSE, ids=[provider_id, *(account.account_id for account in lost)])
    return Replacement(invitation, len(lost), released)


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
