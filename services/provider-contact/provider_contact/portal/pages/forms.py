"""The forms of an inquiry: reading them, showing them again with what was typed, and the messages at the fields.

The fields of the answer have the names of its body (`text`, `refusal.rule`); the answer to a standing question is `answers.CODE`. The
fields of the other actions are named `action.field`, so that every name of a page is unique.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from fastapi import Request
from pydantic_core import to_json

from provider_contact.attachments.service.lines import FILES
from provider_contact.inquiries.codes import InquiryAction
from provider_contact.inquiries.schemas.commands import COMMANDS, Command
from provider_contact.inquiries.schemas.views import AskedQuestion
from shared.domain.taxonomy import AnswerType
from shared.errors import FieldError
from shared.forms import read_fields
from shared.http import parse
from shared.web.i18n import N_

FORM_LIMIT: Final = 1_048_576  # bytes: a Cyrillic letter takes six in a form
FIELDS_LIMIT: Final = 100
LARGEST_VERSION: Final = 2**31 - 1
REASON: Final = "REFUSAL_REASON"
RULE: Final = "REFUSAL_RULE"
"""The standing questions that the fields of the refusal answer: nobody is asked twice."""
_FIELDS: Final[Mapping[InquiryAction, Sequence[str]]] = {
    InquiryAction.ACKNOWLEDGE: (),
    InquiryAction.RESPOND: ("language", "code", "text", "refusal.reason", "refusal.rule"),
    InquiryAction.PROPOSE: ("language", "text"),
    InquiryAction.PROMISE: ("language", "text", "due_on"),
    InquiryAction.ASK_TIME: ("until", "reason"),
    InquiryAction.ASK_CONSENT: ("reason",),
}
ACTIONS: Final[Mapping[str, type[Command]]] = {command.ACTION: command for command in COMMANDS if command.ACTION in _FIELDS}
_LABELS: Final[Mapping[str, str]] = {
    "language": N_("Language of the answer"),
    "code": N_("What is the answer?"),
    "text": N_("Text of the answer"),
    "refusal.reason": N_("Reason of the refusal"),
    "refusal.rule": N_("Legal ground of the refusal"),
    FILES: N_("Files"),
    "propose.text": N_("What was done"),
    "promise.text": N_("What is promised"),
    "promise.due_on": N_("By which day"),
    "ask-time.until": N_("Until which day"),
    "ask-time.reason": N_("Why the time is needed"),
    "ask-consent.reason": N_("Why it cannot be answered without the person"),
}
_WRONG: Final[Mapping[str, str]] = {
    "required": N_("This is needed."),
    "too-short": N_("This is needed."),
    "too-long": N_("This is too long."),
    "unknown-code": N_("Choose from the list."),
    "bad-format": N_("Check how this is written."),
    "too-early": N_("Choose a later day."),
    "too-late": N_("This day is too far away."),
    "not-later": N_("Choose a day after the present due date."),
    "out-of-range": N_("Choose another day."),
    "malformed-text": N_("Some characters in this cannot be read."),
    "not-asked": N_("The Fund does not ask this any more."),
    "unknown-upload": N_("A file is not there any more. Add it again."),
    "infected": N_("A virus was found in a file. Untick it."),
    "too-large": N_("The files together are too large: at most 100 MB."),
    "too-many": N_("At most 10 files can be sent with an answer."),
}
_OTHERWISE: Final = N_("Check this field.")


@dataclass
class SubmittedForm:
    """The content of the forms as it was typed. `action`: the form that came back; None: the answer shows the draft, if there is one.

    `conflict`: the inquiry changed since it was read; `draft_conflict`: the draft did.
    """

    action: InquiryAction | None = None
    values: dict[str, str] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    summary: list[tuple[str | None, str]] = field(default_factory=list)
    conflict: bool = False
    draft_conflict: bool = False
    attached: frozenset[UUID] | None = None
    """The files that are ticked; None: all that wait."""

    def value(self, name: str, default: str = "") -> str:
        return self.values.get(name, default)

    def error(self, name: str) -> str | None:
        return self.errors.get(name)

    def refuse(self, errors: Sequence[FieldError], names: Mapping[str, str], text: Callable[[str], str]) -> None:
        """Put the messages at the fields. `names`: the names of answers by their index in the body."""
        for each in errors:
            name = _name_of(self.action, each.field, names)
            message = text(_WRONG.get(each.code, _OTHERWISE))
            self.errors.setdefault(name, message)
            label = text(_LABELS[name]) if name in _LABELS else ""
            self.summary.append((name, f"{label}: {message}" if label else message))

    def refuse_files(self, messages: Sequence[str]) -> None:
        """Put the messages about refused files, if there are any, at the input of files."""
        if not messages:
            return
        self.errors[FILES] = " ".join(messages)
        self.summary += [(FILES, message) for message in messages]


async def read(request: Request) -> dict[str, str]:
    """Return the cleaned fields of a posted form."""
    return await read_fields(request, limit=FORM_LIMIT, most=FIELDS_LIMIT)


def typed_values(action: InquiryAction, sent: Mapping[str, str], questions: Sequence[AskedQuestion]) -> dict[str, str]:
    """Return the fields of a form as they were typed, without empty ones."""
    names = [_prefixed(action, name) for name in _FIELDS[action]]
    if action is InquiryAction.RESPOND:
        names += [f"answers.{question.code}" for question in questions]
    return {name: sent[name] for name in names if sent.get(name)}


def command_of(
    action: InquiryAction, sent: Mapping[str, str], questions: Sequence[AskedQuestion], attached: Sequence[UUID] = ()
) -> Command:
    """Return the command that a form means, an answer with the files `attached`. Raises InvalidInput."""
    body: dict[str, object] = {"expected_version": number_in(sent, "expected_version")}
    if action is InquiryAction.RESPOND:
        body |= {name: sent[name] for name in ("language", "code", "text") if sent.get(name)}
        body["answers"] = [answer for _, answer in _answers(sent, questions)]
        body["attachments"] = list(attached)
        reason, rule = sent.get("refusal.reason", ""), sent.get("refusal.rule", "")
        if reason or rule:
            body["refusal"] = {"reason": reason, "rule": rule}
    else:
        body |= {name: sent[_prefixed(action, name)] for name in _FIELDS[action] if sent.get(_prefixed(action, name))}
    return parse(ACTIONS[action], to_json(body))


def answer_names(sent: Mapping[str, str], questions: Sequence[AskedQuestion]) -> dict[str, str]:
    """Return the names of the fields by the paths of the body: `answers.0` is `answers.CARE_GIVEN`."""
    return {f"answers.{index}": name for index, (name, _) in enumerate(_answers(sent, questions))}


def _answers(sent: Mapping[str, str], questions: Sequence[AskedQuestion]) -> list[tuple[str, dict[str, str]]]:
    """Return the given answers with the names of their fields."""
    found = []
    for question in questions:
        name = {REASON: "refusal.reason", RULE: "refusal.rule"}.get(question.code, f"answers.{question.code}")
        typed = sent.get(name, "")
        if not typed:
            continue
        kind = "text" if question.answer_type is AnswerType.TEXT else "value"
        found.append((name, {"question": question.code, kind: _money(typed) if question.answer_type is AnswerType.MONEY else typed}))
    return found


def _money(typed: str) -> str:
    """Return an amount as the body has it: `12 500,5` is `12500.50`."""
    bare = "".join(typed.split()).replace(",", ".").removesuffix("₸")
    whole, point, rest = bare.partition(".")
    return f"{whole}.{rest.ljust(2, '0')}" if point else whole


def number_in(sent: Mapping[str, str], name: str) -> int:
    """Return a number of a hidden field; 0 for anything else, which no version is."""
    text = sent.get(name, "")
    return min(int(text), LARGEST_VERSION) if text.isascii() and text.isdecimal() and len(text) < 12 else 0  # noqa: PLR2004 - of 2**31


def _prefixed(action: InquiryAction, name: str) -> str:
    return name if action is InquiryAction.RESPOND else f"{action}.{name}"


def _name_of(action: InquiryAction | None, path: str, names: Mapping[str, str]) -> str:
    """Return the name of the field that an error of the body belongs to."""
    first, _, rest = path.partition(".")
    if first == "attachments":
        return FILES
    if first == "answers":
        return names.get(f"answers.{rest.partition('.')[0]}", "text")
    return path if action in (None, InquiryAction.RESPOND) else f"{action}.{path}"
