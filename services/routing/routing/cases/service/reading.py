"""Reading cases, as far as the reader may see them, and the contents that other services are entitled to."""

from dataclasses import asdict
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from pydantic import BaseModel

from routing.cases import repository
from routing.cases.models import Answer, AppealCase, Letter
from routing.cases.policy import content_purposes
from routing.cases.schemas.commands import AnswerContent, LetterContent
from routing.cases.schemas.views import AnswerView, CaseFilter, CaseSummary, CaseView, HistoryView, LetterView
from routing.cases.service import workflow
from routing.cases.service.history import sentence
from routing.clocks import service as clocks
from routing.clocks.schemas import NEVER, ClockView
from shared.auth import Principal
from shared.contents import ContentItem, ContentsRequest, entitled
from shared.errors import NotFound
from shared.http import Cursor, ListResponse
from shared.sealing import Sealer
from shared.unit_of_work import UnitOfWork
from shared.visibility import visible_cases

SummaryT = TypeVar("SummaryT", bound=CaseSummary)


async def list_cases(
    work: UnitOfWork, principal: Principal, wanted: CaseFilter, *, limit: int, cursor: str | None
) -> ListResponse[CaseSummary]:
    """Return a page of the cases that `principal` may see, earliest due time first. Raises InvalidInput for a foreign cursor."""
    after = Cursor.decode(cursor, datetime, UUID) if cursor is not None else None
    now = work.clock.now()
    found, total = await repository.cases(work.session, visible_cases(principal), wanted, now, limit=limit + 1, after=after)
    page = found[:limit]
    next_cursor = Cursor.encode(page[-1].next_due_at, page[-1].appeal_id) if len(found) > limit else None
    items = [_summary(CaseSummary, case, principal, now) for case in page]
    return ListResponse(items=items, total=total, next_cursor=next_cursor)


async def read_case(work: UnitOfWork, principal: Principal, appeal_id: UUID) -> CaseView:
    """Return the case. Raises NotFound both for a case that does not exist and for one that `principal` may not see."""
    case = await repository.case(work.session, appeal_id, visible_cases(principal))
    if case is None:
        raise NotFound
    return await view(work, principal, case)


async def view(work: UnitOfWork, principal: Principal, case: AppealCase) -> CaseView:
    """Return a case that `principal` may see, with everything that belongs to it."""
    clock_rows = await clocks.clocks_of_case(work.session, case.appeal_id)
    answer = await repository.last_answer(work.session, case.appeal_id)
    history = [
        HistoryView(at=row.at, type=row.type, actor_role=row.actor_role, **asdict(sentence(row.type, row.data, case.region)))
        for row in await repository.history(work.session, case.appeal_id)
    ]
    return _summary(
        CaseView,
        case,
        principal,
        work.clock.now(),
        clocks=[ClockView.model_validate(clock, from_attributes=True) for clock in clock_rows],
        history=history,
        answer=_answer_view(answer, work.sealer) if answer else None,
        follows_number=await repository.number_of(work.session, case.follows) if case.follows else None,
        letters=[_letter_view(letter, work.sealer) for letter in await repository.letters_of(work.session, case.appeal_id)],
    )


def _summary(model: type[SummaryT], case: AppealCase, principal: Principal, now: datetime, **more: object) -> SummaryT:
    values = case.model_dump() | {
        "next_due_at": None if case.next_due_at == NEVER else case.next_due_at,
        "overdue": case.next_due_at < now,
        "next_actions": workflow.next_actions(case, principal),
    }
    return model.model_validate(values | more)


async def last_response_id(work: UnitOfWork, appeal_id: UUID) -> UUID | None:
    """Return the id of the provider's latest response, whose text provider-contact owns."""
    ids = [row.data["response_id"] for row in await repository.history(work.session, appeal_id) if "response_id" in row.data]
    return UUID(ids[-1]) if ids else None


async def read_contents(work: UnitOfWork, asked: ContentsRequest, reader: Principal) -> list[ContentItem]:
    """Return answers and letters by id to another service, and record the access in the audit log.

    Raises InvalidInput for an unknown purpose, Forbidden for a reader that the purpose is not meant for.
    """
    entitled(asked, reader, content_purposes())
    found: dict[UUID, BaseModel] = {
        answer.answer_id: _answer_view(answer, work.sealer) for answer in await repository.answers(work.session, asked.ids)
    }
    found |= {letter.letter_id: _letter_view(letter, work.sealer) for letter in await repository.letters(work.session, asked.ids)}
    await work.audit.record(reader=reader.subject, on_behalf_of=asked.on_behalf_of, purpose=asked.purpose, ids=asked.ids)
    return [_item(content_id, found.get(content_id)) for content_id in asked.ids]


def _item(content_id: UUID, content: BaseModel | None) -> ContentItem:
    return ContentItem(id=content_id, found=content is not None, content=content.model_dump(mode="json") if content is not None else None)


def _answer_view(answer: Answer, sealer: Sealer) -> AnswerView:
    content = AnswerContent.model_validate_json(sealer.open("answer", answer.answer_id, "content", answer.content))
    return AnswerView(at=answer.at, language=answer.language, **dict(content))


def _letter_view(letter: Letter, sealer: Sealer) -> LetterView:
    content = LetterContent.model_validate_json(sealer.open("letter", letter.letter_id, "content", letter.content))
    return LetterView(letter_id=letter.letter_id, at=letter.at, language=letter.language, **dict(content))
