"""The part of the conversation that routing owns: answers, letters, and what its history knows of the applicant and the provider."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final
from uuid import UUID

from routing.cases import repository
from routing.cases.codes import ConversationSide, EntryType
from routing.cases.repository.conversation import answers_of, colleague_names, notes_of, questions_of, see_mentions
from routing.cases.repository.providers import active_providers as regional_providers
from routing.cases.repository.providers import providers_by_id as known_providers
from routing.cases.schemas.commands import AnswerContent
from routing.cases.schemas.contents import LetterContent
from routing.cases.schemas.conversation import CaseConversation, CaseEntry
from routing.cases.schemas.notes import NoteRecord, ProviderQuestionRecord
from routing.cases.schemas.rows import AnswerRecord, CaseRecord, HistoryRecord, LetterRecord, ProviderView
from routing.cases.schemas.views import CaseView
from routing.cases.service.notes import text_of
from routing.cases.service.provider_questions import content_of
from routing.cases.service.visible import visible_case
from shared.auth import Principal
from shared.contracts import (
    AppealRated,
    AppealWithdrawn,
    CaseForwarded,
    ComplaintPassedUp,
    InquiryAnswered,
    InquirySent,
    OutcomeConfirmed,
    OutcomeDenied,
    PartForwarded,
)
from shared.domain.languages import detect_language
from shared.sealing import Sealer
from shared.unit_of_work import UnitOfWork

READ_PURPOSE: Final = "conversation"
APPLICANT: Final = "applicant"
PROVIDER: Final = "provider"
_REACTIONS: Final[Mapping[str, EntryType]] = {
    OutcomeConfirmed.FACT: EntryType.CONFIRMATION,
    OutcomeDenied.FACT: EntryType.REASON,
    AppealWithdrawn.FACT: EntryType.STATEMENT,
    AppealRated.FACT: EntryType.COMMENT,
}
"""The applicant's reactions by the type of their history entry. Intake owns what was written with them."""
_FORWARDED: Final = (CaseForwarded.FACT, PartForwarded.FACT, ComplaintPassedUp.FACT)


async def providers_by_id(work: UnitOfWork, ids: Collection[UUID]) -> Mapping[UUID, ProviderView]:
    """Return providers by id from the replica of the directory; an unknown id is left out."""
    return await known_providers(work.session, ids)


async def active_providers(work: UnitOfWork, region: str) -> Sequence[ProviderView]:
    """Return the active providers of a region by their Kazakh names."""
    return await regional_providers(work.session, region)


async def read_conversation(work: UnitOfWork, principal: Principal, appeal_id: UUID) -> CaseConversation:
    """Return routing's own part of the conversation, oldest entry first, and record the access in the audit log.

    Raises NotFound for a case that does not exist and for one that `principal` may not see.
    """
    case = await visible_case(work, principal, appeal_id)
    await record_read(work, principal, appeal_id)
    return await conversation_of(work, case)


async def record_read(work: UnitOfWork, principal: Principal, appeal_id: UUID) -> None:
    """Record in the audit log that a member of staff reads the conversation of a case; a mention of the reader is seen then."""
    await see_mentions(work.session, principal.subject, appeal_id)
    await work.audit.record(reader=principal.subject, purpose=READ_PURPOSE, ids=[appeal_id])


async def conversation_of(work: UnitOfWork, case: CaseRecord | CaseView) -> CaseConversation:
    """Return routing's own part of the conversation of a visible case, oldest entry first."""
    history = await repository.history(work.session, case.appeal_id)
    forwarded = {row.at for row in history if row.type.startswith(_FORWARDED)}
    entries = [_answer(answer, work.sealer) for answer in await answers_of(work.session, case.appeal_id)]
    entries += [_letter(letter, forwarded, work.sealer) for letter in await repository.letters_of(work.session, case.appeal_id)]
    entries += [_note(note, work.sealer) for note in await notes_of(work.session, case.appeal_id)]
    entries += [_question(question, work.sealer) for question in await questions_of(work.session, case.appeal_id)]
    entries += _from_history(history, case.language)
    names = await colleague_names(work.session, {entry.author for entry in entries if entry.author is not None})
    named = [replace(entry, author_name=names.get(entry.author)) if entry.author is not None else entry for entry in entries]
    return CaseConversation(case.appeal_id, case.language, case.received_at, sorted(named, key=lambda entry: entry.at))


def _answer(answer: AnswerRecord, sealer: Sealer) -> CaseEntry:
    content = AnswerContent.model_validate_json(sealer.open("answer", answer.answer_id, "content", answer.content))
    return CaseEntry(
        at=answer.at,
        side=ConversationSide.FUND,
        type=EntryType.ANSWER,
        author_role=answer.actor_role,
        author=answer.actor,
        language=answer.language,
        text=content.text,
        answer=content,
    )


def _letter(letter: LetterRecord, forwarded: set[datetime], sealer: Sealer) -> CaseEntry:
    """Return a letter. The explanation of a forwarding has the time of its history entry; a request for data names what is missing."""
    content = LetterContent.model_validate_json(sealer.open("letter", letter.letter_id, "content", letter.content))
    written = EntryType.LETTER if letter.at in forwarded else EntryType.QUESTION
    return CaseEntry(
        at=letter.at,
        side=ConversationSide.FUND,
        type=EntryType.COMPLETION if content.missing else written,
        author_role=letter.actor_role,
        author=letter.actor,
        language=letter.language,
        text=content.text,
        missing=content.missing,
    )


def _note(note: NoteRecord, sealer: Sealer) -> CaseEntry:
    text = text_of(note, sealer)
    return CaseEntry(
        at=note.at,
        side=ConversationSide.COLLEAGUE,
        type=EntryType(note.kind),
        author_role=note.actor_role,
        author=note.actor,
        language=detect_language(text),
        text=text,
    )


def _question(question: ProviderQuestionRecord, sealer: Sealer) -> CaseEntry:
    content = content_of(question, sealer)
    return CaseEntry(
        at=question.at,
        side=ConversationSide.FUND,
        type=EntryType.INQUIRY,
        author_role=question.actor_role,
        author=question.actor,
        language=question.language,
        text=content.text,
        questions=content.questions,
        provider_id=question.provider_id,
    )


def _from_history(history: Sequence[HistoryRecord], language: str) -> Iterator[CaseEntry]:
    for row in history:
        if row.type in _REACTIONS:
            score = row.data.get("score")
            reaction = _REACTIONS[row.type]
            yield CaseEntry(row.at, ConversationSide.APPLICANT, reaction, APPLICANT, language=language, score=score)
        elif row.type == InquirySent.FACT and "request_id" not in row.data:  # a clerk's question is an entry of its own
            yield CaseEntry(row.at, ConversationSide.FUND, EntryType.INQUIRY, row.actor_role)
        elif row.type == InquiryAnswered.FACT:
            response_id = UUID(row.data["response_id"])
            code = row.data.get("code")
            yield CaseEntry(row.at, ConversationSide.PROVIDER, EntryType.RESPONSE, PROVIDER, response_id=response_id, code=code)
