"""Reading cases, as far as the reader may see them, and the contents that other services are entitled to."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from operator import attrgetter
from typing import Final, TypeVar
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from routing.cases import repository
from routing.cases.codes import CaseSort
from routing.cases.policy import content_purposes
from routing.cases.repository.approvals import latest_approval
from routing.cases.repository.conversation import colleague_names, findings_of, questions, unseen_mentions
from routing.cases.repository.deliveries import deliveries_of
from routing.cases.repository.extensions import latest_extension
from routing.cases.repository.providers import providers_by_id
from routing.cases.schemas.approvals import ApprovalView
from routing.cases.schemas.command import CaseAction
from routing.cases.schemas.commands import AnswerContent
from routing.cases.schemas.contents import LetterContent
from routing.cases.schemas.rows import AnswerRecord, CaseFile, CaseRecord, HistoryRecord, LetterRecord, ListedCase, ProviderView
from routing.cases.schemas.views import (
    AnswerView,
    CaseFilter,
    CaseItem,
    CaseSummary,
    CaseView,
    HistoryView,
    LetterView,
    WaitingAnswer,
)
from routing.cases.service import approvals, issues, links, protection, workflow
from routing.cases.service.deputies import acting
from routing.cases.service.extensions import REQUESTED, view_of
from routing.cases.service.history import sentence
from routing.cases.service.provider_questions import content_of
from routing.cases.service.suggestions import term_of
from routing.cases.service.visible import visible_case
from routing.clocks import service as clocks
from routing.clocks.schemas import NEVER, ClockView
from shared.auth import Principal
from shared.contents import ContentItem, ContentsRequest, entitled
from shared.contracts import ApplicantAsked, CaseForwarded, ComplaintPassedUp, CompletionAsked, PartForwarded
from shared.domain.labels import Label
from shared.errors import InvalidInput
from shared.http import Cursor, ListResponse
from shared.sealing import Sealer
from shared.unit_of_work import UnitOfWork
from shared.visibility import visible_cases

OWN_WAITING: Final = 10  # cases; a clerk answers a few in the minute that an answer waits at most
SummaryT = TypeVar("SummaryT", bound=CaseSummary)
SENT_WITH_LETTER: Final = frozenset(
    fact.FACT + late
    for fact in (ApplicantAsked, CompletionAsked, CaseForwarded, PartForwarded, ComplaintPassedUp)
    for late in ("", "-late")
)
"""The entries of the history that a letter to the applicant may belong to."""
_SORTED_BY: Final[Mapping[CaseSort, Callable[[ListedCase], datetime]]] = {
    CaseSort.DUE: attrgetter("next_due_at"),
    CaseSort.RECEIVED: attrgetter("received_at"),
    CaseSort.UPDATED: attrgetter("updated_at"),
}
_COLUMNS: Final = tuple(field.name for field in fields(CaseRecord) if field.name in CaseView.model_fields)


async def list_cases(
    work: UnitOfWork,
    principal: Principal,
    wanted: CaseFilter,
    *,
    limit: int,
    cursor: str | None,
    with_actions: bool = True,
    total: int | None = None,
) -> ListResponse[CaseItem]:
    """Return a page of the cases that `principal` may see, in the order of the filter.

    `with_actions`: whether each has its `next_actions`: most of the processor time of a list. `total`: how many there are, if it is known.
    Raises InvalidInput for a cursor of another list: one in another order, or none of ours.
    """
    principal = await acting(work, principal)
    after = _position(cursor, wanted.sort) if cursor is not None else None
    now = work.clock.now()
    visible = visible_cases(principal)
    found = await repository.cases(work.session, visible, wanted, now, limit=limit + 1, after=after)
    total = await repository.count_cases(work.session, visible, wanted, now) if total is None else total
    page = found[:limit]
    next_cursor = Cursor.encode(wanted.sort, _SORTED_BY[wanted.sort](page[-1]), page[-1].appeal_id) if len(found) > limit else None
    names = await colleague_names(work.session, {case.assignee for case in page if case.assignee is not None})
    mentioned = await unseen_mentions(work.session, principal.subject, [case.appeal_id for case in page])
    providers = await providers_by_id(work.session, {case.provider_id for case in page if case.provider_id is not None})
    items = [
        _summary(
            CaseItem,
            case,
            now,
            next_actions=workflow.next_actions(case, principal) if with_actions else [],
            mentions_you=case.appeal_id in mentioned,
            provider=providers.get(case.provider_id) if case.provider_id is not None else None,
            assignee_name=names.get(case.assignee) if case.assignee is not None else None,
            updated_at=case.updated_at,
        )
        for case in page
    ]
    return ListResponse(items=items, total=total, next_cursor=next_cursor)


async def count_cases(work: UnitOfWork, principal: Principal, wanted: CaseFilter) -> int:
    """Return the `total` of the list of this filter."""
    return await repository.count_cases(work.session, visible_cases(principal), wanted, work.clock.now())


async def count_open_cases(work: UnitOfWork, principal: Principal, lists: Sequence[CaseFilter]) -> list[int]:
    """Return how many open cases the list of each filter has: its `total` if the filter matches open cases only."""
    return await repository.count_open(work.session, visible_cases(principal), lists, work.clock.now())


def _position(cursor: str, sort: CaseSort) -> tuple[datetime, UUID]:
    sorted_by, at, appeal_id = Cursor.decode(cursor, str, datetime, UUID)
    if sorted_by != sort:
        raise InvalidInput.field("cursor", "bad-cursor", "The cursor is of a list in another order.")
    return at, appeal_id


async def own_waiting_answers(work: UnitOfWork, principal: Principal) -> list[WaitingAnswer]:
    """Return the answers of the principal that wait to be sent, the next one first."""
    found = await repository.cases_sending_for(work.session, visible_cases(principal), principal.subject, OWN_WAITING)
    return [WaitingAnswer(case.appeal_id, case.number, case.version, case.region, case.sends_at) for case in found if case.sends_at]


async def read_case(work: UnitOfWork, principal: Principal, appeal_id: UUID) -> CaseView:
    """Return the case with all that belongs to it. Raises NotFound as `visible_case` does."""
    file = await read_file(work, await visible_case(work, principal, appeal_id))
    return view(work, await acting(work, principal), file)


async def read_file(work: UnitOfWork, case: CaseRecord) -> CaseFile:
    """Return a case with everything that belongs to it.

    Answers, letters, findings and requests that somebody decides on are read only if there are any: `answer_id` names the latest answer,
    an issue with a finding has its outcome, and every other one has an entry of the history.
    """
    session, history = work.session, await repository.history(work.session, case.appeal_id)
    has_extensions = any(entry.type == REQUESTED for entry in history)
    has_approvals = any(entry.type == approvals.REQUESTED for entry in history)
    has_letters = any(entry.type in SENT_WITH_LETTER for entry in history)
    return CaseFile(
        case,
        clocks=await clocks.clocks_of_case(session, case.appeal_id),
        history=history,
        answer=await repository.answer(session, case.answer_id) if case.answer_id else None,
        letters=await repository.letters_of(session, case.appeal_id) if has_letters else [],
        linked=await links.linked(session, case, history),
        provider=await provider(session, case.provider_id) if case.provider_id else None,
        extension=await latest_extension(session, case.appeal_id) if has_extensions else None,
        approval=await latest_approval(session, case.appeal_id) if has_approvals else None,
        deliveries=[*await deliveries_of(session, case.appeal_id)] if any(entry.type == "delivery-proved" for entry in history) else [],
        findings=await findings_of(session, case.appeal_id) if any(issue["outcome"] for issue in case.issue_codes or ()) else [],
    )


async def provider(session: AsyncSession, provider_id: UUID) -> ProviderView | None:
    """Return a provider by name, None if the replica of the directory does not have it."""
    return (await providers_by_id(session, [provider_id])).get(provider_id)


def view(work: UnitOfWork, principal: Principal, file: CaseFile) -> CaseView:
    """Return a case as `principal`, who may see it, sees it."""
    region, by_end = file.case.region, sorted(file.clocks, key=lambda clock: (clock.due_at, clock.clock_id))
    answer = _answer_view(file.answer, work.sealer) if file.answer else None
    return _summary(
        CaseView,
        file.case,
        work.clock.now(),
        next_actions=workflow.next_actions(file.case, principal),
        clocks=[ClockView.model_validate(clock, from_attributes=True) for clock in by_end],
        history=[_history_view(row, sentence(row.type, row.data, region)) for row in file.history],
        answer=answer,
        follows_number=next((other.number for other in file.linked if other.appeal_id == file.case.follows), None),
        provider=file.provider,
        letters=[_letter_view(letter, work.sealer) for letter in file.letters],
        extension=view_of(file.extension, work.sealer) if file.extension else None,
        approval=_approval_view(file, work.sealer),
        issues=issues.views(file, answer, work.sealer),
        links=links.views(file, principal),
        deliveries=protection.views(file.deliveries, work.sealer),
    )


def _waiting(case: CaseRecord) -> dict[str, str | datetime | None]:
    """Return the action that waits for a second person, who asked for it, and until when it has to be decided.

    An extension of the term comes after any other. The term of the law for the action ends before that of the answer.
    """
    action, author = None, None
    if case.awaits_second_person and case.approval_action is not None:
        action, author = CaseAction(case.approval_action), case.approval_by
    elif case.awaits_extension:
        action, author = CaseAction.REQUEST_EXTENSION, case.extension_by
    due = None if action is None else term_of(action, case) or (case.next_due_at if case.next_due_at != NEVER else None)
    return {"approval_action": action, "approval_by": author, "approval_due_at": due}


def _approval_view(file: CaseFile, sealer: Sealer) -> ApprovalView | None:
    asked = file.approval
    waits = asked is not None and file.case.awaits_second_person and asked.request_id == file.case.approval_id
    return approvals.view_of(asked, sealer, waits=waits) if asked is not None else None


def _history_view(row: HistoryRecord, text: Label) -> HistoryView:
    return HistoryView(at=row.at, type=row.type, actor_role=row.actor_role, kk=text.kk, ru=text.ru, en=text.en)


def _summary(model: type[SummaryT], case: CaseRecord, now: datetime, **more: object) -> SummaryT:
    values = {name: getattr(case, name) for name in _COLUMNS} | {
        "status": case.desk_status,
        "next_due_at": None if case.next_due_at == NEVER else case.next_due_at,
        "overdue": case.next_due_at < now,
        "awaits_approval": case.awaits_approval,
        "awaits_extension": case.awaits_extension,
        **_waiting(case),
        "mentions_you": False,  # whoever reads the case sees the notes
    }
    return model.model_validate(values | more)


async def read_contents(work: UnitOfWork, asked: ContentsRequest, reader: Principal) -> list[ContentItem]:
    """Return answers, letters and questions to providers by id to another service, and record the access in the audit log.

    Raises InvalidInput for an unknown purpose, Forbidden for a reader that the purpose is not meant for.
    """
    entitled(asked, reader, content_purposes())
    found: dict[UUID, BaseModel] = {
        answer.answer_id: _answer_view(answer, work.sealer) for answer in await repository.answers(work.session, asked.ids)
    }
    found |= {letter.letter_id: _letter_view(letter, work.sealer) for letter in await repository.letters(work.session, asked.ids)}
    found |= {question.request_id: content_of(question, work.sealer) for question in await questions(work.session, asked.ids)}
    await work.audit.record(reader=reader.subject, on_behalf_of=asked.on_behalf_of, purpose=asked.purpose, ids=asked.ids)
    return [_item(content_id, found.get(content_id)) for content_id in asked.ids]


def _item(content_id: UUID, content: BaseModel | None) -> ContentItem:
    return ContentItem(id=content_id, found=content is not None, content=content.model_dump(mode="json") if content is not None else None)


def _answer_view(answer: AnswerRecord, sealer: Sealer) -> AnswerView:
    content = AnswerContent.model_validate_json(sealer.open("answer", answer.answer_id, "content", answer.content))
    return AnswerView(at=answer.at, language=answer.language, **dict(content))


def _letter_view(letter: LetterRecord, sealer: Sealer) -> LetterView:
    content = LetterContent.model_validate_json(sealer.open("letter", letter.letter_id, "content", letter.content))
    return LetterView(letter_id=letter.letter_id, at=letter.at, language=letter.language, **dict(content))
