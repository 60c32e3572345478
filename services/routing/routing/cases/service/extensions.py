"""Extensions of the statutory term: requested by a clerk with a reason, decided by the head or a deputy (АППК art. 76(3)).

A term is extended once, and only before it ends. The clock gives way to one with a later end, so that warnings, breaches and overdue
reports follow the new day.
"""

from typing import Final
from uuid import UUID

from routing.cases.codes import ExtensionDecision
from routing.cases.errors import ActionNotPossible
from routing.cases.repository import extensions as records
from routing.cases.schemas.commands import ApproveExtension, RejectExtension, RequestExtension
from routing.cases.schemas.extensions import ExtensionContent, ExtensionRecord, ExtensionView
from routing.cases.service import workflow
from routing.cases.service.action_context import ActionContext
from routing.clocks import service as clocks
from routing.clocks.codes import ACTIVE
from routing.clocks.errors import CalendarDoesNotReach
from routing.clocks.schemas import ClockRecord, ClockRow
from shared.contracts import TermExtended
from shared.domain.calendar import CalendarGap
from shared.domain.regions import regions
from shared.errors import InvalidInput
from shared.sealing import Sealer

TABLE: Final = "extension_request"
REQUESTED: Final = "extension-requested"
REJECTED: Final = "extension-rejected"
WITHDRAWN: Final = "extension-withdrawn"
LAPSED: Final = "extension-lapsed"


async def request(context: ActionContext, command: RequestExtension) -> None:
    """Store the request, sealed. Raises InvalidInput after the present end, and for a day before it or beyond the limit of the law."""
    clock, case, work = _clock(context), context.case, context.work
    today = context.now.astimezone(regions()[case.region].timezone).date()
    due_on = clock.due_at.astimezone(regions()[case.region].timezone).date()
    if command.until <= due_on:
        raise InvalidInput.field("until", "not-later", "Choose a day after the present end of the term.")
    if command.until > (latest := clocks.latest_extension(clock, today)):
        raise InvalidInput.field("until", "too-late", f"The term may be extended until {latest.isoformat()} at most.")
    request_id = work.ids.new()
    context.file.extension = made = ExtensionRecord(
        request_id=request_id,
        appeal_id=case.appeal_id,
        at=context.now,
        until=command.until,
        content=_sealed(work.sealer, request_id, "content", command.reason),
        actor_role=context.role,
        actor=context.principal.subject,
    )
    await records.add_extension(work.session, made)
    case.extension_id, case.extension_by = request_id, context.principal.subject
    context.enter(REQUESTED, day=command.until.isoformat())


async def approve(context: ActionContext, _command: ApproveExtension) -> None:
    """Let a clock with the requested end take the place of the statutory one, and publish `term-extended`.

    Raises InvalidInput if the term has ended meanwhile.
    """
    clock, asked, zone = _clock(context), _open_request(context), regions()[context.case.region].timezone
    try:
        extended = clocks.extend(clock, asked.until, context.case.region, context.work.ids.new())
    except CalendarGap:
        raise CalendarDoesNotReach from None
    await context.change_clocks(clocks.replace([clock], context.now), [extended])
    due_at = extended["due_at"]
    context.case.extended_until = due_at.astimezone(zone).date()
    await _decide(context, asked, ExtensionDecision.APPROVED)
    event = TermExtended(
        appeal_id=context.case.appeal_id, clock_id=extended["clock_id"], policy=clock.policy, due_at=due_at, actor_role=context.role
    )
    context.publish(event, day=context.case.extended_until.isoformat())


async def reject(context: ActionContext, command: RejectExtension) -> None:
    """Refuse the request with a reason, or withdraw it if it is one's own."""
    asked = _open_request(context)
    is_own = asked.actor == context.principal.subject
    asked.refusal = _sealed(context.work.sealer, asked.request_id, "refusal", command.reason)
    await _decide(context, asked, ExtensionDecision.WITHDRAWN if is_own else ExtensionDecision.REJECTED)
    context.enter(WITHDRAWN if is_own else REJECTED)


def follow(context: ActionContext, started: ClockRow) -> None:
    """Let a request lapse when another statutory clock starts. A term that was extended before is extended again with its clock."""
    case = context.case
    if case.awaits_extension:
        context.enter(LAPSED)
    case.extension_id = case.extension_by = None
    was_extended = any(entry.type == TermExtended.FACT for entry in context.file.history)
    is_extended = was_extended and clocks.is_extendable(case.statutory_form)
    case.extended_until = started["due_at"].astimezone(regions()[case.region].timezone).date() if is_extended else None


def view_of(request: ExtensionRecord, sealer: Sealer) -> ExtensionView:
    """Return a request, opened for a reader who sees the case. Raises SealError."""
    return ExtensionView(
        request_id=request.request_id,
        requested_at=request.at,
        requested_by=request.actor,
        requested_by_role=request.actor_role,
        until=request.until,
        reason=_opened(sealer, request.request_id, "content", request.content),
        decision=request.decision,
        decided_at=request.decided_at,
        decided_by=request.decided_by,
        decided_by_role=request.decided_role,
        refusal=_opened(sealer, request.request_id, "refusal", request.refusal) if request.refusal is not None else None,
    )


def _clock(context: ActionContext) -> ClockRecord:
    """Return the statutory clock that runs. Raises ActionNotPossible without one, InvalidInput after its end: a breach stays one."""
    running = (clock for clock in context.file.clocks if clock.statutory and clock.state in ACTIVE)
    if (clock := next(running, None)) is None:
        raise ActionNotPossible(workflow.next_actions(context.case, context.principal))
    if context.now > clock.due_at:
        raise InvalidInput.field("until", "term-passed", "The term has ended: it cannot be extended any more.")
    return clock


def _open_request(context: ActionContext) -> ExtensionRecord:
    asked = context.file.extension
    if asked is None or asked.request_id != context.case.extension_id:
        raise ActionNotPossible(workflow.next_actions(context.case, context.principal))
    return asked


async def _decide(context: ActionContext, asked: ExtensionRecord, decision: ExtensionDecision) -> None:
    asked.decision, asked.decided_at = decision, context.now
    asked.decided_role, asked.decided_by = context.role, context.principal.subject
    context.case.extension_id = context.case.extension_by = None
    await records.store_decision(context.work.session, asked)


def _sealed(sealer: Sealer, request_id: UUID, column: str, reason: str) -> bytes:
    return sealer.seal(TABLE, request_id, column, ExtensionContent(reason=reason).model_dump_json().encode())


def _opened(sealer: Sealer, request_id: UUID, column: str, sealed: bytes) -> str:
    return ExtensionContent.model_validate_json(sealer.open(TABLE, request_id, column, sealed)).reason
