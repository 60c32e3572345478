"""The contacts of the bodies above providers, such as the health department of a region."""

from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.responses import Response

from provider_contact.directory.pages.cards import SAME_ORIGIN, Forms, change_contact
from provider_contact.directory.pages.common import (
    FORM_LIMIT,
    LANGUAGE_NAMES,
    PAGES,
    PATH,
    KeeperDep,
    contact_views,
    label_options,
    may_edit,
    region_options,
    sign_in,
)
from provider_contact.directory.policy import contact_bodies, contact_roles
from provider_contact.directory.service import cards
from provider_contact.directory.service.contact_lines import ContactOwner
from shared.auth import PagePrincipalDep, Principal
from shared.clock import Clock
from shared.dependencies import ClockDep, UnitsOfWorkDep
from shared.domain.regions import CENTRAL_OFFICE, regions
from shared.errors import NotFound
from shared.forms import read_fields
from shared.unit_of_work import UnitsOfWork
from shared.web.languages import language_of

BODIES = f"{PATH}/bodies"

router = APIRouter()


@router.get("/directory/bodies")
async def bodies_page(
    request: Request, principal: PagePrincipalDep, units: UnitsOfWorkDep, clock: ClockDep, body: str = "", region: str = ""
) -> Response:
    """Show the contacts of a body in a region."""
    if principal.is_anonymous:
        return sign_in(request)
    may_edit(principal)
    first_body, first_region = next(iter(contact_bodies())), principal.region or next(code for code in regions() if code != CENTRAL_OFFICE)
    chosen = body if body in contact_bodies() else first_body
    return await _render(request, ContactOwner(None, chosen, region if region in regions() else first_region), principal, units, clock, {})


@router.post("/directory/bodies/{body}/{region}/contacts", dependencies=SAME_ORIGIN)
async def save_body_contact(
    request: Request, body: str, region: str, keeper: KeeperDep, units: UnitsOfWorkDep, clock: ClockDep
) -> Response:
    """Add a contact of a body in a region, change one or remove it."""
    if body not in contact_bodies() or region not in regions():
        raise NotFound
    sent = await read_fields(request, limit=FORM_LIMIT)
    owner = ContactOwner(None, body, region)
    stored = await change_contact(request, units, owner, sent, keeper, f"{BODIES}?{urlencode({'body': body, 'region': region})}")
    return stored if isinstance(stored, Response) else await _render(request, owner, keeper, units, clock, stored)


async def _render(request: Request, owner: ContactOwner, principal: Principal, units: UnitsOfWork, clock: Clock, forms: Forms) -> Response:
    body, region = owner.body or "", owner.region or ""
    async with units.read() as work:
        contacts, changes = await cards.contacts_of_bodies(work, body, region)
    language = language_of(request)
    return PAGES.render(
        request,
        "bodies.html",
        422 if forms else 200,
        body=body,
        region=region,
        bodies=label_options(contact_bodies(), language),
        regions=region_options(language),
        title=contact_bodies()[body].in_(language),
        region_name=regions()[region].label.in_(language),
        contacts=contact_views(contacts, language, clock),
        changes=changes,
        zone=regions()[CENTRAL_OFFICE].timezone,
        may_edit=principal.has("admin"),
        forms=forms,
        roles=label_options(contact_roles(), language),
        language_names=list(LANGUAGE_NAMES.items()),
        address=f"{BODIES}/{body}/{region}",
    )
