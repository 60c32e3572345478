"""The cases over HTTP."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import Field

from routing.cases.errors import AbsentAssignee, ActionNotPossible, DraftVersionConflict, UnknownAssignee, UnknownMention, VersionConflict
from routing.cases.schemas import commands
from routing.cases.schemas.bulk import BulkCommand, BulkResult
from routing.cases.schemas.colleagues import ColleagueItem, SetAbsence
from routing.cases.schemas.command import Command
from routing.cases.schemas.conversation import NoteIn, NoteView
from routing.cases.schemas.drafts import DraftView, SaveDraft
from routing.cases.schemas.fields import RegionCode
from routing.cases.schemas.filters import CaseFilterFields
from routing.cases.schemas.staffing import QueueItem, Reassign, Reassigned, SetAutomatic, SetStaffing
from routing.cases.schemas.views import CaseFilter, CaseItem, CaseView
from routing.cases.service import (
    absences,
    actions,
    bulk,
    colleagues,
    conversation,
    deputies,
    drafts,
    notes,
    reading,
    reassignment,
    staffing,
)
from routing.cases.service.visible import lock_case, visible_case
from shared.auth import STAFF, Principal, require
from shared.contents import ContentsRequest, ContentsResponse
from shared.dependencies import OnceDep, ReadDep, UnitOfWorkDep
from shared.errors import Conflict, Forbidden, InvalidInput, NotFound, Unauthorized, responses
from shared.http import DEFAULT_LIMIT, CursorText, KnownQuery, Limit, ListResponse, QueryModel, StrictModel, body, page_of
from shared.idempotency import IdempotencyKeyReused, Once
from shared.idempotency_steps import Steps, StepsDone
from shared.unit_of_work import UnitOfWork

router = APIRouter()

ACTION_ERRORS = responses(
    Unauthorized,
    Forbidden,
    NotFound,
    VersionConflict,
    ActionNotPossible,
    Conflict,
    IdempotencyKeyReused,
    InvalidInput,
    UnknownAssignee,
    AbsentAssignee,
)


async def _staff(request: Request, principal: Annotated[Principal, Depends(require(*STAFF, "admin"))]) -> Principal:
    """Accept staff and admins; staff are recorded as colleagues."""
    await request.app.state.colleagues.record(principal)
    return principal


StaffDep = Annotated[Principal, Depends(_staff)]
WriterDep = Annotated[Principal, Depends(require(*STAFF))]
BossDep = Annotated[Principal, Depends(require("supervisor", "head"))]


class CaseListQuery(CaseFilterFields, QueryModel):
    """The parameters of the list."""

    number: Annotated[str | None, Field(max_length=40, description="A registration number, its beginning or its end, as pasted.")] = None
    query: Annotated[str | None, Field(max_length=40, description="The same as `number`.")] = None
    limit: Limit = DEFAULT_LIMIT
    cursor: CursorText = None


@router.get("/v1/cases", tags=["cases"], responses=responses(Unauthorized, Forbidden, InvalidInput))
async def list_cases(
    principal: StaffDep,
    work: ReadDep,
    _query: KnownQuery,
    asked: Annotated[CaseListQuery, Query()],
) -> ListResponse[CaseItem]:
    """Return the cases that you may see under all the filters together.

    Scopes: `mine`, assigned to you and open; `queue`, open and unassigned; `region`, of your region; `all`.
    """
    wanted = asked.narrow(principal, CaseFilter(number=asked.number if asked.number is not None else asked.query))
    return await reading.list_cases(work, principal, wanted, limit=asked.limit, cursor=asked.cursor)


@router.get("/v1/cases/{appeal_id}", tags=["cases"], responses=responses(Unauthorized, Forbidden, NotFound, InvalidInput))
async def read_case(appeal_id: UUID, principal: StaffDep, work: ReadDep, _query: KnownQuery) -> CaseView:
    """Return a case with its clocks, its history and the actions that you may carry out now."""
    return await reading.read_case(work, principal, appeal_id)


@router.post(
    "/v1/cases/{appeal_id}/notes",
    tags=["cases"],
    status_code=201,
    response_model=NoteView,
    responses=responses(Unauthorized, Forbidden, NotFound, InvalidInput, UnknownMention, IdempotencyKeyReused),
)
async def add_note(
    request: Request, appeal_id: UUID, principal: WriterDep, once: OnceDep, note: Annotated[NoteIn, body(NoteIn)]
) -> Response:
    """Add a note for colleagues. Those whom it mentions find a mark in their lists until they open the case."""
    await request.app.state.colleagues.record(principal)

    async def apply(work: UnitOfWork) -> NoteView:
        return await notes.add_note(work, principal, appeal_id, note)

    async def check_visible(work: UnitOfWork) -> None:
        await visible_case(work, principal, appeal_id)

    return await once(f"note {appeal_id}", note, apply, check_visible=check_visible, status=201)


@router.get("/v1/cases/{appeal_id}/notes", tags=["cases"], responses=responses(Unauthorized, Forbidden, NotFound, InvalidInput))
async def list_notes(appeal_id: UUID, principal: StaffDep, work: UnitOfWorkDep, _query: KnownQuery) -> ListResponse[NoteView]:
    """Return the notes of a case, oldest first. Every access is recorded in the audit log."""
    found = await notes.notes(work, principal, appeal_id)
    await conversation.record_read(work, principal, appeal_id)
    return found


@router.get("/v1/cases/{appeal_id}/draft", tags=["drafts"], responses=responses(Unauthorized, Forbidden, NotFound, InvalidInput))
async def read_draft(appeal_id: UUID, principal: StaffDep, work: ReadDep, _query: KnownQuery) -> DraftView:
    """Return your own unsent answer to a case; 404 if you have none."""
    return await drafts.read_draft(work, principal, appeal_id)


@router.put(
    "/v1/cases/{appeal_id}/draft",
    tags=["drafts"],
    responses=responses(Unauthorized, Forbidden, NotFound, DraftVersionConflict, ActionNotPossible, IdempotencyKeyReused, InvalidInput),
    response_model=DraftView,
)
async def save_draft(appeal_id: UUID, principal: StaffDep, once: OnceDep, command: Annotated[SaveDraft, body(SaveDraft)]) -> Response:
    """Save your own unsent answer to a case. Every part may be missing; only you can read it, and sending the answer deletes it."""

    async def apply(work: UnitOfWork) -> DraftView:
        return await drafts.save_draft(work, principal, appeal_id, command)

    async def check_visible(work: UnitOfWork) -> None:
        await lock_case(work, principal, appeal_id)

    return await once(f"draft {appeal_id}", command, apply, check_visible=check_visible)


@router.delete(
    "/v1/cases/{appeal_id}/draft",
    tags=["drafts"],
    status_code=204,
    responses=responses(Unauthorized, Forbidden, NotFound, ActionNotPossible, IdempotencyKeyReused, InvalidInput),
)
async def delete_draft(appeal_id: UUID, principal: StaffDep, once: OnceDep, _query: KnownQuery) -> Response:
    """Delete your own unsent answer to a case."""

    async def apply(work: UnitOfWork) -> None:
        await drafts.delete_draft(work, principal, appeal_id)

    return await once(f"delete draft {appeal_id}", StrictModel(), apply, status=204)


async def _carry_out(once: Once, principal: Principal, appeal_id: UUID, command: Command) -> Response:
    async def apply(work: UnitOfWork) -> CaseView:
        case = await lock_case(work, principal, appeal_id)
        return await actions.carry_out(work, principal, case, command)

    async def check_visible(work: UnitOfWork) -> None:
        actions.check_role(await deputies.acting(work, principal), command)
        await lock_case(work, principal, appeal_id)

    return await once(f"{command.ACTION} {appeal_id}", command, apply, check_visible=check_visible)


def _add_action(command: type[Command]) -> None:
    """Add the route of one action, with the action's own strict body."""

    async def route(
        appeal_id: UUID,
        principal: StaffDep,
        once: OnceDep,
        command: Annotated[Any, body(command)],
    ) -> Response:
        return await _carry_out(once, principal, appeal_id, command)

    router.add_api_route(
        f"/v1/cases/{{appeal_id}}/actions/{command.ACTION}",
        route,
        methods=["POST"],
        tags=["cases"],
        name=command.ACTION,
        operation_id=f"{command.ACTION.replace('-', '_')}_case",
        summary=command.SUMMARY,
        response_model=CaseView,
        responses=ACTION_ERRORS,
    )


