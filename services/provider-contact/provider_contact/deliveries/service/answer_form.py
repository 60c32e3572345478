"""The answer of a provider as a form: its fields, how a sent form becomes an answer, and which field an error belongs to."""

import json
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple
from uuid import UUID

from provider_contact.attachments.service.lines import FILES
from provider_contact.inquiries.schemas.commands import AnswerContent
from provider_contact.inquiries.schemas.views import AskedQuestion
from shared.domain.labels import Language
from shared.domain.taxonomy import AnswerType, taxonomy
from shared.errors import FieldError, InvalidInput
from shared.http import parse
from shared.web.i18n import N_

QUESTION: Final = "q."
"""The name of a question's field is this and its code."""
REASON: Final = "refusal.reason"
RULE: Final = "refusal.rule"
SENTENCES: Final[Mapping[str, str]] = {
    "required": N_("Fill in this field."),
    "too-short": N_("Fill in this field."),
    "too-long": N_("The text is too long: shorten it."),
    "unknown-code": N_("Choose one of the answers."),
    "unknown-upload": N_("A file is not there any more. Add it again."),
    "infected": N_("A virus was found in a file. Untick it."),
    "too-large": N_("The files together are too large: at most 100 MB."),
    "too-many": N_("At most 10 files can be sent with an answer."),
    "not-accepted": N_("A request for more time has no files. Untick them."),
    "bad-format": N_("This is written in a form that we do not understand: write a day as a date, an amount in digits."),
}
OTHERWISE: Final = N_("Check this answer.")

Choice = tuple[str, str]
"""The code of an answer and its text."""


class FormQuestion(NamedTuple):
    """A question of the Fund as a field of the form."""

    name: str
    label: str
    type: AnswerType
    options: Sequence[Choice]
    value: str


class AnswerForm(NamedTuple):
    """The form as the page shows it, with what was typed."""

    questions: Sequence[FormQuestion]
    codes: Sequence[Choice]
    reasons: Sequence[Choice]
    code: str
    text: str
    reason: str
    rule: str


class FormError(NamedTuple):
    """An error of one field: the name of its field and a sentence to translate."""

    field: str
    sentence: str


def answer_form(asked: Sequence[AskedQuestion], sent: Mapping[str, str], language: Language) -> AnswerForm:
    """Return the form in a language, filled with what was sent."""
    known = taxonomy()
    questions = [
        FormQuestion(
            f"{QUESTION}{question.code}",
            getattr(question, language),
            question.answer_type,
            [(option.code, getattr(option, language)) for option in question.options or ()],
            sent.get(f"{QUESTION}{question.code}", ""),
        )
        for question in asked
    ]
    return AnswerForm(
        questions,
        [(code, entry.label.in_(language)) for code, entry in known.response_codes.items()],
        [(code, entry.label.in_(language)) for code, entry in known.refusal_reasons.items()],
        sent.get("code", ""),
        sent.get("text", ""),
        sent.get(REASON, ""),
        sent.get(RULE, ""),
    )


def answer_of(asked: Sequence[AskedQuestion], sent: Mapping[str, str], language: Language, attached: Sequence[UUID] = ()) -> AnswerContent:
    """Return the answer that a form gives, with the files `attached`; empty fields are left out. Raises InvalidInput."""
    answers = [_answer(question, value) for question in asked if (value := sent.get(f"{QUESTION}{question.code}", "").strip())]
    document: dict[str, object] = {"language": language, "code": sent.get("code", ""), "text": sent.get("text", ""), "answers": answers}
    document["attachments"] = [str(each) for each in attached]
    if sent.get(REASON) or sent.get(RULE):
        document["refusal"] = {"reason": sent.get(REASON, ""), "rule": sent.get(RULE, "")}
    return parse(AnswerContent, json.dumps(document).encode())


def errors_of(refused: InvalidInput, asked: Sequence[AskedQuestion], sent: Mapping[str, str]) -> list[FormError]:
    """Return the errors of a form by the names of its fields, one a field."""
    given = [question.code for question in asked if sent.get(f"{QUESTION}{question.code}", "").strip()]
    found: dict[str, FormError] = {}
    for error in refused.errors:
        name = _field_of(error, given)
        found.setdefault(name, FormError(name, SENTENCES.get(error.code, OTHERWISE)))
    return list(found.values())


def _answer(question: AskedQuestion, value: str) -> dict[str, str | None]:
    is_text = question.answer_type is AnswerType.TEXT
    return {"question": question.code, "value": None if is_text else value, "text": value if is_text else None}


def _field_of(error: FieldError, given: Sequence[str]) -> str:
    """Return the form's name of a field: `answers.0.value` is the first question that was answered."""
    head, _, rest = error.field.partition(".")
    index = rest.partition(".")[0]
    if head == "answers" and index.isdigit() and int(index) < len(given):
        return f"{QUESTION}{given[int(index)]}"
    return FILES if head == "attachments" else error.field
