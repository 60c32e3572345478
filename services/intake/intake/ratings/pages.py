"""The pages to rate a medical organisation or one of its doctors. Nothing typed gets into an address.

The steps: find the organisation, choose it if several are meant, rate it or a doctor of its roster, confirm a phone number by a code.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse
from pydantic import ValidationError

from intake.pages_kit import PAGES
from intake.ratings import service
from intake.ratings.dependencies import Rosters, RostersDep
from intake.ratings.policy import rating_aspects, rating_policy
from intake.ratings.schemas import PhoneConfirmation, RatingCodeIn, RatingIn
from intake.ratings.service import RatedBy, person_of
from intake.ratings.service.doctors import QUERY_LIMIT, ListedDoctor, find_doctors
from intake.register.codes import Channel
from intake.register.dependencies import Intake, IntakeDep
from intake.register.errors import WrongCode
from intake.register.service import providers
from shared.auth import PagePrincipalDep, Principal
from shared.dependencies import UnitsOfWorkDep
from shared.domain.regions import CENTRAL_OFFICE, regions
from shared.domain.text import shows_something
from shared.errors import InvalidInput, TooMany
from shared.forms import read_fields
from shared.unit_of_work import UnitOfWork, UnitsOfWork
from shared.web.i18n import N_
from shared.web.languages import language_of
from shared.web.security import require_same_origin

NAME_LIMIT: Final = 300  # characters
MESSAGES: Final[Mapping[str, str]] = {
    "region": N_("Choose the region of the organisation."),
    "query": N_("Write the name of the organisation."),
    "unknown": N_("No such organisation is found in this region. Write its name in another way."),
    "provider_id": N_("Choose the organisation."),
    "doctor_id": N_("Choose a doctor of the list, or the organisation as a whole."),
    "doctor_query": N_("No doctor of this name is found. Write the surname in another way, or rate the organisation as a whole."),
    "score": N_("Choose how many stars you give."),
    "phone": N_("Write a mobile number of Kazakhstan, for example +7 701 000 00 00."),
    "code": N_("The code is wrong or too old. Ask for a new one."),
    "wait": N_("Too often. Please try again tomorrow."),
    "form": N_("Something is missing or not readable. Please look at the form again."),
}

router: Final = APIRouter()


@dataclass(frozen=True, slots=True)
class RatingForm:
    """What is shown next: the fields that were typed, and the errors by the name of the field."""

    step: str
    typed: Mapping[str, str]
    errors: Mapping[str, str] = field(default_factory=dict)
    found: Sequence[providers.ListedProvider] = ()
    offered: "OfferedDoctors | None" = None
    status: int = 200


@dataclass(frozen=True, slots=True)
class OfferedDoctors:
    """The doctors that may be chosen. `roster`: of the organisation, None if it is not known now; `listed`: those that the page lists."""

    roster: Sequence[ListedDoctor] | None
    listed: Sequence[ListedDoctor] = ()
    more: int = 0
    """Doctors that were found and are not listed."""


class _Wrong(Exception):
    """A field of the form is wrong."""

    def __init__(self, name: str, message: str | None = None, *, offered: OfferedDoctors | None = None) -> None:
        super().__init__(name)
        self.name, self.message, self.offered = name, message or name, offered


@router.get("/rate")
async def rate_form(request: Request, principal: PagePrincipalDep) -> HTMLResponse:
    """Show the form that finds the organisation."""
    return _render(request, principal, RatingForm("find", {}))


@router.post("/rate", dependencies=[Depends(require_same_origin)])
async def rate(
    request: Request, intake: IntakeDep, rosters: RostersDep, principal: PagePrincipalDep, units: UnitsOfWorkDep
) -> HTMLResponse:
    """Take the next step. A citizen who is signed in needs no phone number."""
    typed = dict(await read_fields(request))
    step = typed.get("step", "")
    found: Sequence[providers.ListedProvider] = ()
    offered: OfferedDoctors | None = None
    try:
        intake.spend_preview(request)
        found = await _find(units, typed)
        if step == "find" and len(found) > 1:
            return _render(request, principal, RatingForm("provider", typed, found=found))
        if step == "find":
            typed["provider_id"] = str(found[0].id)
        offered = await _offered(rosters, _chosen(typed, found), typed)
        if step in {"find", "provider"}:
            shown = RatingForm("rate", typed, found=found, offered=offered)
        elif step == "send" and not principal.has("applicant"):
            await _send_code(request, intake, units, typed, offered)
            shown = RatingForm("code", typed, found=found, offered=offered)
        else:
            await _store(units, typed, principal, offered)
            shown = RatingForm("done", typed)
    except _Wrong as wrong:
        shown = RatingForm(_step_of(wrong.name), typed, {wrong.name: MESSAGES[wrong.message]}, found, wrong.offered or offered, 422)
    except WrongCode:
        shown = RatingForm("code", typed, {"code": MESSAGES["code"]}, found, offered, 422)
    except TooMany as refusal:
        shown = RatingForm("rate" if offered else "find", typed, {"": MESSAGES["wait"]}, found, offered, refusal.status)
    return _render(request, principal, shown)


def _step_of(name: str) -> str:
    """Return the step whose form has a field."""
    return {"region": "find", "query": "find", "provider_id": "provider", "code": "code"}.get(name, "rate")


def _chosen(typed: Mapping[str, str], found: Sequence[providers.ListedProvider]) -> UUID:
    """Return the organisation that was chosen among those that were found. Raises _Wrong."""
    chosen = next((provider.id for provider in found if str(provider.id) == typed.get("provider_id")), None)
    if chosen is None:
        raise _Wrong("provider_id")
    return chosen


async def _offered(rosters: Rosters, provider_id: UUID, typed: Mapping[str, str]) -> OfferedDoctors:
    """Return the doctors of the organisation, of a long roster those of the typed name, with the chosen one first. Raises _Wrong."""
    roster, most = await rosters.doctors(provider_id), rating_policy().doctors_listed
    if roster is None:
        return OfferedDoctors(None)
    query = typed.get("doctor_query", "")
    found = find_doctors(roster, query) if query.strip() else roster if len(roster) <= most else ()
    if query.strip() and not found:
        raise _Wrong("doctor_query", offered=OfferedDoctors(roster))
    chosen = [doctor for doctor in roster if str(doctor.doctor_id) == typed.get("doctor_id")]
    listed = [*(each for each in chosen if each not in found[:most]), *found[:most]]
    return OfferedDoctors(roster, listed, more=max(0, len(found) - most))


async def _find(units: UnitsOfWork, typed: Mapping[str, str]) -> Sequence[providers.ListedProvider]:
    """Return the organisations of the region that the typed name may mean. Raises _Wrong."""
    region, query = typed.get("region", ""), typed.get("query", "")
    if region not in regions() or region == CENTRAL_OFFICE:
        raise _Wrong("region")
    if not shows_something(query) or len(query) > NAME_LIMIT:
        raise _Wrong("query")
    async with units.read() as work:
        listed = await providers.active_providers(work.session, region)
    hits = await asyncio.to_thread(providers.suggest, query, listed)
    if not hits:
        raise _Wrong("query", "unknown")
    return [hit.provider for hit in hits]


def _rating_in(typed: Mapping[str, str]) -> RatingIn:
    """Return the rating of the form. Raises _Wrong."""
    if not typed.get("provider_id"):
        raise _Wrong("provider_id")
    if typed.get("score") not in {"1", "2", "3", "4", "5"}:
        raise _Wrong("score")
    aspects = {code: int(given) for code in rating_aspects() if (given := typed.get(f"aspects.{code}", "")) in {"1", "2", "3", "4", "5"}}
    try:
        rated = {"provider_id": typed["provider_id"], "doctor_id": typed.get("doctor_id") or None}
        return RatingIn.model_validate({**rated, "score": int(typed["score"]), "aspects": aspects})
    except ValidationError:
        raise _Wrong("doctor_id") from None


async def _send_code(request: Request, intake: Intake, units: UnitsOfWork, typed: Mapping[str, str], offered: OfferedDoctors) -> None:
    """Send a code to the phone number. Raises _Wrong and TooMany."""
    _check_doctor(_rating_in(typed), offered)
    try:
        asked = RatingCodeIn(phone=typed.get("phone", ""), language=language_of(request))
        async with units.write() as work:
            await service.ask_code(work, intake.send_code, asked, intake.address(request))
    except (ValidationError, InvalidInput):
        raise _Wrong("phone") from None


def _check_doctor(rating: RatingIn, offered: OfferedDoctors) -> None:
    """Raise _Wrong for a doctor who is not on the roster, before a code is sent or used up."""
    if rating.doctor_id and offered.roster is not None and rating.doctor_id not in {doctor.doctor_id for doctor in offered.roster}:
        raise _Wrong("doctor_id")


async def _store(units: UnitsOfWork, typed: Mapping[str, str], principal: Principal, offered: OfferedDoctors) -> None:
    """Store the rating. Raises _Wrong, WrongCode and TooMany."""
    rating = _rating_in(typed)
    _check_doctor(rating, offered)
    try:
        async with units.write() as work:
            await service.rate(work, rating, await _rated_by(work, typed, principal), offered.roster)
    except InvalidInput:
        raise _Wrong("provider_id") from None


async def _rated_by(work: UnitOfWork, typed: Mapping[str, str], principal: Principal) -> RatedBy:
    """Return who rates: the citizen who is signed in, or who has the phone number. Raises _Wrong and WrongCode."""
    if principal.has("applicant"):
        return RatedBy(person_of(work.pepper, f"token/{principal.identity}"), Channel.WEB)
    try:
        confirmation = PhoneConfirmation.model_validate({"phone": typed.get("phone", ""), "code": typed.get("code", "")})
    except ValidationError:
        raise _Wrong("code") from None
    return RatedBy(await service.confirm_phone(work, confirmation), Channel.WEB)


def _render(request: Request, principal: Principal, form: RatingForm) -> HTMLResponse:
    language, offered = language_of(request), form.offered or OfferedDoctors(())
    chosen = [provider for provider in form.found if str(provider.id) == form.typed.get("provider_id")]
    return PAGES.render(
        request,
        "rate.html",
        form.status,
        step=form.step,
        typed=form.typed,
        errors=[(name or None, PAGES.text(request, message)) for name, message in form.errors.items()],
        error={name: PAGES.text(request, message) for name, message in form.errors.items()},
        regions=[(code, region.label.in_(language)) for code, region in regions().items() if code != CENTRAL_OFFICE],
        found=[(str(provider.id), providers.name_in(provider, language)) for provider in form.found],
        chosen=providers.name_in(chosen[0], language) if chosen else "",
        roster_size=None if offered.roster is None else len(offered.roster),
        most=rating_policy().doctors_listed,
        more=offered.more,
        doctors=[(str(doctor.doctor_id), doctor.label_in(language)) for doctor in offered.listed],
        query_limit=QUERY_LIMIT,
        aspects=[(code, label.in_(language)) for code, label in rating_aspects().items()],
        is_signed_in=principal.has("applicant"),
    )
