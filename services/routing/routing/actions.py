"""What can be done with a case: each action locks the case, moves it along the workflow, and says so."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from routing import clocks, colleagues, events, repository, schemas, workflow
from routing.errors import ActionNotPossible, CalendarDoesNotReach, VersionConflict
from routing.history import entry
from routing.models import NEVER, Answer, AppealCase, Letter
from routing.queues import queue_of
from routing.reference import closure_gate, danger_in, dangers
from routing.service import Tools, view
from shared.auth import Principal
from shared.contracts import (
    ApplicantAsked,
    CaseForwarded,
    CaseReturned,
    CaseTerminated,
    CompletionAsked,
    DangerPassedOn,
    Event,
    PartForwarded,
)
from shared.domain.calendar import CalendarGap
from shared.domain.lifecycle import holder_of
from shared.domain.routing_policy import tier_for
from shared.domain.taxonomy import taxonomy
from shared.errors import FieldError, Forbidden, InvalidInput, NotFound
from shared.messaging import outbox
from shared.visibility import visible_cases

NEEDED = "This field is needed."


@dataclass(frozen=True, slots=True)
class _Work:
    """One action on one locked case."""

    session: AsyncSession
    case: AppealCase
    principal: Principal
    now: datetime
    tools: Tools
    before: str
    """The status that the step leaves."""

    @property
    def role(self) -> str:
        return self.principal.role or ""

    @property
    def local_today(self) -> clocks.Start:
        """Where a term begins that somebody sets now."""
        return clocks.Start(self.case.region, self.now, self.now, asked_at=self.now)

    async def tell(self, event: Event, told: str | None = None, **codes: Any) -> None:
        """Emit the fact and note it in the history, under one id."""
        source = outbox.append(self.session, event)
        row = entry(self.case.appeal_id, source, self.now, told or event.FACT, actor_role=self.role, actor=self.principal.subject, **codes)
        await repository.add_history(self.session, [row])


async def lock_case(session: AsyncSession, principal: Principal, appeal_id: UUID) -> AppealCase:
    """The case, locked for a change. Raises NotFound as `read_case` does."""
    case = await repository.lock_case(session, appeal_id, visible_cases(principal))
    if case is None:
        raise NotFound
    return case


def check_role(principal: Principal, command: schemas.Command) -> None:
    """Raises Forbidden for a role that never does this."""
    if not workflow.may_ever(principal, command.ACTION):
        raise Forbidden


async def act(session: AsyncSession, principal: Principal, case: AppealCase, command: schemas.Command, tools: Tools) -> schemas.CaseView:
    """Do what the command says with the locked case, and show it as it then is.

    Raises Forbidden for a role that never does this, VersionConflict, ActionNotPossible from the case's present state, and
    InvalidInput when an answer does not pass the closure gate or codes do not go together.
    """
    check_role(principal, command)
    if case.version != command.expected_version:
        raise VersionConflict(case.version)
    step = workflow.steps().get((case.status, command.ACTION))
    if step is None or not step.is_open_to(principal, case):
        raise ActionNotPossible([action.model_dump(mode="json") for action in workflow.next_actions(case, principal)])
    before, case.status, case.has_news = case.status, step.next, False
    await _ACTIONS[type(command)](_Work(session, case, principal, tools.clock.now(), tools, before), command)
    case.holder = holder_of(case.status, case.tier)
    case.version += 1
    await session.flush()
    return await view(session, principal, case, tools)


async def _claim(work: _Work, _command: schemas.Claim) -> None:
    work.case.assignee = work.principal.subject
    await work.tell(events.case_claimed(work.case, work.role))


async def _assign(work: _Work, command: schemas.Assign) -> None:
    """Raises UnknownAssignee."""
    await colleagues.require(work.session, work.case, command.assignee)
    work.case.assignee = command.assignee
    await work.tell(events.case_claimed(work.case, work.role), "case-assigned")


async def _classify(work: _Work, command: schemas.Classify) -> None:
    case = work.case
    if errors := taxonomy().subject_errors(command.kind, command.category, command.topic):
        raise InvalidInput([FieldError(field, code, "The category or topic does not belong to this kind.") for field, code in errors])
    before = _codes(case)
    case.kind, case.category, case.topic = command.kind, command.category, command.topic
    case.statutory_form = command.statutory_form or taxonomy().kinds[command.kind].default_form
    _move(case, tier_for(case.kind, case.category, case.topic, urgent=case.urgency == "URGENT"))
    had = await repository.clocks(work.session, case.appeal_id)
    try:
        left, started = clocks.adjust(case, had, work.tools.ids.new)
        warned = _new_danger(work)
    except CalendarGap:
        raise CalendarDoesNotReach from None
    clocks.replace(left, work.now)
    await repository.add_clocks(work.session, [*started, *warned])
    case.next_due_at = clocks.next_due(had, [*started, *warned])
    await repository.add_correction(
        work.session,
        {
            "id": work.tools.ids.new(),
            "appeal_id": case.appeal_id,
            "at": work.now,
            "actor_role": work.role,
            "actor": work.principal.subject,
            "before": before,
            "after": _codes(case),
        },
    )
    await work.tell(events.classification_corrected(case, work.role), kind=case.kind, tier=case.tier)
    for clock in started:
        if clock["statutory"]:
            await work.tell(events.clock_started(clock), policy=clock["policy"], due=clock["due_at"].isoformat())
    for clock in warned:
        rule = case.danger or ""
        codes = {"danger": rule, "body": dangers()[rule].body, "due": clock["due_at"].isoformat()}
        await work.tell(events.danger_reported(case.appeal_id, rule, clock["due_at"]), **codes)


def _new_danger(work: _Work) -> list[Mapping[str, Any]]:
    """The clock of a crime that a person found in the appeal; nothing where one was found before."""
    case = work.case
    if case.danger is not None or (rule := danger_in(case.category, urgent=False)) is None:
        return []
    case.danger = rule
    return clocks.begin(case.appeal_id, clocks.running_as("danger"), work.local_today, lambda _policy: work.tools.ids.new())


async def _escalate(work: _Work, command: schemas.Escalate) -> None:
    _move(work.case, work.case.tier + 1)
    await work.tell(events.tier_raised(work.case, command.reason), tier=work.case.tier, reason=command.reason)


async def _answer(work: _Work, command: schemas.GiveAnswer) -> None:
    if errors := _gate_errors(work.case, command):
        raise InvalidInput(errors, "The answer does not say yet all that it has to.")
    content = schemas.AnswerContent(**{name: getattr(command, name) for name in schemas.AnswerContent.model_fields})
    answer_id = work.tools.ids.new()
    answer = Answer(
        answer_id=answer_id,
        appeal_id=work.case.appeal_id,
        at=work.now,
        language=command.language,
        content=work.tools.sealer.seal("answer", answer_id, "content", content.model_dump_json().encode()),
        actor_role=work.role,
        actor=work.principal.subject,
    )
    work.session.add(answer)
    work.case.answer_id, work.case.answer_outcome = answer_id, _outcome_of(work.case, command.findings)
    running = await repository.running_clocks(work.session, work.case.appeal_id)
    clocks.stop([clock for clock in running if clock.policy != clocks.REDIRECT], work.now)
    work.case.next_due_at = clocks.next_due(running)
    await work.tell(events.answer_given(work.case, answer, [finding.outcome for finding in command.findings]))


def _outcome_of(case: AppealCase, findings: Sequence[schemas.Finding]) -> str:
    """What the case ends with if the applicant is content: the finding on what it is about, else the first, else the kind's own."""
    issue = taxonomy().root_category(case.category) if case.category else None
    own = [finding.outcome for finding in findings if taxonomy().root_category(finding.category) == issue]
    return next(iter([*own, *(finding.outcome for finding in findings)]), closure_gate()[case.kind].outcome)


