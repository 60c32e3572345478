"""The page on which the directory's keeper replaces the managers that a provider has lost."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response
from pydantic_core import to_json

from provider_contact.accounts.dependencies import invitation_link, mail_of_fund
from provider_contact.accounts.errors import TooManyAccounts
from provider_contact.accounts.schemas import ManagerRequest, Replacement
from provider_contact.accounts.service.replacement import managers_of, replace_manager
from provider_contact.directory.dependencies import DirectoryDep
from provider_contact.directory.service import IndexedProvider
from shared.auth import PagePrincipalDep, Principal, check_role, require_page
from shared.dependencies import UnitsOfWorkDep
from shared.domain.regions import CENTRAL_OFFICE, regions
from shared.errors import InvalidInput, NotFound
from shared.forms import read_fields
from shared.http import parse
from shared.unit_of_work import UnitsOfWork
from shared.web.i18n import N_
from shared.web.languages import language_of
from shared.web.pages import Pages
from shared.web.security import require_same_origin
from shared.web.viewer import show_viewer

SLICE: Final = Path(__file__).parent
PATH: Final = "/provider-contact/directory"
PAGES: Final = Pages(SLICE / "templates", locale_dirs=[SLICE.parent / "locales"], assets_prefix="/provider-contact/static")
MESSAGES: Final[Mapping[str, str]] = {
    "name": N_("Give the name of the new manager."),
    "email": N_("Give an e-mail address such as name@example.kz."),
    "sure": N_("Tick that the access of the present managers is closed."),
}
_GIVEN_TWICE: Final = N_("A colleague who stays has this address. Give another one.")
KeeperDep = Annotated[Principal, Depends(require_page("admin"))]
router = APIRouter(include_in_schema=False, dependencies=[Depends(show_viewer)])


@router.get("/directory/{provider_id}/manager")
async def manager_page(
    request: Request, provider_id: UUID, principal: PagePrincipalDep, directory: DirectoryDep, units: UnitsOfWorkDep
) -> Response:
    """Show who manages the accounts of a provider, and the form that replaces them."""
    if principal.is_anonymous:
        return RedirectResponse("/sign-in?" + urlencode({"next": f"{PATH}/{provider_id}/manager"}), 303)
    check_role(principal, "admin")
    return await _show(request, _known((await directory.current()).providers, provider_id), units)


@router.post("/directory/{provider_id}/manager", dependencies=[Depends(require_same_origin)])
async def replace(request: Request, provider_id: UUID, keeper: KeeperDep, directory: DirectoryDep, units: UnitsOfWorkDep) -> Response:
    """Replace the managers. The page that comes back shows the one-time link once."""
    provider = _known((await directory.current()).providers, provider_id)
    sent = await read_fields(request)
    try:
        wanted = parse(ManagerRequest, to_json({name: sent[name] for name in ("name", "email") if sent.get(name)}))
        if sent.get("sure") != "yes":
            return await _show(request, provider, units, sent, {"sure": PAGES.text(request, MESSAGES["sure"])})
        async with units.write() as work:
            done = await replace_manager(work, keeper, provider_id, wanted, mail_of_fund(request, provider))
    except InvalidInput as refused:
        errors = {
            each.field: PAGES.text(request, _GIVEN_TWICE if each.code == "given-twice" else MESSAGES[each.field]) for each in refused.errors
        }
        return await _show(request, provider, units, sent, errors)
    except TooManyAccounts as refused:
        return await _show(request, provider, units, sent, {"name": PAGES.text(request, refused.title)})
    return await _show(request, provider, units, done=done)


def _known(providers: Mapping[UUID, IndexedProvider], provider_id: UUID) -> IndexedProvider:
    provider = providers.get(provider_id)
    if provider is None:
        raise NotFound
    return provider


async def _show(
    request: Request,
    provider: IndexedProvider,
    units: UnitsOfWork,
    typed: Mapping[str, str] | None = None,
    errors: Mapping[str, str] | None = None,
    done: Replacement | None = None,
) -> Response:
    async with units.read() as work:
        managers = await managers_of(work, provider.provider_id)
    return PAGES.render(
        request,
        "manager.html",
        422 if errors else 200,
        organisation=provider.name_kk if language_of(request) == "kk" else provider.name_ru,
        address=f"{PATH}/{provider.provider_id}",
        managers=[(each.name, each.email, each.invite_until is not None) for each in managers],
        typed=typed or {},
        errors=list((errors or {}).items()),
        error=errors or {},
        done=done,
        link=invitation_link(request, done.invitation.token) if done else None,
        is_mailed=mail_of_fund(request, provider) is not None,
        zone=regions()[CENTRAL_OFFICE].timezone,
    )
