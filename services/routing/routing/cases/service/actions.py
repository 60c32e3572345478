"""The actions on a case. Each locks the case, moves it along the workflow, and publishes the event."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, cast

from routing.cases import events, repository
from routing.cases.codes import NoteKind
from routing.cases.errors import ActionNotPossible, VersionConflict
from routing.cases.policy import ApprovalRule, Signer, approval_rules
from routing.cases.schemas import commands
from routing.cases.schemas.command import Command
from routing.cases.schemas.contents import LetterContent
from routing.cases.schemas.corrections import SubjectCodes
from routing.cases.schemas.protection_commands import Protect, RecordDelivery, Unprotect
from routing.cases.schemas.rows import (
    CaseRecord,
)
from routing.cases.schemas.views import CaseView
from routing.cases.service import (
    answering,
    approvals,
    closing,
    colleagues,
    correcting,
    deputies,
    endings,
    extensions,
    issues,
    links,
    notes,
    protection,
    provider_questions,
    workflow,
)
from routing.cases.service.action_context import ActionContext
from routing.cases.service.reading import read_file, view
from routing.clocks import service as clocks
from routing.clocks.codes import ClockCode, ClockTrigger
from routing.clocks.errors import CalendarDoesNotReach
from shared.auth import Principal, Role
from shared.contracts import (
    ApplicantAsked,
    CompletionAsked,
)
from shared.domain.calendar import CalendarGap
from shared.domain.lifecycle import CaseStatus
from shared.domain.regions import regions
from shared.domain.taxonomy import taxonomy
from shared.errors import FieldError, Forbidden, InvalidInput
from shared.unit_of_work import UnitOfWork


def check_role(principal: Principal, command: Command) -> None:
    """Raise Forbidden for a principal whose roles never carry out the action."""
    if not workflow.may_ever(principal, command.ACTION):
        raise Forbidden


async def carry_out(work: UnitOfWork, principal: Principal, case: CaseRecord, command: Command) -> CaseView:
    """Carry out the command on the locked case, and return the case as it is afterwards.

    Raises Forbidden for a role that never carries out the action, VersionConflict, ActionNotPossible in the current status, and
    InvalidInput if an answer does not pass the closure gate or codes do not go together.
    """
    actor = await deputies.acting(work, principal)
    check_role(actor, command)
    if case.version != command.expected_version:
        raise VersionConflict(case.version)
    step = workflow.steps().get((case.desk_status, command.ACTION))
    if step is None or not step.is_open_to(actor, case):
        raise ActionNotPossible(workflow.next_actions(case, actor))
    context = ActionContext(work, await read_file(work, case), principal, work.clock.now(), case.status)
    case.has_news = False
    if (rule := _rule_for(context, command)) is not None:
        await approvals.request(context, rule, command)
    else:
        await _follow(context, step, command)
    await context.store()
    return view(work, actor, context.file)


async def _follow(context: ActionContext, step: workflow.Step, command: Command) -> None:
    if isinstance(step.next, CaseStatus):
        context.case.status = step.next
    await _ACTIONS[type(command)](context, command)


def _rule_for(context: ActionContext, command: Command) -> ApprovalRule | None:
    """Return the rule by which the command needs a second person, None if it needs none.

    Raises InvalidInput for an answer that does not pass the closure gate: nobody is asked to approve it.
    """
    rules = [rule for rule in workflow.rules_for(context.case, command.ACTION) if rule.code != workflow.EXTENSION]
    if not rules or not isinstance(command, commands.GiveAnswer):
        return next(iter(rules), None)
    held = answering.checked(context, command)
    found = {held.outcome, *(finding.outcome for finding in held.content.findings)}
    return next((rule for rule in rules if rule.outcomes is None or not rule.outcomes.isdisjoint(found)), None)


async def _approve(context: ActionContext, _command: commands.Approve) -> None:
    """Carry out the action that waits, in the name of its author or of whoever approves, as the rule says."""
    asked = approvals.open_request(context)
    wanted, rule = approvals.command_of(context, asked), approval_rules().get(asked.rule)
    await approvals.give(context, asked)
    step = workflow.steps()[context.before, wanted.ACTION]  # the guard of `approve` has seen that it is possible
    if isinstance(wanted, commands.GiveAnswer):
        wanted = wanted.model_copy(update={"hold_seconds": 0})  # it waited long enough
    author = Principal(subject=asked.actor, issuer="", roles=frozenset({cast("Role", asked.actor_role)}))
    is_of_author = rule is not None and rule.signed_by is Signer.AUTHOR
    await _follow(replace(context, principal=author) if is_of_author else context, step, wanted)


async def _claim(context: ActionContext, _command: commands.Claim) -> None:
    context.case.assignee = context.principal.subject
    context.publish(events.case_claimed(context.case, context.role))


async def _assign(context: ActionContext, command: commands.Assign) -> None:
    """Raises UnknownAssignee."""
    await colleagues.require(context.work, context.case, command.assignee)
    context.case.assignee = command.assignee
    context.publish(events.case_claimed(context.case, context.role), "case-assigned")


async def _classify(context: ActionContext, command: commands.Classify) -> None:
    case = context.case
    if errors := taxonomy().subject_errors(command.kind, command.category, command.topic):
        raise InvalidInput([FieldError(field, code, "The category or topic does not belong to this kind.") for field, code in errors])
    before = _codes(case)
    case.kind, case.category, case.topic = command.kind, command.category, command.topic
    case.statutory_form = command.statutory_form or taxonomy().kinds[command.kind].default_form
    issues.follow_category(context)
    correcting.move(case, correcting.tier_of(case))
    await correcting.end_sorting(context)
    await repository.add_correction(
        context.work.session,
        {
            "id": context.work.ids.new(),
            "appeal_id": case.appeal_id,
            "at": context.now,
            "actor_role": context.role,
            "actor": context.principal.subject,
            "before": before,
            "after": _codes(case),
        },
    )
    await correcting.publish_correction(context, kind=case.kind, tier=case.tier)


async def _split_issue(context: ActionContext, command: commands.SplitIssue) -> None:
    issues.split(context, command)
    correcting.move(context.case, max(context.case.tier, correcting.tier_of(context.case)))
    await correcting.publish_correction(context, "issue-split", category=command.category, tier=context.case.tier)


async def _remove_issue(context: ActionContext, command: commands.RemoveIssue) -> None:
    """A case that is on the tier of its issues stays on it; one that was raised stays where it is."""
    case, before = context.case, correcting.tier_of(context.case)
    category = issues.remove(context, command)
    if case.tier == before and not correcting.is_raised(context.file.history):
        correcting.move(case, correcting.tier_of(case))
    await correcting.publish_correction(context, "issue-removed", category=category, tier=case.tier)


async def _escalate(context: ActionContext, command: commands.Escalate) -> None:
    correcting.move(context.case, context.case.tier + 1)
    await correcting.end_sorting(context)
    context.publish(events.tier_raised(context.case, command.reason), tier=context.case.tier, reason=command.reason)


async def _ask(context: ActionContext, command: commands.Ask) -> None:
    letter_id = endings.write_letter(context, command.language, LetterContent(text=command.text))
    due = await _wait_for_applicant(context, ClockCode.APPLICANT_REPLY)
    asked = ApplicantAsked(appeal_id=context.case.appeal_id, question_id=letter_id, due_at=due, actor_role=context.role)
    context.publish(asked, due=due.isoformat())


async def _request_completion(context: ActionContext, command: commands.RequestCompletion) -> None:
    missing = list(dict.fromkeys(command.missing))
    letter_id = endings.write_letter(context, command.language, LetterContent(text=command.text, missing=missing))
    due = await _wait_for_applicant(context, ClockCode.FIX_PERIOD)
    asked = CompletionAsked(appeal_id=context.case.appeal_id, question_id=letter_id, missing=missing, due_at=due, actor_role=context.role)
    context.publish(asked, due=due.isoformat())


async def _wait_for_applicant(context: ActionContext, policy: ClockCode) -> datetime:
    """Start the applicant's clock and return its end. Raises CalendarDoesNotReach."""
    earlier = [clock for clock in context.file.clocks if clock.policy in clocks.triggered_by(ClockTrigger.APPLICANT)]
    try:
        started = clocks.begin(context.case.appeal_id, [policy], context.clock_start, context.new_clock_id)
    except CalendarGap:
        raise CalendarDoesNotReach from None
    await context.change_clocks(clocks.replace(earlier, context.now), started)
    return started[0]["due_at"]


