"""The desk's use cases: reading cases as far as one may see them."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from routing import repository, schemas, workflow
from routing.errors import CalendarDoesNotReach
from routing.history import sentence
from routing.models import NEVER, Answer, AppealCase, Letter
from shared.auth import Principal
from shared.clock import Clock
from shared.domain.calendar import CalendarGap, working_calendar
from shared.domain.deadlines import due_on, explain, policies
from shared.errors import InvalidInput, NotFound
from shared.field_errors import DETAILS
from shared.http import Cursor, ListResponse
from shared.ids import Ids
from shared.sealing import Sealer
from shared.visibility import visible_cases


@dataclass(frozen=True, slots=True)
class Tools:
    """What use cases are handed from outside."""

    clock: Clock
    ids: Ids
    sealer: Sealer


# Reading


async def list_cases(
    session: AsyncSession, principal: Principal, wanted: repository.CaseFilter, now: datetime, *, limit: int, cursor: str | None
) -> ListResponse[schemas.CaseSummary]:
    """A page of the cases that `principal` may see, the next due first. Raises InvalidInput for a cursor of another list."""
    after = Cursor.decode(cursor, datetime, UUID) if cursor is not None else None
    found, total = await repository.cases(session, visible_cases(principal), wanted, now, limit=limit + 1, after=after)
    page = found[:limit]
    next_cursor = Cursor.encode(page[-1].next_due_at, page[-1].appeal_id) if len(found) > limit else None
    items = [schemas.CaseSummary.model_validate(_summary(case, principal, now)) for case in page]
    return ListResponse(items=items, total=total, next_cursor=next_cursor)


async def read_case(session: AsyncSession, principal: Principal, appeal_id: UUID, tools: Tools) -> schemas.CaseView:
    """The case as `principal` sees it. Raises NotFound alike for one that is not there and one that it may not see."""
    case = await repository.case(session, appeal_id, visible_cases(principal))
    if case is None:
        raise NotFound
    return await view(session, principal, case, tools)


async def read_letters(session: AsyncSession, letter_ids: list[UUID], sealer: Sealer) -> Mapping[UUID, schemas.LetterView]:
    """Opened letters by id, for an entitled reader."""
    return {letter.letter_id: _opened_letter(letter, sealer) for letter in await repository.letters(session, letter_ids)}


def _opened_letter(letter: Letter, sealer: Sealer) -> schemas.LetterView:
    content = schemas.LetterContent.model_validate_json(sealer.open("letter", letter.letter_id, "content", letter.content))
    return schemas.LetterView(letter_id=letter.letter_id, at=letter.at, language=letter.language, **dict(content))


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


async def view(session: AsyncSession, principal: Principal, case: AppealCase, tools: Tools) -> schemas.CaseView:
    """A case with all that belongs to it, for one who may see it."""
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
            "follows_number": await repository.number_of(session, case.follows) if case.follows else None,
            "letters": [_opened_letter(letter, tools.sealer) for letter in await repository.letters_of(session, case.appeal_id)],
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