async def _ask(work: _Work, command: schemas.Ask) -> None:
    letter_id = _write(work, command.language, schemas.LetterContent(text=command.text))
    due = await _wait_for_applicant(work, clocks.APPLICANT_REPLY)
    asked = ApplicantAsked(appeal_id=work.case.appeal_id, question_id=letter_id, due_at=due, actor_role=work.role)
    await work.tell(asked, due=due.isoformat())


async def _request_completion(work: _Work, command: schemas.RequestCompletion) -> None:
    missing = list(dict.fromkeys(command.missing))
    letter_id = _write(work, command.language, schemas.LetterContent(text=command.text, missing=missing))
    due = await _wait_for_applicant(work, clocks.FIX_PERIOD)
    asked = CompletionAsked(appeal_id=work.case.appeal_id, question_id=letter_id, missing=missing, due_at=due, actor_role=work.role)
    await work.tell(asked, due=due.isoformat())


async def _wait_for_applicant(work: _Work, policy: str) -> datetime:
    """Start the applicant's clock; returns its end. Raises CalendarDoesNotReach."""
    running = await repository.running_clocks(work.session, work.case.appeal_id)
    clocks.replace([clock for clock in running if clocks.clock_policies()[clock.policy].runs == "applicant"], work.now)
    try:
        started = clocks.begin(work.case.appeal_id, [policy], work.local_today, lambda _policy: work.tools.ids.new())
    except CalendarGap:
        raise CalendarDoesNotReach from None
    await repository.add_clocks(work.session, started)
    work.case.next_due_at = clocks.next_due(running, started)
    due: datetime = started[0]["due_at"]
    return due


