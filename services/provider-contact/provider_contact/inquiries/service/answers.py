"""Answers of providers: checked against the questions, stored sealed, and read."""

import json
import re
from collections.abc import Sequence
from datetime import date
from typing import Final, NamedTuple
from uuid import UUID

from provider_contact.inquiries import events
from provider_contact.inquiries.codes import AnswerMethod
from provider_contact.inquiries.models import Inquiry, ProviderResponse
from provider_contact.inquiries.schemas.commands import AnswerContent, QuestionAnswer
from provider_contact.inquiries.schemas.views import AnswerFileView, QuestionAnswerView, RefusalView, ResponseView
from shared.domain.taxonomy import AnswerType, ProviderQuestion, taxonomy
from shared.errors import FieldError, InvalidInput
from shared.field_errors import DETAILS
from shared.sealing import Sealer
from shared.unit_of_work import UnitOfWork

TABLE: Final = "response"
_YES_NO: Final = frozenset({"YES", "NO"})
_TENGE: Final = re.compile(r"[0-9]{1,12}(\.[0-9]{2})?", re.ASCII)


class AnswerSender(NamedTuple):
    """How an answer came, and from whom: the subject of a token, or the id of a one-time link or of a provider's system."""

    method: AnswerMethod
    sender: str


def check_answer(inquiry: Inquiry, content: AnswerContent) -> None:
    """Raise InvalidInput for a question that was not asked or is answered twice, and for a value of another type."""
    errors: list[FieldError] = []
    seen: set[str] = set()
    for index, answer in enumerate(content.answers):
        field = f"answers.{index}"
        if answer.question in seen:
            errors.append(FieldError(f"{field}.question", "given-twice", "The question is answered twice."))
        elif answer.question not in inquiry.questions:
            errors.append(FieldError(f"{field}.question", "not-asked", "The inquiry does not ask this question."))
        else:
            errors += _value_errors(field, taxonomy().provider_questions[answer.question], answer)
        seen.add(answer.question)
    if errors:
        raise InvalidInput(errors)


def _value_errors(field: str, question: ProviderQuestion, answer: QuestionAnswer) -> list[FieldError]:
    """Return the error of the value of one answer; none if it fits."""
    if question.answer_type is AnswerType.TEXT:
        if answer.value is not None:
            return [FieldError(f"{field}.value", "not-for-this-question", "The question is answered by text.")]
        return [] if answer.text else [FieldError(f"{field}.text", "required", DETAILS["required"])]
    if answer.value is None:
        return [FieldError(f"{field}.value", "required", DETAILS["required"])]
    code = {"YES_NO": _yes_no, "DATE": _day, "MONEY": _money, "CHOICE": _choice}[question.answer_type](answer.value, question)
    return [FieldError(f"{field}.value", code, DETAILS[code])] if code else []


def _yes_no(value: str, _question: ProviderQuestion) -> str | None:
    return None if value in _YES_NO else "unknown-code"


def _day(value: str, _question: ProviderQuestion) -> str | None:
    try:
        return None if date.fromisoformat(value).isoformat() == value else "bad-format"
    except ValueError:
        return "bad-format"


def _money(value: str, _question: ProviderQuestion) -> str | None:
    return None if _TENGE.fullmatch(value) else "bad-format"


def _choice(value: str, question: ProviderQuestion) -> str | None:
    return None if value in question.options else "unknown-code"


def store_answer(work: UnitOfWork, inquiry: Inquiry, content: AnswerContent, sent: AnswerSender, *, counts: bool) -> UUID:
    """Store the answer, sealed; return its id. An answer that counts settles the round and publishes `inquiry-answered`."""
    response_id, now = work.ids.new(), work.clock.now()
    is_late = now > inquiry.due_at
    seal, refusal = work.sealer.seal, content.refusal
    answers = json.dumps([answer.model_dump() for answer in content.answers], ensure_ascii=False).encode() if content.answers else None
    work.session.add(
        ProviderResponse(
            response_id=response_id,
            inquiry_id=inquiry.inquiry_id,
            language=content.language,
            code=content.code,
            text=seal(TABLE, response_id, "text", content.text.encode()),
            at=now,
            round=inquiry.round,
            late=is_late,
            counts=counts,
            answers=seal(TABLE, response_id, "answers", answers) if answers else None,
            refusal_reason=refusal.reason if refusal else None,
            refusal_rule=seal(TABLE, response_id, "refusal_rule", refusal.rule.encode()) if refusal else None,
            method=sent.method,
            sender=sent.sender,
        )
    )
    if counts:
        inquiry.answered_at = now
        inquiry.time_asked_until = None
        event = events.inquiry_answered(
            inquiry, response_id, content.code, late=is_late, refusal_reason=refusal.reason if refusal else None
        )
        work.publish(event)
    return response_id


def response_view(response: ProviderResponse, sealer: Sealer, files: Sequence[AnswerFileView] = ()) -> ResponseView:
    """Return a stored answer with its texts and its files."""
    answers = json.loads(sealer.open(TABLE, response.response_id, "answers", response.answers)) if response.answers else []
    return ResponseView(
        response_id=response.response_id,
        round=response.round,
        at=response.at,
        method=response.method,
        language=response.language,
        code=response.code,
        text=sealer.open(TABLE, response.response_id, "text", response.text).decode(),
        late=response.late,
        counts=response.counts,
        answers=[QuestionAnswerView(**answer) for answer in answers],
        refusal=_refusal(response, sealer),
        attachments=list(files),
    )


def _refusal(response: ProviderResponse, sealer: Sealer) -> RefusalView | None:
    if response.refusal_reason is None:
        return None
    rule = sealer.open(TABLE, response.response_id, "refusal_rule", response.refusal_rule).decode() if response.refusal_rule else ""
    return RefusalView(reason=response.refusal_reason, rule=rule, lawful=response.refusal_lawful)