async def _log_call(context: ActionContext, command: commands.LogCall) -> None:
    """Raises InvalidInput for a day before today in the region of the case."""
    today = context.now.astimezone(regions()[context.case.region].timezone).date()
    if command.follow_up_on is not None and command.follow_up_on < today:
        raise InvalidInput.field("follow_up_on", "too-early", "This day has passed.")
    notes.write(context.work, context.principal, context.case.appeal_id, NoteKind.CALL, command.text)
    context.case.follow_up_on = command.follow_up_on
    if command.follow_up_on is None:
        context.enter("call-logged")
    else:
        context.enter("call-logged-again", day=command.follow_up_on.isoformat())


async def _close(context: ActionContext, command: commands.Close) -> None:
    closing.require_answered(context.case, command.outcome)
    links.require_link(context.case, command.outcome)
    workflow.require_confirmation(context.case, command.outcome)
    answering.close(context, command.outcome)


def _codes(case: CaseRecord) -> SubjectCodes:
    return {
        "kind": case.kind,
        "statutory_form": case.statutory_form,
        "category": case.category,
        "topic": case.topic,
        "tier": case.tier,
    }


_ACTIONS: Mapping[type[Command], Callable[[ActionContext, Any], Awaitable[None]]] = {
    commands.Claim: _claim,
    commands.Assign: _assign,
    commands.Classify: _classify,
    commands.Escalate: _escalate,
    commands.GiveAnswer: answering.answer,
    commands.AnswerAndClose: answering.answer,
    commands.Undo: answering.take_back,
    commands.Close: _close,
    commands.Ask: _ask,
    commands.RequestCompletion: _request_completion,
    commands.Return: endings.return_appeal,
    commands.Terminate: endings.terminate,
    commands.Forward: endings.forward,
    commands.PassUp: endings.pass_up,
    commands.Redirect: endings.redirect,
    commands.LogCall: _log_call,
    commands.AskProvider: provider_questions.ask,
    commands.RequestExtension: extensions.request,
    commands.ApproveExtension: extensions.approve,
    commands.RejectExtension: extensions.reject,
    commands.Approve: _approve,
    commands.Reject: approvals.reject,
    commands.SplitIssue: _split_issue,
    commands.RemoveIssue: _remove_issue,
    commands.SetFinding: issues.set_finding,
    commands.LinkDuplicate: links.link,
    commands.Unlink: links.unlink,
    Protect: correcting.protect,
    Unprotect: correcting.unprotect,
    RecordDelivery: protection.record_delivery,
}