for _command in commands.COMMANDS:
    _add_action(_command)


@router.get("/v1/colleagues", tags=["colleagues"], responses=responses(Unauthorized, Forbidden, InvalidInput))
async def list_colleagues(
    principal: StaffDep,
    work: ReadDep,
    _query: KnownQuery,
    region: RegionCode | None = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: CursorText = None,
) -> ListResponse[ColleagueItem]:
    """Return the staff of your region who have used the desk, or of all regions if you have none, with their open cases that you see."""
    found = await colleagues.items(work, principal, region)
    page, next_cursor = page_of(found, limit, cursor)
    return ListResponse(items=list(page), total=len(found), next_cursor=next_cursor)


@router.post(
    "/v1/colleagues/absence",
    tags=["colleagues"],
    response_model=ColleagueItem,
    responses=responses(Unauthorized, Forbidden, NotFound, IdempotencyKeyReused, InvalidInput),
)
async def set_absence(request: Request, principal: WriterDep, once: OnceDep, command: Annotated[SetAbsence, body(SetAbsence)]) -> Response:
    """Record your own absence; supervisors and heads also that of the staff of their region. An absent colleague is assigned no cases."""
    await request.app.state.colleagues.record(principal)

    async def apply(work: UnitOfWork) -> ColleagueItem:
        return await absences.set_absence(work, principal, command)

    async def check_managed(work: UnitOfWork) -> None:
        await absences.managed(work, principal, command)

    return await once("absence", command, apply, check_visible=check_managed)


