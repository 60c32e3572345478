"""Answers: what they must contain, the wait in which their author can take them back, and the sending at its end."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final, cast

import structlog

from routing.cases import events, repository
from routing.cases.codes import ResponseCode
from routing.cases.policy import NamedCode, applicant_outcomes, closure_gate, confirmed_outcomes
from routing.cases.schemas import commands
from routing.cases.schemas.command import CaseAction
from routing.cases.schemas.fields import APPLICANTS_OUTCOME
from routing.cases.schemas.rows import AnswerRecord, CaseRecord, HistoryRecord
from routing.cases.service import drafts, issues, links, workflow
from routing.cases.service.action_context import ActionContext
from routing.cases.service.history import SERVICE_ROLE
from routing.cases.service.reading import read_file
from routing.clocks import service as clocks
from routing.clocks.codes import ClockCode
from shared.auth import Principal, Role
from shared.contracts import CaseReopened, InquiryAnswered, OutcomeDenied, SolutionProposed
from shared.domain.lifecycle import CaseStatus
from shared.domain.taxonomy import taxonomy
from shared.errors import FieldError, InvalidInput
from shared.sealing import SealBroken
from shared.unit_of_work import UnitOfWork

REQUIRED: Final = "This field is needed."
HELD: Final = "answer-held"
TAKEN_BACK: Final = "answer-recalled"
_ACTION_OF: Final[Mapping[bool, CaseAction]] = {False: CaseAction.ANSWER, True: CaseAction.ANSWER_AND_CLOSE}
"""The action whose answer waits, by whether the case is closed with it."""
log = structlog.get_logger("answering")


async def answer(context: ActionContext, command: commands.GiveAnswer) -> None:
    """Send the answer, or let it wait. Raises InvalidInput for an answer that does not pass the closure gate."""
    held = checked(context, command)
    if command.hold_seconds:
        await _hold(context, held, timedelta(seconds=command.hold_seconds))
    else:
        await _send(context, held)


def checked(context: ActionContext, command: commands.GiveAnswer) -> drafts.HeldAnswer:
    """Return the answer with the findings that are set. Raises InvalidInput for one that does not pass the closure gate."""
    content = commands.AnswerContent(**{name: getattr(command, name) for name in commands.AnswerContent.model_fields})
    content.findings = issues.with_set_findings(context, content.findings)
    if errors := _gate_errors(context.case, content):
        raise InvalidInput(errors, "The answer does not say yet all that it has to.")
    outcome = command.outcome if isinstance(command, commands.AnswerAndClose) else None
    links.require_link(context.case, outcome or "")
    workflow.require_confirmation(context.case, outcome)
    return drafts.HeldAnswer(content, command.language, context.role, outcome)


async def take_back(context: ActionContext, _command: commands.Undo) -> None:
    """End the wait of an answer without sending it. It stays its author's draft."""
    context.case.sends_at = context.case.sending_by = None
    context.enter(TAKEN_BACK)


async def _hold(context: ActionContext, held: drafts.HeldAnswer, wait: timedelta) -> None:
    """Let the answer wait as its author's draft; a deadline ends the wait, so that waiting never makes an answer late."""
    case, due = context.case, context.case.next_due_at
    case.status = context.before
    case.sends_at = min(context.now + wait, due) if due > context.now else context.now + wait
    case.sending_by = context.principal.subject
    await drafts.hold(context.work, case.appeal_id, context.principal.subject, held)
    context.enter(HELD, due=case.sends_at.isoformat())


async def has_answers_to_send(work: UnitOfWork) -> bool:
    """Return whether the wait of an answer has ended."""
    return await repository.has_answers_to_send(work.session, work.clock.now())


async def send_next(work: UnitOfWork) -> bool:
    """Send the answer whose wait ended first; return whether there was one.

    The case is locked from the search to the commit, and the wait ends in the same transaction as the answer is published: two processes
    never send one answer, and a process that is killed leaves the answer waiting for the next run.
    """
    now = work.clock.now()
    if (case := await repository.lock_next_to_send(work.session, now)) is None:
        return False
    held = await _opened(work, case)
    step = workflow.steps().get((case.status, _ACTION_OF[held.outcome is not None])) if held else None
    role = held.actor_role if held else SERVICE_ROLE
    author = Principal(subject=case.sending_by or "", issuer="", roles=frozenset({cast("Role", role)}))
    context = ActionContext(work, await read_file(work, case), author, now, case.status)
    if held is None or step is None or not isinstance(step.next, CaseStatus) or not _may_still_close(case, held):
        context.case.sends_at = context.case.sending_by = None
        context.enter(TAKEN_BACK)
    else:
        case.status = step.next
        await _send(context, held)
    await context.store()
    return True


