"""The cases over HTTP."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from routing.cases.errors import ActionNotPossible, UnknownAssignee, VersionConflict
from routing.cases.schemas import commands
from routing.cases.schemas.codes import CaseScope
from routing.cases.schemas.views import CaseFilter, CaseSummary, CaseView
from routing.cases.service import actions, reading
from routing.dependencies import PartsDep
from shared.auth import STAFF, Principal, require
from shared.contents import ContentsRequest, ContentsResponse
from shared.errors import Forbidden, InvalidInput, NotFound, Unauthorized, responses
from shared.http import DEFAULT_LIMIT, CursorText, KnownQuery, Limit, ListResponse, body
from shared.idempotency import IdempotencyKey, IdempotencyKeyReused, scope_of
from shared.service import Parts

router = APIRouter()

ACTION_ERRORS = responses(
    Unauthorized, Forbidden, NotFound, VersionConflict, ActionNotPossible, IdempotencyKeyReused, InvalidInput, UnknownAssignee
)


async def _staff(request: Request, principal: Annotated[Principal, Depends(require(*STAFF, "admin"))]) -> Principal:
    """Accept staff and admins; staff are recorded as colleagues."""
    await request.app.state.colleagues.record(principal)
    return principal


StaffDep = Annotated[Principal, Depends(_staff)]


@router.get("/v1/cases", responses=responses(Unauthorized, Forbidden, InvalidInput))
async def list_cases(
    parts: PartsDep,
    principal: StaffDep,
    _query: KnownQuery,
    scope: CaseScope = CaseScope.ALL,
    status: commands.StatusCode | None = None,
    tier: Annotated[int | None, Query(ge=1, le=3)] = None,
    kind: commands.KindCode | None = None,
    number: Annotated[str | None, Query(max_length=40, description="A registration number, its beginning or its end, as pasted.")] = None,
    query: Annotated[str | None, Query(max_length=40, description="The same as `number`.")] = None,
    overdue: bool | None = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: CursorText = None,
) -> ListResponse[CaseSummary]:
    """Return the cases that you may see, earliest due time first.

    Scopes: `mine`, assigned to you and open; `queue`, open and unassigned; `region`, of your region; `all`.
    """
    wanted = CaseFilter(
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
        return await reading.list_cases(session, principal, wanted, parts.clock.now(), limit=limit, cursor=cursor)


@router.get("/v1/cases/{appeal_id}", responses=responses(Unauthorized, Forbidden, NotFound, InvalidInput))
async def read_case(appeal_id: UUID, parts: PartsDep, principal: StaffDep, _query: KnownQuery) -> CaseView:
    """Return a case with its clocks, its history and the actions that you may carry out now."""
    async with parts.database.read() as session:
        return await reading.read_case(session, principal, appeal_id, reading.Tools.of(parts))


async def _carry_out(parts: Parts, principal: Principal, appeal_id: UUID, command: commands.Command, key: str | None) -> Response:
    async def apply(session: AsyncSession) -> CaseView:
        case = await actions.lock_case(session, principal, appeal_id)
        return await actions.carry_out(session, principal, case, command, reading.Tools.of(parts))

    async def check_visible(session: AsyncSession) -> None:
        actions.check_role(principal, command)
        await actions.lock_case(session, principal, appeal_id)

    request = parts.idempotency.request(scope_of(principal), key, f"{command.ACTION} {appeal_id}", command) if key else None
    return await parts.idempotency.once(parts.database, parts.clock, request, apply, check_visible=check_visible)


def _add_action(command: type[commands.Command]) -> None:
    """Add the route of one action, with the action's own strict body."""

    async def route(
        appeal_id: UUID,
        parts: PartsDep,
        principal: StaffDep,
        command: Annotated[Any, body(command)],
        key: IdempotencyKey = None,
    ) -> Response:
        return await _carry_out(parts, principal, appeal_id, command, key)

    router.add_api_route(
        f"/v1/cases/{{appeal_id}}/actions/{command.ACTION}",
        route,
        methods=["POST"],
        name=command.ACTION,
        operation_id=f"{command.ACTION.replace('-', '_')}_case",
        summary=command.SUMMARY,
        response_model=CaseView,
        responses=ACTION_ERRORS,
    )


for _command in commands.COMMANDS:
    _add_action(_command)


@router.post("/internal/v1/contents", responses=responses(Unauthorized, Forbidden))
async def read_contents(
    parts: PartsDep,
    reader: Annotated[Principal, Depends(require("service"))],
    asked: Annotated[ContentsRequest, body(ContentsRequest)],
) -> ContentsResponse:
    """Return answers and letters by id to another service. Every access is recorded in the audit log with its purpose."""
    async with parts.database.write() as session:
        return ContentsResponse(items=await reading.read_contents(session, asked, reader, reading.Tools.of(parts)))
