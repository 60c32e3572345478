"""The calls of intake: file an appeal, follow it, take a former register over, and read words as another service."""

from collections.abc import AsyncIterator
from hashlib import sha256
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends, Header, Request, Response
from fastapi.routing import APIRoute
from starlette.types import Receive, Scope, Send

from intake.channels.counter.errors import OrganisationNotKnown
from intake.channels.counter.service.reception import own_statement
from intake.channels.partner.errors import ExternalNumberKnown
from intake.imports.errors import TooManyRefused
from intake.imports.legacy_lines import CSV, FILE_LIMIT, NDJSON, reader_of
from intake.imports.schemas import Imported
from intake.imports.service import BATCH, take_over
from intake.register.dependencies import CurrentIntake, current_intake
from intake.register.errors import ChannelNotAllowed
from intake.register.schemas import AppealIn, Registered, Tracked
from intake.register.service.admission import admit_anonymous, admit_principal
from intake.register.service.contents import read_contents
from intake.register.service.tracking import track
from shared.auth import CurrentPrincipal, Principal, UnconfinedPrincipal, principal, require
from shared.contents import ContentsRequest, ContentsResponse
from shared.errors import (
    Forbidden,
    InvalidInput,
    NotFound,
    PayloadTooLarge,
    TooMany,
    Unauthorized,
    UnsupportedMediaType,
    responses,
)
from shared.etags import NOT_MODIFIED, IfNoneMatch, conditional
from shared.header_fields import media_type_of
from shared.http import KnownQuery, StrictModel, body, parse, read_body
from shared.idempotency import REPLAYED, IdempotencyKey, IdempotencyKeyReused, IdempotencyKeyWeak, idempotency_key, scope_of
from shared.idempotency_steps import Steps, StepsDone

if TYPE_CHECKING:
    from hashlib import _Hash as Hash

router = APIRouter()

AppealPin = Annotated[str | None, Header(alias="Appeal-Pin", description="The eight digits given at registration.")]
IMPORT_BODY = {"requestBody": {"required": True, "content": {kind: {"schema": {"type": "string"}} for kind in (NDJSON, CSV)}}}
IMPORT_ERRORS = responses(
    Unauthorized, Forbidden, InvalidInput, TooManyRefused, PayloadTooLarge, UnsupportedMediaType, IdempotencyKeyReused
)


class _Straight(APIRoute):
    """Reads what `register_appeal`'s signature says, in its order, without FastAPI's solver of dependencies (docs/decisions/14).

    The solver looks at every parameter of every request anew, and what it wraps a route in is for dependencies with an end. The signature
    goes on making the document; refusals are answered where all are.
    """

    def __init__(self, *given: Any, **options: Any) -> None:
        super().__init__(*given, **options)
        self.app = self._answer

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive, send)
        intake, sender = await current_intake(request), await principal(request)
        appeal = parse(AppealIn, await read_body(request))
        response = await register_appeal(request, intake, sender, appeal, idempotency_key(request, sender))
        await response(scope, receive, send)


# With its whole path, for `assemble` to put it in front of all: an included router is another look at every request.
front = APIRouter(prefix="/intake", route_class=_Straight)


@front.post(
    "/v1/appeals",
    status_code=201,
    response_model=Registered,
    responses=responses(
        Forbidden,
        ChannelNotAllowed,
        OrganisationNotKnown,
        Unauthorized,
        ExternalNumberKnown,
        IdempotencyKeyReused,
        IdempotencyKeyWeak,
        TooMany,
    ),
    operation_id="register_appeal",
)
async def register_appeal(
    request: Request,
    intake: CurrentIntake,
    sender: CurrentPrincipal,
    appeal: Annotated[AppealIn, body(AppealIn)],
    key: IdempotencyKey = None,
) -> Response:
    """Register an appeal. It is stored, with its event, before it is acknowledged."""
    if sender.is_anonymous:
        intake.anonymous.spend(intake.address(request))
        admission = admit_anonymous(appeal.channel)
    else:
        intake.spend(sender)
        admission = admit_principal(sender, appeal.channel)
        if admission.way is not None:
            appeal, admission = await own_statement(intake.parts, sender, appeal, admission)
    receipt = await intake.file(appeal, admission, key=key)
    headers = {"Cache-Control": "no-store", **(REPLAYED if receipt.replayed else {})}
    return Response(receipt.body, 201, headers, "application/json")


@router.get(
    "/v1/appeals/{number}",
    response_model=Tracked,
    responses={**responses(InvalidInput, NotFound, TooMany, Unauthorized, Forbidden), **NOT_MODIFIED},
)
async def track_appeal(
    number: str,
    request: Request,
    intake: CurrentIntake,
    reader: UnconfinedPrincipal,
    _query: KnownQuery,
    pin: AppealPin = None,
    known: IfNoneMatch = None,
) -> Response:
    """Where an appeal stands: with its PIN, by the token of whoever filed it as their own, or for staff who see it."""
    intake.spend(reader)
    address = intake.address(request)
    found = await track(intake.parts, intake.guesses, number=number, pin=pin, principal=reader, address=address)
    return conditional(found, known, passing=frozenset({"time_held"}))


@router.post("/v1/imports", response_model=Imported, responses=IMPORT_ERRORS, openapi_extra=IMPORT_BODY)
async def import_register(
    request: Request, intake: CurrentIntake, admin: Annotated[Principal, Depends(require("admin"))], key: IdempotencyKey = None
) -> Response:
    """Take over closed appeals, at most 100 lines a transaction; sent again, what is known already is unchanged.

    Sent again under the same Idempotency-Key it is answered with the first report.
    """
    read = reader_of(media_type_of(request))
    if read is None:
        raise UnsupportedMediaType
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced[:20]) > FILE_LIMIT:
        raise PayloadTooLarge
    parts = intake.parts

    async def work() -> StepsDone:
        report, digest = Imported(), sha256()
        async for lines in read(_digested(request, digest)):
            for start in range(0, len(lines), BATCH):
                await take_over(parts, lines[start : start + BATCH], report)
        return StepsDone(report, digest.digest())

    async def digest_repeat() -> bytes:
        digest = sha256()
        async for _ in _digested(request, digest):
            pass
        return digest.digest()

    repeatable = parts.idempotency.request(scope_of(admin), key, "import-register", StrictModel()) if key else None
    steps = Steps(parts.idempotency, parts.database, parts.clock)
    return await steps.once(repeatable, work, digest_repeat=digest_repeat)


async def _digested(request: Request, digest: "Hash") -> AsyncIterator[bytes]:
    """The body as it comes, each chunk added to `digest`. Raises PayloadTooLarge."""
    total = 0
    async for chunk in request.stream():
        total += len(chunk)
        if total > FILE_LIMIT:
            raise PayloadTooLarge
        digest.update(chunk)
        yield chunk


@router.post("/internal/v1/contents", responses=responses(Unauthorized, Forbidden))
async def contents(
    intake: CurrentIntake,
    reader: Annotated[Principal, Depends(require("service"))],
    asked: Annotated[ContentsRequest, body(ContentsRequest)],
) -> ContentsResponse:
    """Words by appeal id, for another service and a purpose; audited."""
    return await read_contents(intake.parts, asked, reader)
