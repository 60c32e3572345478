"""The route of the Fund for accounts of providers."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from provider_contact.accounts.dependencies import invitation_link, mail_of_fund
from provider_contact.accounts.errors import ManagersChanged, TooManyAccounts
from provider_contact.accounts.schemas import ManagerReplaced, ManagerRequest
from provider_contact.accounts.service.replacement import replace_manager
from provider_contact.directory.dependencies import DirectoryDep
from shared.auth import Principal, require
from shared.dependencies import OnceDep
from shared.errors import Forbidden, InvalidInput, NotFound, Unauthorized, responses
from shared.http import body
from shared.idempotency import IdempotencyKeyReused
from shared.unit_of_work import UnitOfWork

router = APIRouter(tags=["directory"])
AdminDep = Annotated[Principal, Depends(require("admin"))]


@router.post(
    "/v1/providers/{provider_id}/manager",
    status_code=201,
    response_model=ManagerReplaced,
    responses=responses(Unauthorized, Forbidden, NotFound, InvalidInput, TooManyAccounts, ManagersChanged, IdempotencyKeyReused),
)
async def replace_provider_manager(
    provider_id: UUID,
    request: Request,
    admin: AdminDep,
    directory: DirectoryDep,
    once: OnceDep,
    wanted: Annotated[ManagerRequest, body(ManagerRequest)],
) -> Response:
    """Close the access of the managers of a provider, who are lost to it, and invite another one by a one-time link."""
    provider = (await directory.current()).providers.get(provider_id)

    async def replace(work: UnitOfWork) -> ManagerReplaced:
        if provider is None:
            raise NotFound
        done = await replace_manager(work, admin, provider_id, wanted, mail_of_fund(request, provider))
        return ManagerReplaced(
            account_id=done.invitation.account_id,
            link=invitation_link(request, done.invitation.token),
            valid_until=done.invitation.until,
            closed=done.closed,
            released=done.released,
        )

    return await once(f"replace manager of {provider_id}", wanted, replace, status=201)