def _write(work: _Work, language: str, content: schemas.LetterContent) -> UUID:
    letter_id = work.tools.ids.new()
    sealed = work.tools.sealer.seal("letter", letter_id, "content", content.model_dump_json().encode())
    letter = Letter(
        letter_id=letter_id,
        appeal_id=work.case.appeal_id,
        at=work.now,
        language=language,
        content=sealed,
        actor_role=work.role,
        actor=work.principal.subject,
    )
    work.session.add(letter)
    return letter_id


async def _return(work: _Work, command: schemas.Return) -> None:
    await _end(work, "RETURNED")
    await work.tell(CaseReturned(appeal_id=work.case.appeal_id, ground=command.ground, actor_role=work.role), return_ground=command.ground)


async def _terminate(work: _Work, command: schemas.Terminate) -> None:
    if command.ground not in workflow.grounds_of(work.principal):
        work.case.status = work.before
        raise ActionNotPossible([action.model_dump(mode="json") for action in workflow.next_actions(work.case, work.principal)])
    await _end(work, "TERMINATED")
    told = CaseTerminated(appeal_id=work.case.appeal_id, ground=command.ground, actor_role=work.role)
    await work.tell(told, termination_ground=command.ground)


async def _forward(work: _Work, command: schemas.Forward) -> None:
    due = workflow.term_of("forward", work.case)
    late = {"due": due.isoformat()} if due is not None and due < work.now else {}
    content = schemas.LetterContent(text=command.text)
    letter_id = _write(work, work.case.language, content) if command.text else None
    fact: type[CaseForwarded | PartForwarded] = PartForwarded if command.part else CaseForwarded
    if command.part:
        work.case.status = work.before
    else:
        await _end(work, "FORWARDED")
    told = fact(appeal_id=work.case.appeal_id, body=command.body, actor_role=work.role, letter_id=letter_id)
    await work.tell(told, f"{fact.FACT}-late" if late else None, body=command.body, **late)


async def _redirect(work: _Work, command: schemas.Redirect) -> None:
    work.case.redirected_to = command.body
    running = await repository.running_clocks(work.session, work.case.appeal_id)
    clocks.stop([clock for clock in running if clock.policy == clocks.REDIRECT], work.now)
    work.case.next_due_at = clocks.next_due(running)
    await work.tell(DangerPassedOn(appeal_id=work.case.appeal_id, body=command.body, actor_role=work.role), body=command.body)


async def _end(work: _Work, outcome: str) -> None:
    """The case is finished without an answer."""
    work.case.outcome, work.case.closed_at = outcome, work.now
    clocks.stop(await repository.running_clocks(work.session, work.case.appeal_id), work.now)
    work.case.next_due_at = NEVER


async def _close(work: _Work, command: schemas.Close) -> None:
    work.case.outcome, work.case.closed_at = command.outcome, work.now
    await work.tell(events.case_closed(work.case, command.outcome, work.role), outcome=command.outcome)


def _gate_errors(case: AppealCase, command: schemas.GiveAnswer) -> list[FieldError]:
    """What the answer still has to say (АППК art. 65, 80, 89): a finding on the case's issue, what happens next, how to complain."""
    gate = closure_gate()[case.kind]
    errors = []
    if gate.findings and not command.findings:
        errors.append(FieldError("findings", "required", "A finding with its fact and rule is needed for each issue."))
    elif gate.findings and case.category is not None:
        issue = taxonomy().root_category(case.category)
        if issue not in {taxonomy().root_category(finding.category) for finding in command.findings}:
            errors.append(FieldError("findings", "issue-without-finding", "No finding speaks of what the case is about."))
    errors += [
        FieldError(name, "required", NEEDED)
        for name in ("next_steps", "how_to_complain")
        if getattr(gate, name) and getattr(command, name) is None
    ]
    return errors


def _move(case: AppealCase, tier: int) -> None:
    """Put the case into the queue of a tier; on another tier somebody else takes it."""
    if tier != case.tier:
        case.assignee = None
    case.tier = tier
    case.queue = queue_of(case.region, tier, case.language)


def _codes(case: AppealCase) -> dict[str, Any]:
    return case.model_dump(include={"kind", "statutory_form", "category", "topic", "tier"})


_ACTIONS: Mapping[type[schemas.Command], Callable[[_Work, Any], Awaitable[None]]] = {
    schemas.Claim: _claim,
    schemas.Assign: _assign,
    schemas.Classify: _classify,
    schemas.Escalate: _escalate,
    schemas.GiveAnswer: _answer,
    schemas.Close: _close,
    schemas.Ask: _ask,
    schemas.RequestCompletion: _request_completion,
    schemas.Return: _return,
    schemas.Terminate: _terminate,
    schemas.Forward: _forward,
    schemas.Redirect: _redirect,
}
COMMANDS: Final[tuple[type[schemas.Command], ...]] = tuple(_ACTIONS)
