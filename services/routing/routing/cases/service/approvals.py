"""Four eyes: an action of `approvals.csv` waits for a second person, who carries it out or rejects it.

Extensions of the term have a request and actions of their own, which clients know; who decides on them is a row of the same policy.
"""

from collections.abc import Mapping
from typing import Final

from pydantic import JsonValue, ValidationError
from pydantic_core import from_json

from routing.cases.codes import ApprovalDecision
from routing.cases.errors import ActionNotPossible
from routing.cases.policy import ApprovalRule
from routing.cases.repository import approvals as records
from routing.cases.schemas.approvals import ApprovalRecord, ApprovalView
from routing.cases.schemas.command import Command
from routing.cases.schemas.commands import COMMANDS, Reject
from routing.cases.schemas.extensions import ExtensionContent
from routing.cases.service import workflow
from routing.cases.service.action_context import ActionContext
from shared.sealing import Sealer

TABLE: Final = "approval_request"
REQUESTED: Final = "approval-requested"
GIVEN: Final = "approval-given"
REJECTED: Final = "approval-rejected"
WITHDRAWN: Final = "approval-withdrawn"
ENTRIES: Final = (REQUESTED, GIVEN, REJECTED, WITHDRAWN)
_OF_THE_REQUEST: Final = frozenset({"expected_version", "hold_seconds"})
"""Fields of the body that say nothing of the action itself."""
_COMMANDS: Final[Mapping[str, type[Command]]] = {command.ACTION: command for command in COMMANDS}


async def request(context: ActionContext, rule: ApprovalRule, command: Command) -> None:
    """Store the action, sealed, and let the case wait for a second person in its status."""
    case, work = context.case, context.work
    request_id = work.ids.new()
    context.file.approval = made = ApprovalRecord(
        request_id=request_id,
        appeal_id=case.appeal_id,
        at=context.now,
        action=command.ACTION,
        rule=rule.code,
        content=work.sealer.seal(TABLE, request_id, "content", command.model_dump_json().encode()),
        actor_role=context.role,
        actor=context.principal.subject,
    )
    await records.add_approval(work.session, made)
    case.approval_id, case.approval_by = request_id, context.principal.subject
    case.approval_action, case.approval_rule = command.ACTION, rule.code
    context.enter(REQUESTED, action=command.ACTION)


def open_request(context: ActionContext) -> ApprovalRecord:
    """Return the request that waits. Raises ActionNotPossible without one."""
    asked = context.file.approval
    if asked is None or asked.request_id != context.case.approval_id:
        raise ActionNotPossible(workflow.next_actions(context.case, context.principal))
    return asked


def command_of(context: ActionContext, asked: ApprovalRecord) -> Command:
    """Return the action that waits. Raises ActionNotPossible if its codes are no longer those of the policy; SealError."""
    body = context.work.sealer.open(TABLE, asked.request_id, "content", asked.content)
    try:
        return _COMMANDS[asked.action].model_validate_json(body)
    except ValidationError:
        raise ActionNotPossible(workflow.next_actions(context.case, context.principal)) from None


async def give(context: ActionContext, asked: ApprovalRecord) -> None:
    """Note the approval. The action itself follows in the same transaction."""
    await _decide(context, asked, ApprovalDecision.APPROVED)
    context.enter(GIVEN, action=asked.action)


async def reject(context: ActionContext, command: Reject) -> None:
    """Refuse the action with a reason, or withdraw it if it is one's own."""
    asked = open_request(context)
    is_own = asked.actor == context.principal.subject
    reason = ExtensionContent(reason=command.reason).model_dump_json().encode()
    asked.refusal = context.work.sealer.seal(TABLE, asked.request_id, "refusal", reason)
    await _decide(context, asked, ApprovalDecision.WITHDRAWN if is_own else ApprovalDecision.REJECTED)
    context.enter(WITHDRAWN if is_own else REJECTED, action=asked.action)


async def _decide(context: ActionContext, asked: ApprovalRecord, decision: ApprovalDecision) -> None:
    asked.decision, asked.decided_at = decision, context.now
    asked.decided_role, asked.decided_by = context.role, context.principal.subject
    case = context.case
    case.approval_id = case.approval_by = case.approval_action = case.approval_rule = None
    await records.store_decision(context.work.session, asked)


def view_of(asked: ApprovalRecord, sealer: Sealer, *, waits: bool) -> ApprovalView:
    """Return a request, opened for a reader who sees the case. `waits`: it is the one that the case waits for. Raises SealError."""
    body: dict[str, JsonValue] = from_json(sealer.open(TABLE, asked.request_id, "content", asked.content))
    refusal = sealer.open(TABLE, asked.request_id, "refusal", asked.refusal) if asked.refusal is not None else None
    return ApprovalView(
        request_id=asked.request_id,
        action=asked.action,
        rule=asked.rule,
        requested_at=asked.at,
        requested_by=asked.actor,
        requested_by_role=asked.actor_role,
        fields={name: value for name, value in body.items() if name not in _OF_THE_REQUEST},
        decision=asked.decision if asked.decision or waits else ApprovalDecision.LAPSED,
        decided_at=asked.decided_at,
        decided_by=asked.decided_by,
        decided_by_role=asked.decided_role,
        refusal=ExtensionContent.model_validate_json(refusal).reason if refusal is not None else None,
    )
