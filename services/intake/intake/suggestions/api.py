"""Routes of suggestions: articles that may answer a question before it is filed, and the report that one did."""

from typing import Annotated

from fastapi import APIRouter, Request, Response

from intake.register.dependencies import IntakeDep
from intake.suggestions.dependencies import SuggesterDep
from intake.suggestions.schemas import SelfServiceIn, SuggestionsIn, SuggestionsOut
from shared.auth import PrincipalDep
from shared.budget import client_network
from shared.dependencies import OnceDep
from shared.errors import InvalidInput, TooMany, responses
from shared.http import body
from shared.idempotency import IdempotencyKeyReused, IdempotencyKeyWeak
from shared.unit_of_work import UnitOfWork

router = APIRouter(prefix="/v1", tags=["suggestions"])


@router.post("/suggestions", responses=responses(InvalidInput, TooMany))
async def suggest_articles(
    request: Request,
    response: Response,
    intake: IntakeDep,
    principal: PrincipalDep,
    suggester: SuggesterDep,
    asked: Annotated[SuggestionsIn, body(SuggestionsIn)],
) -> SuggestionsOut:
    """Find published articles that may answer a question while it is written. Nothing is stored or logged of its text.

    There are none for complaints, for danger to life or health and for protected matters: file those.
    """
    intake.spend_preview(request, None if principal.is_anonymous else principal)
    response.headers["Cache-Control"] = "no-store"
    found = list(await suggester.suggest(asked.text, asked.language, asked.kind))
    return SuggestionsOut(items=found, ticket=suggester.ticket(found))


@router.post(
    "/self-service",
    status_code=202,
    response_class=Response,
    responses=responses(InvalidInput, TooMany, IdempotencyKeyReused, IdempotencyKeyWeak),
)
async def report_self_service(
    request: Request,
    intake: IntakeDep,
    principal: PrincipalDep,
    suggester: SuggesterDep,
    once: OnceDep,
    given: Annotated[SelfServiceIn, body(SelfServiceIn)],
) -> Response:
    """Report that an article answered the question, so that nothing is filed. A list that was shown counts once (`ticket`).

    A citizen counts once for an article and a day, and so does a network address without a ticket. Neither is stored.
    """
    if principal.is_anonymous:
        intake.self_service.spend(intake.address(request))
    else:
        intake.spend_preview(request, principal)
    if principal.has("applicant"):
        given = given.model_copy(update={"ticket": None})  # a person is known by the token, however many lists they were shown
    sender = f"address/{client_network(intake.address(request))}" if principal.is_anonymous else f"token/{principal.identity}"

    async def do(work: UnitOfWork) -> None:
        await suggester.record(work, given, sender)

    return (await once.answer("report-self-service", given, do, status=202)).response
