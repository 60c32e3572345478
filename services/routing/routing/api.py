"""The desk over HTTP: parse, ask the use case, answer a typed model."""

from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import AfterValidator, BaseModel
from pydantic_core import PydanticCustomError
from sqlalchemy.ext.asyncio import AsyncSession

from routing import actions, articles, repository, schemas, service
from routing.classification import classify
from routing.errors import ActionNotPossible, CalendarDoesNotReach, UnknownAssignee, VersionConflict
from routing.reference import content_purposes
from shared.auth import STAFF, CurrentPrincipal, Principal, require
from shared.contents import ContentItem, ContentsRequest, ContentsResponse, entitled
from shared.domain.labels import Language
from shared.domain.text import clean
from shared.errors import Forbidden, InvalidInput, NotFound, TooMany, Unauthorized, responses
from shared.field_errors import DETAILS
from shared.http import DEFAULT_LIMIT, CursorText, KnownQuery, Limit, ListResponse, body, page_of
from shared.idempotency import IdempotencyKey, IdempotencyKeyReused, scope_of
from shared.offload import run_on_text
from shared.service import Parts

router = APIRouter()

ACTION_ERRORS = responses(
    Unauthorized, Forbidden, NotFound, VersionConflict, ActionNotPossible, IdempotencyKeyReused, InvalidInput, UnknownAssignee
)


async def _at_the_desk(request: Request, principal: Annotated[Principal, Depends(require(*STAFF, "admin"))]) -> Principal:
    """Staff and admins; staff are recorded as colleagues."""
    await request.app.state.colleagues.record(principal)
    return principal


Staff = Annotated[Principal, Depends(_at_the_desk)]


def _parts(request: Request) -> Parts:
    parts: Parts = request.app.state.parts
    return parts


PartsHere = Annotated[Parts, Depends(_parts)]


def tools(parts: Parts) -> service.Tools:
    return service.Tools(parts.clock, parts.ids, parts.sealer)


def _day(text: str) -> str:
    try:
        is_day = date.fromisoformat(text).isoformat() == text  # Python reads weeks and days without hyphens too
    except ValueError:
        is_day = False
    if not is_day:
        raise PydanticCustomError("bad_format", DETAILS["bad-format"])
    return text


Day = Annotated[str, AfterValidator(_day), Query(alias="from", description="The day of the event the policy starts at, YYYY-MM-DD.")]


@router.get("/v1/cases", responses=responses(Unauthorized, Forbidden, InvalidInput))
async def list_cases(
    parts: PartsHere,
    principal: Staff,
    _query: KnownQuery,
    scope: Literal["mine", "queue", "region", "all"] = "all",
    status: schemas.StatusCode | None = None,
    tier: Annotated[int | None, Query(ge=1, le=3)] = None,
    kind: schemas.KindCode | None = None,
    number: Annotated[str | None, Query(max_length=40, description="A registration number, its beginning or its end, as pasted.")] = None,
    query: Annotated[str | None, Query(max_length=40, description="The same as `number`.")] = None,
    overdue: bool | None = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: CursorText = None,
) -> ListResponse[schemas.CaseSummary]:
    """Cases that you may see, the next due first. `mine`: yours and open; `queue`: open and nobody's; `region`: your region's; `all`."""
    wanted = repository.CaseFilter(
        scope=scope,
        subject=principal.subject,
        region=principal.region,
        status=status,
        tier=tier,
        kind=kind,
        number=number if number is not None else query,
        overdue=overdue,
    )
    async with parts.database.read() as session:
        return await service.list_cases(session, principal, wanted, parts.clock.now(), limit=limit, cursor=cursor)


@router.get("/v1/cases/{appeal_id}", responses=responses(Unauthorized, Forbidden, NotFound, InvalidInput))
async def read_case(appeal_id: UUID, parts: PartsHere, principal: Staff, _query: KnownQuery) -> schemas.CaseView:
    """A case with its clocks, its history and what you may do with it now."""
    async with parts.database.read() as session:
        return await service.read_case(session, principal, appeal_id, tools(parts))


async def _act(parts: Parts, principal: Principal, appeal_id: UUID, command: schemas.Command, key: str | None) -> Response:
    async def work(session: AsyncSession) -> schemas.CaseView:
        case = await actions.lock_case(session, principal, appeal_id)
        return await actions.act(session, principal, case, command, tools(parts))

    async def check_visible(session: AsyncSession) -> None:
        actions.check_role(principal, command)
        await actions.lock_case(session, principal, appeal_id)

    request = parts.idempotency.request(scope_of(principal), key, f"{command.ACTION} {appeal_id}", command) if key else None
    return await parts.idempotency.once(parts.database, parts.clock, request, work, check_visible=check_visible)


