"""The page to rate a medical organisation: find it, rate it, and confirm a phone number by a code. Nothing typed gets into an address."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse
from pydantic import ValidationError

from intake.pages_kit import PAGES
from intake.ratings import service
from intake.ratings.policy import rating_aspects
from intake.ratings.schemas import PhoneConfirmation, RatingCodeIn, RatingIn
from intake.ratings.service import RatedBy, person_of
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
    status: int = 200


class _Wrong(Exception):
    """A field of the form is wrong."""

    def __init__(self, name: str, message: str | None = None) -> None:
        super().__init__(name)
        self.name, self.message = name, message or name


@router.get("/rate")
async def rate_form(request: Request, principal: PagePrincipalDep) -> HTMLResponse:
    """Show the form that finds the organisation."""
    return _render(request, principal, RatingForm("find", {}))


@router.post("/rate", dependencies=[Depends(require_same_origin)])
async def rate(request: Request, intake: IntakeDep, principal: PagePrincipalDep, units: UnitsOfWorkDep) -> HTMLResponse:
    """Take the next step. A citizen who is signed in needs no phone number."""
    typed = await read_fields(request)
    step = typed.get("step", "")
    found: Sequence[providers.ListedProvider] = ()
    try:
        intake.spend_preview(request)
        found = await _find(units, typed)
        if step == "find":
            shown = RatingForm("rate", typed, found=found)
        elif step == "send" and not principal.has("applicant"):
            await _send_code(request, intake, units, typed)
            shown = RatingForm("code", typed, found=found)
        else:
            await _store(units, typed, principal)
            shown = RatingForm("done", typed)
    except _Wrong as wrong:
        shown = RatingForm(_step_of(wrong.name), typed, {wrong.name: MESSAGES[wrong.message]}, found, 422)
    except WrongCode:
        shown = RatingForm("code", typed, {"code": MESSAGES["code"]}, found, 422)
    except TooMany as refusal:
        shown = RatingForm("rate" if found else "find", typed, {"": MESSAGES["wait"]}, found, refusal.status)
    return _render(request, principal, shown)


def _step_of(name: str) -> str:
    """Return the step whose form has a field."""
    return {"region": "find", "query": "find", "code": "code"}.get(name, "rate")


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
        return RatingIn.model_validate({"provider_id": typed["provider_id"], "score": int(typed["score"]), "aspects": aspects})
    except ValidationError:
        raise _Wrong("provider_id") from None


async def _send_code(request: Request, intake: Intake, units: UnitsOfWork, typed: Mapping[str, str]) -> None:
    """Send a code to the phone number. Raises _Wrong and TooMany."""
    _rating_in(typed)
    try:
        asked = RatingCodeIn(phone=typed.get("phone", ""), language=language_of(request))
        async with units.write() as work:
            await service.ask_code(work, intake.send_code, asked, intake.address(request))
    except (ValidationError, InvalidInput):
        raise _Wrong("phone") from None


async def _store(units: UnitsOfWork, typed: Mapping[str, str], principal: Principal) -> None:
    """Store the rating. Raises _Wrong, WrongCode and TooMany."""
    rating = _rating_in(typed)
    try:
        async with units.write() as work:
            await service.rate(work, rating, await _rated_by(work, typed, principal))
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
    language = language_of(request)
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
        aspects=[(code, label.in_(language)) for code, label in rating_aspects().items()],
        is_signed_in=principal.has("applicant"),
    )
