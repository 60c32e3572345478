"""The page on which the directory's keeper replaces the managers that a provider has lost."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Annotated, Final, NamedTuple
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response
from pydantic_core import to_json

from provider_contact.accounts.codes import AccountRole, AccountState
from provider_contact.accounts.dependencies import invitation_link, mail_of_fund
from provider_contact.accounts.errors import AccountChanged, InvitationGone, ManagersChanged, TooManyAccounts
from provider_contact.accounts.schemas import AccountView, Invitation, ManagerRequest
from provider_contact.accounts.service.colleagues import colleagues
from provider_contact.accounts.service.replacement import renew_manager, replace_manager
from provider_contact.deliveries.codes import DeliveryState
from provider_contact.deliveries.service.provider_mails import MailProgress, invitation_mails
from provider_contact.directory.dependencies import DirectoryDep
from provider_contact.directory.service import IndexedProvider
from shared.auth import PagePrincipalDep, Principal, check_role, require_page
from shared.dependencies import UnitsOfWorkDep
from shared.domain.labels import Language
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
_NEW: Final = N_("A manager since then:")
_GONE: Final = N_("No manager any more:")
_CHANGED: Final = N_("Changed meanwhile:")
_TONES: Final[Mapping[DeliveryState, str]] = {DeliveryState.DELIVERED: "good", DeliveryState.FAILED: "bad"}
_GIVEN_TWICE: Final = N_("A colleague who stays has this address. Give another one.")
KeeperDep = Annotated[Principal, Depends(require_page("admin"))]
router = APIRouter(include_in_schema=False, dependencies=[Depends(show_viewer)])


class ShownLink(NamedTuple):
    """A one-time link that the page shows now. `closed`: how many managers lost access, and how many inquiries are for all again."""

    invitation: Invitation
    closed: tuple[int, int] | None


class ManagerLine(NamedTuple):
    """A present manager. `mail`: how far the mail of the invitation is; empty: there is none."""

    account_id: UUID
    version: int
    name: str
    email: str
    is_invited: bool
    mail: str
    tone: str
    mailed_at: datetime | None
    error: str


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
    """Replace the managers that the page showed. The page that comes back shows the one-time link once; sent again, it closes nobody."""
    provider = _known((await directory.current()).providers, provider_id)
    sent = await read_fields(request)
    seen = _seen(sent.get("seen", ""))
    try:
        given: dict[str, object] = {name: sent[name] for name in ("name", "email") if sent.get(name)}
        given["managers"] = [{"account_id": account_id, "version": version} for account_id, version in seen.items()]
        wanted = parse(ManagerRequest, to_json(given))
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
    except ManagersChanged:
        return await _show(request, provider, units, sent, seen=seen)
    shown = ShownLink(done.invitation, (done.closed, done.released))
    return await _show(request, provider, units, link=shown)


@router.post("/directory/{provider_id}/manager/{account_id}/renew", dependencies=[Depends(require_same_origin)])
async def renew(
    request: Request, provider_id: UUID, account_id: UUID, keeper: KeeperDep, directory: DirectoryDep, units: UnitsOfWorkDep
) -> Response:
    """Make a new link for an invited manager, mailed and shown once. A page that is sent again makes no other one."""
    provider = _known((await directory.current()).providers, provider_id)
    sent = await read_fields(request)
    version = int(sent["expected_version"][:9]) if sent.get("expected_version", "").isdecimal() else 0
    try:
        async with units.write() as work:
            invitation = await renew_manager(work, keeper, provider_id, account_id, version, mail_of_fund(request, provider))
    except (AccountChanged, InvitationGone):
        return await _show(request, provider, units, seen={})
    return await _show(request, provider, units, link=ShownLink(invitation, None))


def _seen(text: str) -> dict[UUID, int]:
    """Return the versions of the accounts that a page showed, by id; what cannot be read is left out, so that it matches no account."""
    found = {}
    for each in text.split():
        account_id, _, version = each.partition(":")
        with suppress(ValueError):
            found[UUID(account_id)] = int(version[:9])
    return found


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
    link: ShownLink | None = None,
    seen: Mapping[UUID, int] | None = None,
) -> Response:
    """Show the page. `seen`: the managers that the reader saw, if they are others now: nothing was done."""
    language = language_of(request)
    async with units.read() as work:
        everybody = await colleagues(work, provider.provider_id)
        managers = [each for each in everybody if each.role is AccountRole.MANAGER and each.state is not AccountState.REMOVED]
        mails = await invitation_mails(work, [each.account_id for each in managers if each.state is AccountState.INVITED])
    status = 422 if errors else 200 if seen is None else ManagersChanged.status
    return PAGES.render(
        request,
        "manager.html",
        status,
        organisation=provider.name_kk if language_of(request) == "kk" else provider.name_ru,
        address=f"{PATH}/{provider.provider_id}",
        managers=[_line(each, mails.get(each.account_id), language) for each in managers],
        seen=" ".join(f"{each.account_id}:{each.version}" for each in managers),
        changes=_changes(request, seen, managers, everybody) if seen is not None else None,
        typed=typed or {},
        errors=list((errors or {}).items()),
        error=errors or {},
        done=link,
        link=invitation_link(request, link.invitation.token) if link else None,
        is_mailed=mail_of_fund(request, provider) is not None,
        zone=regions()[CENTRAL_OFFICE].timezone,
    )


def _line(account: AccountView, mail: MailProgress | None, language: Language) -> ManagerLine:
    return ManagerLine(
        account_id=account.account_id,
        version=account.version,
        name=account.name,
        email=account.email or "",
        is_invited=account.state is AccountState.INVITED,
        mail=mail.label.in_(language) if mail else "",
        tone=_TONES.get(mail.state, "quiet") if mail else "",
        mailed_at=mail.at if mail else None,
        error=mail.error.in_(language) if mail and mail.error else "",
    )


def _changes(
    request: Request, seen: Mapping[UUID, int], managers: Sequence[AccountView], everybody: Sequence[AccountView]
) -> list[tuple[str, str]]:
    """Return who of the managers is new, gone, or changed since the page was read, with the name of each."""
    present = {each.account_id for each in managers}
    new = [(_NEW, each.name) for each in managers if seen and each.account_id not in seen]
    gone = [(_GONE, each.name) for each in everybody if each.account_id in seen and each.account_id not in present]
    changed = [(_CHANGED, each.name) for each in managers if seen.get(each.account_id, each.version) != each.version]
    return [(PAGES.text(request, sentence), name) for sentence, name in (*gone, *new, *changed)]