def _offer(command: type[schemas.Command], summary: str) -> None:
    """A route for one action, with the action's own strict body."""

    async def route(
        appeal_id: UUID,
        parts: PartsHere,
        principal: Staff,
        command: Annotated[Any, body(command)],
        key: IdempotencyKey = None,
    ) -> Response:
        return await _act(parts, principal, appeal_id, command, key)

    router.add_api_route(
        f"/v1/cases/{{appeal_id}}/actions/{command.ACTION}",
        route,
        methods=["POST"],
        name=command.ACTION,
        operation_id=f"{command.ACTION.replace('-', '_')}_case",
        summary=summary,
        response_model=schemas.CaseView,
        responses=ACTION_ERRORS,
    )


_offer(schemas.Claim, "Take the case")
_offer(schemas.Assign, "Give the case to somebody")
_offer(schemas.Classify, "Correct what the case is about")
_offer(schemas.Escalate, "Pass the case one tier up")
_offer(schemas.GiveAnswer, "Answer the applicant, through the closure gate")
_offer(schemas.Close, "Close an answered case")
_offer(schemas.Ask, "Ask the applicant")
_offer(schemas.RequestCompletion, "Ask the applicant for what is missing, and set a time")
_offer(schemas.Return, "Return the appeal with the reason")
_offer(schemas.Terminate, "Terminate the consideration")
_offer(schemas.Forward, "Forward the matter, or a part of it, to the competent body")
_offer(schemas.Redirect, "Note that a crime or a danger was passed on")


@router.get("/v1/deadlines", responses=responses(InvalidInput, CalendarDoesNotReach))
async def deadline(policy: str, start: Day, _query: KnownQuery) -> schemas.DeadlineView:
    """The last day of a term, and how it was counted, day by day."""
    return service.deadline(policy, date.fromisoformat(start))


@router.post("/v1/classifications", responses=responses(Unauthorized, Forbidden, TooMany))
async def classify_text(
    request: Request,
    principal: Annotated[Principal, Depends(require(*STAFF, "channel"))],
    asked: Annotated[schemas.ClassifyText, body(schemas.ClassifyText)],
) -> schemas.ClassificationView:
    """What a text is about. It is neither stored nor logged."""
    request.app.state.classifications.spend(f"{principal.issuer}\n{principal.subject}")
    found = await run_on_text(asked.text, classify, asked.text)
    return schemas.ClassificationView.model_validate(found.as_row())


@router.get("/v1/articles", responses=responses(InvalidInput))
async def list_articles(
    parts: PartsHere,
    principal: CurrentPrincipal,
    _query: KnownQuery,
    query: Annotated[str, Query(max_length=200), AfterValidator(clean)] = "",
    language: Language = "kk",
    limit: Limit = DEFAULT_LIMIT,
    cursor: CursorText = None,
) -> ListResponse[schemas.ArticleView]:
    """Answers of the first tier, the best match first. Those not reviewed yet are shown to staff alone."""
    found = articles.search(query, parts.clock.now().date(), unreviewed=principal.is_staff)
    page, following = page_of(found, limit, cursor)
    return ListResponse(items=[_article(article, language) for article in page], total=len(found), next_cursor=following)


def _article(article: articles.Article, language: str) -> schemas.ArticleView:
    written = language if language in articles.WRITTEN_IN else articles.STANDS_IN
    return schemas.ArticleView(
        id=article.id,
        topic=article.topic,
        category=article.category,
        language=written,
        question=article.questions[written],
        answer=article.answers[written],
        how_to_complain=articles.how_to_complain()[written],
        valid_from=article.valid_from,
        valid_to=article.valid_to,
        source=article.source,
        reviewed=article.reviewed,
    )


@router.post("/internal/v1/contents", responses=responses(Unauthorized, Forbidden))
async def read_contents(
    parts: PartsHere,
    reader: Annotated[Principal, Depends(require("service"))],
    asked: Annotated[ContentsRequest, body(ContentsRequest)],
) -> ContentsResponse:
    """The words of answers and letters by their ids, for another service; every read is recorded with its purpose."""
    entitled(asked, reader, content_purposes())
    async with parts.database.write() as session:
        found: dict[UUID, BaseModel] = {**await service.read_answers(session, asked.ids, parts.sealer)}
        found |= await service.read_letters(session, asked.ids, parts.sealer)
        await repository.add_content_read(
            session,
            {
                "id": parts.ids.new(),
                "at": parts.clock.now(),
                "reader": reader.subject,
                "on_behalf_of": asked.on_behalf_of,
                "purpose": asked.purpose,
                "ids": [str(answer_id) for answer_id in asked.ids],
            },
        )
    items = [
        ContentItem(
            id=answer_id, found=answer_id in found, content=found[answer_id].model_dump(mode="json") if answer_id in found else None
        )
        for answer_id in asked.ids
    ]
    return ContentsResponse(items=items)
