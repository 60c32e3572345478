"""The card of a provider, with the forms of the directory's keeper."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from provider_contact.directory.errors import ChangeNotLast, EntryChanged
from provider_contact.directory.pages.common import (
    FORM_LIMIT,
    LANGUAGE_NAMES,
    PAGES,
    PATH,
    Form,
    KeeperDep,
    contact_values,
    contact_views,
    label_options,
    may_edit,
    parse,
    sign_in,
    whole,
)
from provider_contact.directory.policy import care_types, contact_roles, provider_levels
from provider_contact.directory.service import cards, undo
from provider_contact.directory.service.contact_lines import ContactOwner
from provider_contact.directory.service.search import visible_bin
from provider_contact.directory.service.sheets import AliasFields, ContactFields, ContractFields
from shared.auth import PagePrincipalDep, Principal
from shared.clock import Clock
from shared.dependencies import ClockDep, SealerDep, UnitsOfWorkDep
from shared.domain.labels import Language
from shared.domain.regions import CENTRAL_OFFICE, regions
from shared.domain.taxonomy import taxonomy
from shared.errors import NotFound
from shared.forms import read_fields
from shared.sealing import Sealer
from shared.unit_of_work import UnitOfWork, UnitsOfWork
from shared.web.languages import language_of
from shared.web.security import require_same_origin

router = APIRouter()
SAME_ORIGIN = [Depends(require_same_origin)]
NEW = "new"
"""The value of `contact` in the form of a new contact; otherwise it is the id of the contact."""
Forms = Mapping[str, Form]
"""The refused forms of a page by their names: `aliases`, `contracts`, `contact` and the id of a contact."""


@router.get("/directory/{provider_id}")
async def card_page(
    request: Request, provider_id: UUID, principal: PagePrincipalDep, units: UnitsOfWorkDep, clock: ClockDep, sealer: SealerDep
) -> Response:
    """Show what the directory has of a provider; the keeper edits it here."""
    if principal.is_anonymous:
        return sign_in(request)
    may_edit(principal)
    return await _render(request, provider_id, principal, units, clock, sealer, {})


@router.post("/directory/{provider_id}/aliases", dependencies=SAME_ORIGIN)
async def save_aliases(
    request: Request, provider_id: UUID, keeper: KeeperDep, units: UnitsOfWorkDep, clock: ClockDep, sealer: SealerDep
) -> Response:
    """Set the other names that the keeper gives a provider."""
    sent = await read_fields(request, limit=FORM_LIMIT)
    names = [line.strip() for line in sent.get("aliases", "").splitlines() if line.strip()]
    fields = parse(request, AliasFields, {"aliases": names})
    if isinstance(fields, Form):
        form = Form({"aliases": sent.get("aliases", "")}, fields.errors)
        return await _render(request, provider_id, keeper, units, clock, sealer, {"aliases": form})

    async def save(work: UnitOfWork) -> None:
        await cards.set_aliases(work, provider_id, fields, whole(sent.get("expected_version", "")), keeper)

    return await _saved(units, f"{PATH}/{provider_id}", save)


@router.post("/directory/{provider_id}/contacts", dependencies=SAME_ORIGIN)
async def save_contact(
    request: Request, provider_id: UUID, keeper: KeeperDep, units: UnitsOfWorkDep, clock: ClockDep, sealer: SealerDep
) -> Response:
    """Add a contact of a provider, change one or remove it."""
    sent = await read_fields(request, limit=FORM_LIMIT)
    owner, address = ContactOwner(provider_id), f"{PATH}/{provider_id}"
    stored = await change_contact(request, units, owner, sent, keeper, address)
    return stored if isinstance(stored, Response) else await _render(request, provider_id, keeper, units, clock, sealer, stored)


async def change_contact(
    request: Request, units: UnitsOfWork, owner: ContactOwner, sent: Mapping[str, str], keeper: Principal, address: str
) -> Response | Forms:
    """Carry out the form of a contact, and return the way back to the page, or the form with its errors."""
    named, version = sent.get("contact", NEW), whole(sent.get("expected_version", ""))
    contact_id = None if named == NEW else _id_of(named)
    if sent.get("action") == "remove" and contact_id is not None:

        async def remove(work: UnitOfWork) -> None:
            await cards.remove_contact(work, owner, contact_id, version, keeper)

        return await _saved(units, address, remove)
    fields = parse(request, ContactFields, contact_values(sent))
    if isinstance(fields, Form):
        return {"contact" if contact_id is None else str(contact_id): fields}

    async def save(work: UnitOfWork) -> None:
        await cards.save_contact(work, owner, contact_id, fields, version, keeper)

    return await _saved(units, address, save)


@router.post("/directory/{provider_id}/contracts", dependencies=SAME_ORIGIN)
async def save_contract(
    request: Request, provider_id: UUID, keeper: KeeperDep, units: UnitsOfWorkDep, clock: ClockDep, sealer: SealerDep
) -> Response:
    """Set the types of care of a contract year; a year without types is removed."""
    sent = await read_fields(request, limit=FORM_LIMIT)
    care = [code for code in care_types() if sent.get(f"care_{code}")]
    fields = parse(request, ContractFields, {"contract_year": sent.get("contract_year", ""), "care_types": care})
    if isinstance(fields, Form):
        return await _render(request, provider_id, keeper, units, clock, sealer, {"contracts": fields})

    async def save(work: UnitOfWork) -> None:
        await cards.save_contract(work, provider_id, fields, keeper)

    return await _saved(units, f"{PATH}/{provider_id}", save)


@router.post("/directory/changes/{change_id}/undo", dependencies=SAME_ORIGIN)
async def undo_change(change_id: UUID, _keeper: KeeperDep, units: UnitsOfWorkDep) -> Response:
    """Undo a change that the keeper made on a page, and return to that page."""
    async with units.read() as work:
        address = await _page_of(work, change_id)
    try:
        async with units.write() as work:
            await undo.undo_change(work, change_id)
    except ChangeNotLast:
        return PAGES.redirect(address, flash="not-undone")
    return PAGES.redirect(address, flash="undone")


async def _page_of(work: UnitOfWork, change_id: UUID) -> str:
    owner = await undo.owner_of_change(work, change_id)
    return f"{PATH}/{owner}" if owner is not None else f"{PATH}/bodies"


async def _saved(units: UnitsOfWork, address: str, save: Any) -> Response:
    """Carry out a change and return to the page, which says what happened."""
    try:
        async with units.write() as work:
            await save(work)
    except EntryChanged:
        return PAGES.redirect(address, flash="changed-meanwhile")
    return PAGES.redirect(address, flash="saved")


async def _render(
    request: Request, provider_id: UUID, principal: Principal, units: UnitsOfWork, clock: Clock, sealer: Sealer, forms: Forms
) -> Response:
    async with units.read() as work:
        card = await cards.card_of(work, provider_id)
    language, provider = language_of(request), card.provider
    kinds, levels, region = taxonomy().provider_kinds, provider_levels(), regions().get(provider.region)
    return PAGES.render(
        request,
        "provider_card.html",
        422 if forms else 200,
        card=card,
        provider=provider,
        bin=visible_bin(provider.provider_id, provider.bin, principal, sealer),
        title=provider.name_kk if language == "kk" else provider.name_ru,
        region=region.label.in_(language) if region else "",
        kind=kinds[provider.kind].label.in_(language) if provider.kind in kinds else "",
        level=levels[provider.level].in_(language) if provider.level is not None and provider.level in levels else "",
        contacts=contact_views(card.contacts, language, clock),
        contracts=[(each.year, _care_names(each.care_types, language)) for each in card.contracts],
        changes=card.changes,
        zone=regions()[CENTRAL_OFFICE].timezone,
        may_edit=principal.has("admin"),
        forms=forms,
        roles=label_options(contact_roles(), language),
        language_names=list(LANGUAGE_NAMES.items()),
        care=label_options(care_types(), language),
        year=clock.now().year,
        address=f"{PATH}/{provider_id}",
    )


def _care_names(codes: Iterable[str], language: Language) -> list[str]:
    known = care_types()
    return [known[code].in_(language) for code in codes if code in known]


def _id_of(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NotFound from None
