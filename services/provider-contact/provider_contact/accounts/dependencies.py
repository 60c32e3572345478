"""What routes of accounts and of inquiries share: the refusal of removed persons, and the link and the mail of an invitation."""

from fastapi import Request

from provider_contact.accounts.schemas import InvitationMail
from provider_contact.accounts.service.colleagues import JOIN
from provider_contact.accounts.service.sign_in import refuse_removed
from provider_contact.deliveries.service.senders import can_mail
from provider_contact.directory.service import IndexedProvider
from shared.auth import PrincipalDep
from shared.dependencies import UnitsOfWorkDep
from shared.domain.regions import regions


async def check_account(principal: PrincipalDep, units: UnitsOfWorkDep) -> None:
    """Refuse a token that is still valid after its person's account was removed. Raises AccountRemoved."""
    await refuse_removed(units, principal)


def invitation_link(request: Request, token: str) -> str:
    """Return the address of a one-time link."""
    return f"{request.url.scheme}://{request.url.netloc}{JOIN}/{token}"


def mail_of_fund(request: Request, provider: IndexedProvider) -> InvitationMail | None:
    """Return what the mail of an invitation by the Fund says, in Kazakh first. None: this installation sends no mail."""
    if not can_mail(request.app.state.parts.settings):
        return None
    return InvitationMail(("kk", "ru"), provider.name_kk, provider.name_ru, regions()[provider.region].timezone)
