"""Filing an appeal: `POST /intake/v1/appeals`, with or without a token."""

from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute
from starlette.types import Receive, Scope, Send

from intake.channels.counter.errors import OrganisationNotKnown
from intake.channels.counter.service.reception import provider_statement, record_reception
from intake.register.dependencies import IntakeDep, current_intake
from intake.register.errors import ChannelNotAllowed, ExternalNumberKnown
from intake.register.schemas import AppealIn, Registered
from intake.register.service.admission import admit_anonymous, admit_principal
from shared.auth import PrincipalDep, principal
from shared.dependencies import UnitsOfWorkDep, units_of_work
from shared.errors import (
    Forbidden,
    TooMany,
    Unauthorized,
    responses,
)
from shared.http import body, parse, read_body
from shared.idempotency import REPLAYED, IdempotencyKey, IdempotencyKeyReused, IdempotencyKeyWeak, idempotency_key


class FastRegisterRoute(APIRoute):
    """Reads the parameters of `register_appeal` in the order of its signature, without FastAPI's dependency solver (docs/decisions/14).

    The solver examines every parameter again on every request, and wraps the route for dependencies that have to be closed. The OpenAPI
    document still comes from the signature, and errors are handled where those of all routes are.
    """

    def __init__(self, *given: Any, **options: Any) -> None:
        super().__init__(*given, **options)
        self.app = self._answer

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive, send)
        intake, sender = await current_intake(request), await principal(request)
        appeal = parse(AppealIn, await read_body(request))
        response = await register_appeal(request, intake, sender, await units_of_work(request), appeal, idempotency_key(request, sender))
        await response(scope, receive, send)


# Has the whole path, so that `assemble` can put the route in front of all: an included router costs every request another match.
front = APIRouter(prefix="/intake", tags=["appeals"], route_class=FastRegisterRoute)


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
    intake: IntakeDep,
    sender: PrincipalDep,
    units: UnitsOfWorkDep,
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
        if admission.intake_method is not None:
            async with units.read() as work:
                appeal, admission = await provider_statement(work, sender, appeal, admission)
    receipt = await intake.file(appeal, admission, key=key, condition=record_reception(admission))
    headers = {"Cache-Control": "no-store", **(REPLAYED if receipt.replayed else {})}
    return Response(receipt.body, 201, headers, "application/json")
