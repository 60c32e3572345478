"""The actions on a case. Each locks the case, moves it along the workflow, and publishes the event."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, cast

from typing_extensions import Unpack

from routing.cases import events, repository
from routing.cases.codes import NoteKind, Urgency
from routing.cases.errors import ActionNotPossible, VersionConflict
from routing.cases.policy import ApprovalRule, Signer, approval_rules, danger_in, dangers
from routing.cases.schemas import commands
from routing.cases.schemas.contents import LetterContent
from routing.cases.schemas.rows import (
    CaseRecord,
    HistoryCodes,
    HistoryRecord,
    SubjectCodes,
)
from routing.cases.schemas.staffing import queue_of
from routing.cases.schemas.views import CaseView
from routing.cases.service import (
    answering,
    approvals,
    colleagues,
    deputies,
    endings,
    extensions,
    issues,
    links,
    notes,
    provider_questions,
    workflow,
)
from routing.cases.service.action_context import ActionContext
from routing.cases.service.reading import read_file, view
from routing.clocks import service as clocks
from routing.clocks.codes import ClockCode, ClockTrigger
from routing.clocks.errors import CalendarDoesNotReach
from routing.clocks.events import clock_started
from routing.clocks.schemas import ClockRow
from shared.auth import Principal, Role
from shared.contracts import (
    ApplicantAsked,
    CaseReopened,
    ClassificationCorrected,
    CompletionAsked,
    TierRaised,
)
from shared.domain.calendar import CalendarGap
from shared.domain.lifecycle import CaseStatus
from shared.domain.regions import regions
from shared.domain.routing_policy import tier_for
from shared.domain.taxonomy import taxonomy
from shared.errors import FieldError, Forbidden, InvalidInput
from shared.unit_of_work import UnitOfWork


def check_role(principal: Principal, command: commands.Command) -> None:
    """Raise Forbidden for a principal whose roles never carry out the action."""
    if not workflow.may_ever(principal, command.ACTION):
        raise Forbidden


async def carry_out(work: UnitOfWork, principal: Principal, case: CaseRecord, command: commands.Command) -> CaseView:
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


async def _follow(context: ActionContext, step: workflow.Step, command: commands.Command) -> None:
    if isinstance(step.next, CaseStatus):
        context.case.status = step.next
    await _ACTIONS[type(command)](context, command)


def _rule_for(context: ActionContext, command: commands.Command) -> ApprovalRule | None:
    """Return the rule by which the command needs a second person, None if it needs none.

    Raises InvalidInput for an answer that does not pass the closure gate: nobody is asked to approve it.
    """
    rules = [rule for rule in workflow.rules_for(context.case, command.ACTION) if rule.code != workflow.EXTENSION]
    if not rules or not isinstance(command, commands.GiveAnswer):
        return next(iter(rules), None)
    found = {finding.outcome for finding in answering.checked(context, command).content.findings}
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
    _move(case, _tier_of(case))
    await _end_sorting(context)
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
    await _publish_correction(context, kind=case.kind, tier=case.tier)


async def _split_issue(context: ActionContext, command: commands.SplitIssue) -> None:
    issues.split(context, command)
    _move(context.case, max(context.case.tier, _tier_of(context.case)))
    await _publish_correction(context, "issue-split", category=command.category, tier=context.case.tier)


async def _remove_issue(context: ActionContext, command: commands.RemoveIssue) -> None:
    """A case that is on the tier of its issues stays on it; one that was raised stays where it is."""
    case, before = context.case, _tier_of(context.case)
    category = issues.remove(context, command)
    if case.tier == before and not _is_raised(context.file.history):
        _move(case, _tier_of(case))
    await _publish_correction(context, "issue-removed", category=category, tier=case.tier)


def _is_raised(history: Sequence[HistoryRecord]) -> bool:
    """Return whether the case was passed to a higher tier since its classification was corrected."""
    moving = {TierRaised.FACT, CaseReopened.FACT, ClassificationCorrected.FACT}
    latest = next((entry for entry in reversed(history) if entry.type in moving), None)
    return latest is not None and latest.type != ClassificationCorrected.FACT


def _tier_of(case: CaseRecord) -> int:
    """Return the highest tier of the issues of a case."""
    urgent = case.urgency == Urgency.URGENT
    subjects: Sequence[str | None] = case.categories or [None]
    return max(tier_for(case.kind, category, case.topic, urgent=urgent) for category in subjects)


async def _publish_correction(context: ActionContext, entry_type: str | None = None, **codes: Unpack[HistoryCodes]) -> None:
    """Let the clocks follow, and publish the corrected case. `entry_type`: by default the fact itself."""
    case = context.case
    started, danger_clocks = await _adjust_clocks(context)
    context.publish(events.classification_corrected(case, context.role), entry_type, **codes)
    for clock in started:
        if clock["statutory"]:
            extensions.follow(context, clock)
            context.publish(clock_started(clock), policy=clock["policy"], due=clock["due_at"].isoformat())
    for clock in danger_clocks:
        rule = case.danger or ""
        found: HistoryCodes = {"danger": rule, "body": dangers()[rule].body, "due": clock["due_at"].isoformat()}
        context.publish(events.danger_reported(case.appeal_id, rule, clock["due_at"]), **found)


async def _adjust_clocks(context: ActionContext) -> tuple[list[ClockRow], list[ClockRow]]:
    """Let the clocks follow the corrected kind and form. Return the started clocks, and those of a newly found danger."""
    case = context.case
    try:
        outdated, started = clocks.adjust(case, context.file.clocks, context.work.ids.new)
        danger_clocks = _start_danger(context)
    except CalendarGap:
        raise CalendarDoesNotReach from None
    await context.change_clocks(clocks.replace(outdated, context.now), [*started, *danger_clocks])
    return started, danger_clocks


def _start_danger(context: ActionContext) -> list[ClockRow]:
    """Return the clock of a crime that the clerk found in the appeal; nothing if a danger was found before."""
    case = context.case
    rule = next(filter(None, (danger_in(category, urgent=False) for category in case.categories)), None)
    if case.danger is not None or rule is None:
        return []
    case.danger = rule
    policies = clocks.triggered_by(ClockTrigger.DANGER)
    return clocks.begin(case.appeal_id, policies, context.clock_start, context.new_clock_id)


async def _escalate(context: ActionContext, command: commands.Escalate) -> None:
    _move(context.case, context.case.tier + 1)
    await _end_sorting(context)
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
    links.require_link(context.case, command.outcome)
    workflow.require_confirmation(context.case, command.outcome)
    answering.close(context, command.outcome)


def _move(case: CaseRecord, tier: int) -> None:
    """Put the case into the queue of a tier; an unsorted one stays in its own. On another tier it is unassigned."""
    if tier != case.tier:
        case.assignee = None
    case.tier = tier
    case.queue = queue_of(case.region, tier, case.language, unsorted=case.unsorted)


async def _end_sorting(context: ActionContext) -> None:
    """Stop the clock TRIAGE of an unsorted case: a person has decided where it belongs."""
    if context.case.unsorted:
        await context.change_clocks(clocks.stop((clock for clock in context.file.clocks if clock.policy == ClockCode.TRIAGE), context.now))


def _codes(case: CaseRecord) -> SubjectCodes:
    return {
        "kind": case.kind,
        "statutory_form": case.statutory_form,
        "category": case.category,
        "topic": case.topic,
        "tier": case.tier,
    }


_ACTIONS: Mapping[type[commands.Command], Callable[[ActionContext, Any], Awaitable[None]]] = {
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
}
