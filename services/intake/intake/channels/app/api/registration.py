"""Filing an appeal: `POST /intake/v1/appeals`, with or without a token."""

from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute
from starlette.types import Receive, Scope, Send

from intake.channels.counter.errors import OrganisationNotKnown
from intake.channels.counter.service.reception import noted, own_statement
from intake.register.dependencies import CurrentIntake, current_intake
from intake.register.errors import ChannelNotAllowed, ExternalNumberKnown
from intake.register.schemas import AppealIn, Registered
from intake.register.service.admission import admit_anonymous, admit_principal
from shared.auth import CurrentPrincipal, principal
from shared.errors import (
    Forbidden,
    TooMany,
    Unauthorized,
    responses,
)
from shared.http import body, parse, read_body
from shared.idempotency import REPLAYED, IdempotencyKey, IdempotencyKeyReused, IdempotencyKeyWeak, idempotency_key


class FastRegisterRoute(APIRoute):
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
front = APIRouter(prefix="/intake", route_class=FastRegisterRoute)


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
    receipt = await intake.file(appeal, admission, key=key, condition=noted(intake.parts, admission))
    headers = {"Cache-Control": "no-store", **(REPLAYED if receipt.replayed else {})}
    return Response(receipt.body, 201, headers, "application/json")
