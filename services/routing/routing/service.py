"""The desk's use cases: reading cases as far as one may see them, and the six things that can be done with one."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from routing import clocks, events, repository, schemas, workflow
from routing.errors import ActionNotPossible, CalendarDoesNotReach, VersionConflict
from routing.history import entry, sentence
from routing.models import NEVER, Answer, AppealCase
from routing.reference import closure_gate
from shared.auth import Principal
from shared.clock import Clock
from shared.contracts import Event
from shared.domain.calendar import CalendarGap, working_calendar
from shared.domain.deadlines import due_on, explain, policies
from shared.domain.lifecycle import holder_of
from shared.domain.routing_policy import tier_for
from shared.domain.taxonomy import taxonomy
from shared.errors import FieldError, Forbidden, InvalidInput, NotFound
from shared.field_errors import DETAILS
from shared.http import Cursor, ListResponse
from shared.ids import Ids
from shared.messaging import outbox
from shared.sealing import Sealer
from shared.visibility import visible_cases

NEEDED = "This field is needed."


@dataclass(frozen=True, slots=True)
class Tools:
    """What use cases are handed from outside."""

    clock: Clock
    ids: Ids
    sealer: Sealer


def queue_of(region: str, tier: int, language: str) -> str:
    """Branch, tier and language: `KZ-43/2/kk`."""
    return f"{region}/{tier}/{language}"


# Reading


async def list_cases(
    session: AsyncSession, principal: Principal, wanted: repository.CaseFilter, now: datetime, *, limit: int, cursor: str | None
) -> ListResponse[schemas.CaseSummary]:
    """A page of the cases that `principal` may see, the next due first. Raises InvalidInput for a cursor of another list."""
    found, total = await repository.cases(session, visible_cases(principal), wanted, now, limit=limit + 1, after=_place(cursor))
    page = found[:limit]
    next_cursor = Cursor.encode(page[-1].next_due_at.isoformat(), str(page[-1].appeal_id)) if len(found) > limit else None
    items = [schemas.CaseSummary.model_validate(_summary(case, principal, now)) for case in page]
    return ListResponse(items=items, total=total, next_cursor=next_cursor)


def _place(cursor: str | None) -> tuple[datetime, UUID] | None:
    if cursor is None:
        return None
    due, appeal_id = Cursor.decode(cursor, str, str)
    try:
        place = datetime.fromisoformat(due), UUID(appeal_id)
    except ValueError:
        place = None
    if place is None or place[0].tzinfo is None:
        raise InvalidInput.field("cursor", "bad-cursor", "The cursor is not one of this list.")
    return place


async def read_case(session: AsyncSession, principal: Principal, appeal_id: UUID, tools: Tools) -> schemas.CaseView:
    """The case as `principal` sees it. Raises NotFound alike for one that is not there and one that it may not see."""
    case = await repository.case(session, appeal_id, visible_cases(principal))
    if case is None:
        raise NotFound
    return await _view(session, principal, case, tools)


async def read_answers(session: AsyncSession, answer_ids: list[UUID], sealer: Sealer) -> Mapping[UUID, schemas.AnswerView]:
    """Opened answers by id, for an entitled reader."""
    return {answer.answer_id: _opened(answer, sealer) for answer in await repository.answers(session, answer_ids)}


def _opened(answer: Answer, sealer: Sealer) -> schemas.AnswerView:
    content = schemas.AnswerContent.model_validate_json(sealer.open("answer", answer.answer_id, "content", answer.content))
    return schemas.AnswerView(at=answer.at, language=answer.language, **dict(content))


def _summary(case: AppealCase, principal: Principal, now: datetime) -> dict[str, Any]:
    return case.model_dump() | {
        "next_due_at": None if case.next_due_at == NEVER else case.next_due_at,
        "overdue": case.next_due_at < now,
        "next_actions": workflow.next_actions(case, principal),
    }


async def _view(session: AsyncSession, principal: Principal, case: AppealCase, tools: Tools) -> schemas.CaseView:
    answer = await repository.last_answer(session, case.appeal_id)
    told = [
        {"at": row.at, "type": row.type, "actor_role": row.actor_role, **asdict(sentence(row.type, row.data, case.region))}
        for row in await repository.history(session, case.appeal_id)
    ]
    return schemas.CaseView.model_validate(
        _summary(case, principal, tools.clock.now())
        | {
            "clocks": [clock.model_dump() for clock in await repository.clocks(session, case.appeal_id)],
            "history": told,
            "answer": _opened(answer, tools.sealer) if answer else None,
        }
    )


def deadline(policy: str, start: date) -> schemas.DeadlineView:
    """When a term ends, day by day. Raises InvalidInput for an unknown policy, CalendarDoesNotReach outside the calendar."""
    rule = policies().get(policy)
    if rule is None:
        raise InvalidInput.field("policy", "unknown-code", DETAILS["unknown-code"])
    try:
        found = due_on(start, rule, working_calendar())
        days = [schemas.DayView(**asdict(step)) for step in explain(found, working_calendar())]
    except CalendarGap:
        raise CalendarDoesNotReach from None
    return schemas.DeadlineView(
        policy=policy, starts_at=rule.starts_at, from_=start, due_on=found.due_on, calendar_version=found.calendar_version, explanation=days
    )


# Doing


@dataclass(frozen=True, slots=True)
class _Work:
    """One action on one locked case."""

    session: AsyncSession
    case: AppealCase
    principal: Principal
    now: datetime
    tools: Tools

    @property
    def role(self) -> str:
        return self.principal.role or ""

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


async def act(session: AsyncSession, principal: Principal, case: AppealCase, command: schemas.Command, tools: Tools) -> schemas.CaseView:
    """Do what the command says with the locked case, and show it as it then is.

    Raises Forbidden for a role that never does this, VersionConflict, ActionNotPossible from the case's present state, and
    InvalidInput when an answer does not pass the closure gate or codes do not go together.
    """
    if not workflow.may_ever(principal, command.ACTION):
        raise Forbidden
    if case.version != command.expected_version:
        raise VersionConflict(case.version)
    step = workflow.steps().get((case.status, command.ACTION))
    if step is None or not step.is_open_to(principal, case):
        raise ActionNotPossible([action.model_dump() for action in workflow.next_actions(case, principal)])
    case.status = step.next
    await _ACTIONS[type(command)](_Work(session, case, principal, tools.clock.now(), tools), command)
    case.holder = holder_of(case.status, case.tier)
    case.version += 1
    await session.flush()
    return await _view(session, principal, case, tools)


async def _claim(work: _Work, _command: schemas.Claim) -> None:
    work.case.assignee = work.principal.subject
    await work.tell(events.case_claimed(work.case, work.role))


async def _assign(work: _Work, command: schemas.Assign) -> None:
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
    running = await repository.running_clocks(work.session, case.appeal_id)
    try:
        started = clocks.adjust(case, running, work.tools.ids.new, work.now)
    except CalendarGap:
        raise CalendarDoesNotReach from None
    await repository.add_clocks(work.session, started)
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
    clocks.stop(work.case, await repository.running_clocks(work.session, work.case.appeal_id), work.now)
    await work.tell(events.answer_given(work.case, answer, [finding.outcome for finding in command.findings]))


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
}
