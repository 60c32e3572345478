"""Routes of ratings."""

from typing import Annotated

from fastapi import APIRouter, Request, Response

from intake.ratings import service
from intake.ratings.dependencies import RostersDep
from intake.ratings.errors import DoctorNotListed, PhoneNotConfirmed
from intake.ratings.schemas import RatingCodeIn, RatingCodeSent, RatingIn, RatingOut
from intake.ratings.service import RatedBy, person_of
from intake.register.codes import Channel
from intake.register.dependencies import IntakeDep
from intake.register.errors import WrongCode
from shared.auth import Principal, UnconfinedPrincipalDep
from shared.dependencies import OnceDep
from shared.errors import Forbidden, InvalidInput, TooMany, Unauthorized, responses
from shared.http import body
from shared.idempotency import IdempotencyKeyReused, IdempotencyKeyWeak
from shared.unit_of_work import UnitOfWork

router = APIRouter(prefix="/v1/ratings", tags=["ratings"])
ERRORS = (InvalidInput, TooMany, IdempotencyKeyReused, IdempotencyKeyWeak)


@router.post("/codes", status_code=202, response_model=RatingCodeSent, responses=responses(*ERRORS))
async def ask_rating_code(
    request: Request, intake: IntakeDep, once: OnceDep, asked: Annotated[RatingCodeIn, body(RatingCodeIn)]
) -> Response:
    """Have a one-time code sent to your phone, to rate without signing in."""
    address = intake.address(request)
    answer = await once.answer("ask-rating-code", asked, lambda work: service.ask_code(work, intake.send_code, asked, address), status=202)
    return answer.response


@router.post(
    "",
    status_code=201,
    response_model=RatingOut,
    responses=responses(*ERRORS, Unauthorized, Forbidden, PhoneNotConfirmed, WrongCode, DoctorNotListed),
)
async def rate_provider(
    request: Request,
    intake: IntakeDep,
    rosters: RostersDep,
    rater: UnconfinedPrincipalDep,
    once: OnceDep,
    rating: Annotated[RatingIn, body(RatingIn)],
) -> Response:
    """Rate a medical organisation or one of its doctors: once a calendar month, a later rating replaces the earlier one.

    With a token of a citizen, or with a phone number and the code that was sent to it. Nobody learns who rated.
    """
    intake.spend_preview(request, None if rater.is_anonymous else rater)
    roster = await rosters.doctors(rating.provider_id) if rating.doctor_id is not None else None

    async def do(work: UnitOfWork) -> RatingOut:
        return await service.rate(work, rating, await rated_by(work, rating, rater), roster)

    answer = (await once.answer("rate-provider", rating, do, status=201)).response
    answer.headers["Cache-Control"] = "no-store"
    return answer


async def rated_by(work: UnitOfWork, rating: RatingIn, rater: Principal) -> RatedBy:
    """Return who rates. Raises PhoneNotConfirmed, and what `confirm_phone` raises."""
    if rater.has("applicant"):
        return RatedBy(person_of(work.pepper, f"token/{rater.identity}"), Channel.APP)
    if rating.confirmation is None:
        raise PhoneNotConfirmed
    return RatedBy(await service.confirm_phone(work, rating.confirmation), Channel.WEB)
