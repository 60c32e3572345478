"""Who visits the portal: a person of a provider with an account, or somebody who is told what to do to get one."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import Depends, Request, Response
from starlette.responses import RedirectResponse

from provider_contact.accounts.errors import AccountRemoved, NoAccount
from provider_contact.accounts.schemas import AccountView
from provider_contact.accounts.service.sign_in import account_of
from provider_contact.directory.dependencies import DirectoryDep
from provider_contact.directory.service import IndexedProvider
from provider_contact.inquiries.dependencies import ActionsDep, FindDeliveriesDep
from provider_contact.inquiries.service import Actions, FindDeliveries
from shared.auth import PagePrincipalDep, Principal, check_role
from shared.contents import Contents
from shared.dependencies import ContentsDep, UnitsOfWorkDep
from shared.domain.labels import Label, Language
from shared.domain.regions import CENTRAL_OFFICE, Region, regions
from shared.errors import Unauthorized
from shared.unit_of_work import UnitsOfWork
from shared.web.i18n import N_
from shared.web.languages import language_of
from shared.web.pages import Flash, Pages

SLICE: Final = Path(__file__).parents[1]
PATH: Final = "/provider-contact/portal"
FLASHES: Final[Mapping[str, Flash]] = {
    "acknowledge": Flash(N_("The Fund sees that you received the inquiry.")),
    "respond": Flash(N_("The answer is sent to the Fund.")),
    "propose": Flash(N_("The patient is asked whether it is solved. You will see the answer here.")),
    "promise": Flash(N_("The promise is recorded. The patient is asked on that day.")),
    "ask-time": Flash(N_("The Fund decides about the time you asked for. Until then the due date stays.")),
    "ask-consent": Flash(N_("The Fund decides whether the patient is asked. Until a yes the patient is not named.")),
    "draft": Flash(N_("The draft is saved.")),
    "draft-with-files": Flash(N_("The draft is saved. Its files wait for a day: send the answer by then, or add them again.")),
    "draft-deleted": Flash(N_("The draft is deleted.")),
    "assigned": Flash(N_("The inquiry is assigned.")),
    "released": Flash(N_("The inquiry is in the common list again.")),
    "colleague-unavailable": Flash(N_("Nothing was assigned: this colleague is absent or has no account."), "warn"),
    "role-changed": Flash(N_("The role is changed.")),
    "absence-changed": Flash(N_("The absence is saved.")),
    "removed": Flash(N_("Access is closed. The log below says who did it.")),
    "transferred": Flash(N_("The open inquiries have moved.")),
    "last-manager": Flash(N_("Nothing was changed: name another manager first."), "warn"),
    "account-changed": Flash(N_("Nothing was changed: a colleague changed this account meanwhile. Check it and try again."), "warn"),
    "file-unavailable": Flash(N_("The file cannot be opened just now. Its state is next to its name."), "warn"),
    "joined": Flash(N_("Welcome. Your account is open.")),
    "template-saved": Flash(N_("The template is saved for all colleagues.")),
    "template-deleted": Flash(N_("The template is deleted.")),
}
PAGES: Final = Pages(
    SLICE / "templates",
    locale_dirs=[SLICE.parent / "locales"],
    static_dirs=[SLICE / "static"],
    assets_prefix="/provider-contact/static",
    flashes=FLASHES,
)


@dataclass(frozen=True, slots=True)
class Visit:
    """A request of a person of a provider. Use cases open their own transactions from `units`."""

    request: Request
    units: UnitsOfWork
    contents: Contents
    actions: Actions
    find_deliveries: FindDeliveries
    principal: Principal
    account: AccountView
    provider: IndexedProvider | None
    """None: the directory does not have it any more."""
    language: Language

    @property
    def now(self) -> datetime:
        return self.units.clock.now()

    @property
    def region(self) -> Region:
        """The region of the provider, by whose clock the pages of the provider go."""
        return regions()[self.provider.region if self.provider else CENTRAL_OFFICE]

    @property
    def provider_name(self) -> str:
        if self.provider is None:
            return ""
        return self.provider.name_kk if self.language == "kk" else self.provider.name_ru

    def text(self, message: str, **values: object) -> str:
        """Return a message in the language of the page."""
        return PAGES.text(self.request, message, **values)

    def label(self, label: Label) -> str:
        return label.in_(self.language)

    def render(self, template: str, status: int = 200, **context: object) -> Response:
        """Render a page with what every page of the portal shows."""
        shown = {"account": self.account, "provider_name": self.provider_name, "zone": self.region.timezone, "portal": PATH}
        return PAGES.render(self.request, template, status, **shown, **context)


async def _visit(
    request: Request,
    principal: PagePrincipalDep,
    units: UnitsOfWorkDep,
    contents: ContentsDep,
    actions: ActionsDep,
    find_deliveries: FindDeliveriesDep,
    directory: DirectoryDep,
) -> Visit | Response:
    """Return the visit, or the page that a person without an account sees. Raises Forbidden for any other role."""
    if principal.is_anonymous:
        if request.method == "GET":
            return to_sign_in(request)
        raise Unauthorized
    check_role(principal, "provider")
    if principal.provider_id is None:
        return stranger(request, "unnamed")
    try:
        account = await account_of(units, principal)
    except (NoAccount, AccountRemoved) as error:
        if request.method == "GET":
            return stranger(request, error.code)
        raise
    provider = (await directory.current()).providers.get(principal.provider_id)
    return Visit(request, units, contents, actions, find_deliveries, principal, account, provider, language_of(request))


VisitDep = Annotated[Visit | Response, Depends(_visit)]


def to_sign_in(request: Request) -> Response:
    """Redirect to the page to sign in, and from there back."""
    sent = request.scope["query_string"].decode()
    path = request.scope["path"]
    return RedirectResponse("/sign-in?" + urlencode({"next": f"{path}?{sent}" if sent else path}), 303)


def stranger(request: Request, reason: str) -> Response:
    """Return the page for a person of a provider who has no account: it says why, and what to do."""
    return PAGES.render(request, "portal_stranger.html", 403 if reason == AccountRemoved.code else 200, reason=reason)
