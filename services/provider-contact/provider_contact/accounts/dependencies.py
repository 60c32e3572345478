"""The request dependency that refuses a person whose account was removed, for every route of inquiries."""

from provider_contact.accounts.service.sign_in import refuse_removed
from shared.auth import PrincipalDep
from shared.dependencies import UnitsOfWorkDep


async def check_account(principal: PrincipalDep, units: UnitsOfWorkDep) -> None:
    """Refuse a token that is still valid after its person's account was removed. Raises AccountRemoved."""
    await refuse_removed(units, principal)
