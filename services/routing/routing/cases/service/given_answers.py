"""Answers that were given, for the letters made of them."""

from typing import Final
from uuid import UUID

from routing.cases import repository
from routing.cases.policy import content_purposes
from routing.cases.repository import conversation
from routing.cases.schemas.commands import AnswerContent
from routing.cases.schemas.given_answers import AnswerFacts, GivenAnswer
from routing.cases.service.visible import visible_case
from shared.auth import Principal
from shared.contents import ContentsRequest, LetterRequest, entitled
from shared.errors import NotFound
from shared.unit_of_work import UnitOfWork
from shared.visibility import EVERYTHING

LETTER_PURPOSE: Final = "letter"


async def answer_facts(work: UnitOfWork, answer_id: UUID) -> AnswerFacts:
    """Return what the check of a letter needs of an answer; nothing is opened. Raises NotFound."""
    found = await conversation.answer_facts(work.session, answer_id)
    if found is None:
        raise NotFound
    return found


async def given_answer(work: UnitOfWork, answer_id: UUID) -> GivenAnswer:
    """Return an answer by its id. The caller decides who may read it. Raises NotFound."""
    answer = await repository.answer(work.session, answer_id)
    case = await repository.case(work.session, answer.appeal_id, EVERYTHING) if answer is not None else None
    if answer is None or case is None:
        raise NotFound
    names = await conversation.colleague_names(work.session, {answer.actor})
    return GivenAnswer(
        answer_id=answer_id,
        appeal_id=case.appeal_id,
        number=case.number,
        region=case.region,
        kind=case.kind,
        category=case.category,
        topic=case.topic,
        at=answer.at,
        language=answer.language,
        content=AnswerContent.model_validate_json(work.sealer.open("answer", answer_id, "content", answer.content)),
        author_role=answer.actor_role,
        author_name=names.get(answer.actor),
    )


async def latest_answer(work: UnitOfWork, principal: Principal, appeal_id: UUID) -> GivenAnswer:
    """Return the latest answer of a case that the principal may see, and record the access.

    Raises NotFound for a case that is not visible and for one without an answer.
    """
    case = await visible_case(work, principal, appeal_id)
    if case.answer_id is None:
        raise NotFound
    await work.audit.record(reader=principal.subject, purpose=LETTER_PURPOSE, ids=[case.answer_id])
    return await given_answer(work, case.answer_id)


async def answer_for_service(work: UnitOfWork, asked: LetterRequest, reader: Principal) -> GivenAnswer:
    """Return an answer to another service that asks for its letter, and record the access in the audit log.

    Raises what `entitled` raises, and NotFound for an answer to another appeal.
    """
    request = ContentsRequest(ids=[asked.answer_id], purpose=asked.purpose, on_behalf_of=asked.on_behalf_of)
    entitled(request, reader, content_purposes())
    given = await given_answer(work, asked.answer_id)
    if given.appeal_id != asked.appeal_id:
        raise NotFound
    await work.audit.record(reader=reader.subject, on_behalf_of=asked.on_behalf_of, purpose=asked.purpose, ids=[asked.answer_id])
    return given
