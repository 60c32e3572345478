"""Routes of suggestions: articles that may answer a question before it is filed, and the report that one did."""

from typing import Annotated

from fastapi import APIRouter, Request, Response

from intake.register.dependencies import IntakeDep
from intake.suggestions.dependencies import SuggesterDep
from intake.suggestions.schemas import SelfServiceIn, SuggestionsIn, SuggestionsOut
from shared.auth import PrincipalDep
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
    return SuggestionsOut(items=list(await suggester.suggest(asked.text, asked.language, asked.kind)))


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
    """Report that an article answered the question, so that nothing is filed. It counts once for a sender, an article and a day.

    The sender is the token, or else the Idempotency-Key, or else the network address. None of them is stored.
    """
    intake.spend_preview(request, None if principal.is_anonymous else principal)
    sender = f"token/{principal.identity}" if not principal.is_anonymous else f"key/{once.key}" if once.key else intake.address(request)

    async def do(work: UnitOfWork) -> None:
        await suggester.record(work, given, sender)

    return (await once.answer("report-self-service", given, do, status=202)).response