@router.post(
    "/v1/colleagues/staffing",
    tags=["colleagues"],
    response_model=ColleagueItem,
    responses=responses(Unauthorized, Forbidden, NotFound, IdempotencyKeyReused, InvalidInput),
)
async def set_staffing(principal: BossDep, once: OnceDep, command: Annotated[SetStaffing, body(SetStaffing)]) -> Response:
    """Set what is assigned by rule to a colleague of your region, and the weekly shifts. Null values are as usual for role and branch."""

    async def apply(work: UnitOfWork) -> ColleagueItem:
        return await staffing.set_staffing(work, principal, command)

    async def check_member(work: UnitOfWork) -> None:
        await staffing.member(work, principal, command.subject)

    return await once("staffing", command, apply, check_visible=check_member)


@router.post(
    "/v1/colleagues/reassignment",
    tags=["colleagues"],
    response_model=Reassigned,
    responses=responses(Unauthorized, Forbidden, NotFound, IdempotencyKeyReused, InvalidInput),
)
async def reassign_cases(principal: BossDep, once: OnceDep, command: Annotated[Reassign, body(Reassign)]) -> Response:
    """Take all open cases from a colleague of your region who leaves or is away: to the queues, to those present, or to the deputy."""

    async def apply(work: UnitOfWork) -> Reassigned:
        return await reassignment.reassign(work, principal, command)

    async def check_member(work: UnitOfWork) -> None:
        await staffing.member(work, principal, command.subject)

    return await once("reassignment", command, apply, check_visible=check_member)


@router.get("/v1/queues", tags=["colleagues"], responses=responses(Unauthorized, Forbidden, InvalidInput))
async def list_queues(principal: BossDep, work: ReadDep, _query: KnownQuery) -> ListResponse[QueueItem]:
    """Return the queues of your region: how many cases wait in each, who may get one now, and whether they are assigned by rule."""
    found = await staffing.queues(work, principal)
    return ListResponse(items=found, total=len(found), next_cursor=None)


@router.post(
    "/v1/queues/automatic",
    tags=["colleagues"],
    response_model=QueueItem,
    responses=responses(Unauthorized, Forbidden, IdempotencyKeyReused, InvalidInput),
)
async def set_automatic(principal: BossDep, once: OnceDep, command: Annotated[SetAutomatic, body(SetAutomatic)]) -> Response:
    """Switch assignment by rule on or off for a queue of your region. It is off until somebody switches it on."""

    async def apply(work: UnitOfWork) -> QueueItem:
        return await staffing.set_automatic(work, principal, command)

    return await once("automatic queue", command, apply)


@router.post(
    "/v1/bulk",
    tags=["cases"],
    response_model=BulkResult,
    responses=responses(Unauthorized, Forbidden, IdempotencyKeyReused, InvalidInput),
)
async def change_cases(
    request: Request, principal: WriterDep, once: OnceDep, command: Annotated[BulkCommand, body(BulkCommand)]
) -> Response:
    """Carry out one action on up to 100 cases, each by itself: a refused case stops none of the others, and its code says why."""
    await request.app.state.colleagues.record(principal)
    bulk.check_bulk(principal, command)

    async def work() -> StepsDone:
        return StepsDone(await bulk.carry_out_each(once.units, principal, command))

    sent = once.store.request(once.scope, once.key, "bulk", command) if once.key else None
    return await Steps(once.store, once.units).once(sent, work)


@router.post("/internal/v1/contents", tags=["internal"], responses=responses(Unauthorized, Forbidden))
async def read_contents(
    reader: Annotated[Principal, Depends(require("service"))],
    asked: Annotated[ContentsRequest, body(ContentsRequest)],
    work: UnitOfWorkDep,
) -> ContentsResponse:
    """Return answers and letters by id to another service. Every access is recorded in the audit log with its purpose."""
    return ContentsResponse(items=await reading.read_contents(work, asked, reader))