def _may_still_close(case: CaseRecord, held: drafts.HeldAnswer) -> bool:
    """Return whether the outcome with which the answer closes the case is still possible: a confirmation may have been refuted."""
    return held.outcome not in confirmed_outcomes() or case.is_solution_confirmed


async def _opened(work: UnitOfWork, case: CaseRecord) -> drafts.HeldAnswer | None:
    """Return the answer that waits; None if it cannot be read, so that it does not stop the answers behind it."""
    try:
        return await drafts.held(work, case.appeal_id, case.sending_by or "")
    except SealBroken:
        log.exception("held answer cannot be read", appeal_id=str(case.appeal_id))
        return None


async def _send(context: ActionContext, held: drafts.HeldAnswer) -> None:
    """Store the answer, stop the clocks, and publish it; with an outcome, close the case."""
    case, author = context.case, context.principal.subject
    answer_id = context.work.ids.new()
    context.file.answer = given = AnswerRecord(
        answer_id=answer_id,
        appeal_id=case.appeal_id,
        at=context.now,
        language=held.language,
        content=context.work.sealer.seal("answer", answer_id, "content", held.content.model_dump_json().encode()),
        actor_role=context.role,
        actor=author,
    )
    repository.add_answer(context.work.session, given)
    await repository.delete_draft(context.work.session, case.appeal_id, author)
    case.sends_at = case.sending_by = None
    case.answer_id, case.answer_outcome = answer_id, _outcome_of(case, held.content.findings)
    is_settled = case.is_solution_confirmed or _is_settled_by_provider(context.file.history)
    case.confirmed_outcome = NamedCode.RESOLVED_ON_SPOT if is_settled else None
    met = [clock for clock in context.file.clocks if clock.policy != ClockCode.REDIRECT_CRIME]
    await context.change_clocks(clocks.stop(met, context.now))
    findings = held.content.findings
    await issues.keep_answered(context, findings)
    context.publish(events.answer_given(case, given, [finding.outcome for finding in findings], issues.answered(case, findings)))
    if held.outcome is not None:
        close(context, held.outcome)


def close(context: ActionContext, outcome: str) -> None:
    """Close the case with the outcome and publish it."""
    context.case.outcome, context.case.closed_at = outcome, context.now
    context.publish(events.case_closed(context.case.appeal_id, outcome, context.role), outcome=outcome)


def _is_settled_by_provider(history: Sequence[HistoryRecord]) -> bool:
    """Return whether the provider's latest word is that the issue is resolved, and the applicant has denied neither it nor an answer since.

    The provider proposes; the applicant confirms, here the answer that says so.
    """
    latest = next((entry for entry in reversed(history) if entry.type in _SAYS_WHETHER_SETTLED), None)
    if latest is None:
        return False
    says_resolved = latest.type == InquiryAnswered.FACT and latest.data.get("code") == ResponseCode.RESOLVED
    return says_resolved or latest.type == SolutionProposed.FACT


_SAYS_WHETHER_SETTLED: Final = frozenset(
    {InquiryAnswered.FACT, SolutionProposed.FACT, "proposal-confirmed", "proposal-denied", OutcomeDenied.FACT, CaseReopened.FACT}
)


def _outcome_of(case: CaseRecord, findings: Sequence[commands.Finding]) -> str:
    """Return the outcome of the answer: of the finding on the case's category, else of the first, else of the kind."""
    issue = taxonomy().root_category(case.category) if case.category else None
    own = [finding.outcome for finding in findings if taxonomy().root_category(finding.category) == issue]
    return next(iter([*own, *(finding.outcome for finding in findings)]), closure_gate()[case.kind].outcome)


def _gate_errors(case: CaseRecord, answer: commands.AnswerContent) -> list[FieldError]:
    """Return what the answer lacks (АППК art. 65, 80, 89): a finding on each issue of the case, the next steps, how to complain."""
    gate = closure_gate()[case.kind]
    errors = []
    if gate.findings and not answer.findings:
        errors.append(FieldError("findings", "required", "A finding with its fact and rule is needed for each issue."))
    elif gate.findings:
        lacking = issues.without_finding(case, answer.findings)
        errors += [FieldError("findings", "issue-without-finding", f"No finding speaks of the issue {category}.") for category in lacking]
    errors += [
        FieldError(f"findings.{number}.outcome", "applicants-outcome", APPLICANTS_OUTCOME)
        for number, finding in enumerate(answer.findings)
        if finding.outcome in applicant_outcomes()
    ]
    for number, finding in enumerate(answer.findings):
        errors += links.link_errors(case, finding.outcome, f"findings.{number}.outcome")
    errors += [
        FieldError(name, "required", REQUIRED)
        for name in ("next_steps", "how_to_complain")
        if getattr(gate, name) and getattr(answer, name) is None
    ]
    return errors
