"""The conversation of a case as its page shows it: one thread, oldest entry first."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from routing.cases import service as cases
from routing.cases.codes import ConversationSide, EntryType
from routing.cases.schemas.commands import AnswerContent
from routing.classification.schemas import StoredEvidence
from routing.desk.pages.reader import DeskReader
from routing.desk.schemas import Conversation, ConversationAttachment, ConversationItem
from shared.domain.taxonomy import taxonomy
from shared.web.formats import Formats
from shared.web.i18n import N_
from shared.web.viewer import role_labels

BYTES_IN_KB: Final = 1024
_HEADINGS: Final[Mapping[str, str]] = {
    EntryType.APPEAL: N_("The appeal"),
    EntryType.MESSAGE: N_("Message of the applicant"),
    EntryType.STATEMENT: N_("The applicant withdraws the appeal"),
    EntryType.REASON: N_("The applicant does not accept the answer"),
    EntryType.COMMENT: N_("The applicant rated the answer"),
    EntryType.CONFIRMATION: N_("The applicant confirmed the answer"),
    EntryType.QUESTION: N_("Question to the applicant"),
    EntryType.COMPLETION: N_("Request for what is missing"),
    EntryType.LETTER: N_("Letter to the applicant"),
    EntryType.ANSWER: N_("The answer given"),
    EntryType.INQUIRY: N_("Inquiry to the medical organisation"),
    EntryType.RESPONSE: N_("Response of the medical organisation"),
    EntryType.NOTE: N_("Note, for staff only"),
    EntryType.CALL: N_("Telephone call with the applicant, for staff only"),
}
_STYLES: Final[Mapping[ConversationSide, str]] = {
    ConversationSide.APPLICANT: "citizen",
    ConversationSide.FUND: "fund",
    ConversationSide.PROVIDER: "theirs",
    ConversationSide.COLLEAGUE: "inner",
}
_MISSING_TEXTS: Final[Mapping[str, str]] = {
    EntryType.APPEAL: N_(
        "The register does not answer just now, so the text cannot be shown. Everything else works; try again in a minute."
    ),
    EntryType.RESPONSE: N_("The text of its answer cannot be shown just now."),
}
_DAMAGED: Final = N_("This message cannot be read.")
_NO_TEXT: Final = N_("No text: the appeal was filed without one, or it has been erased.")
_FILE_STATES: Final[Mapping[str, str]] = {
    "CLEAN": N_("checked, no virus found"),
    "SCANNING": N_("being checked for viruses, it opens soon"),
    "UNSCANNED": N_("not checked for viruses"),
    "INFECTED": N_("infected, it cannot be opened"),
}


@dataclass(frozen=True, slots=True)
class TextPart:
    """A part of a text; `marked` if it is evidence of the classification."""

    text: str
    marked: bool


@dataclass(frozen=True, slots=True)
class ThreadFile:
    """A file: its name, its size and state in words, and its address; None while it may not be opened."""

    name: str
    detail: str
    href: str | None


@dataclass(frozen=True, slots=True)
class ThreadEntry:
    """An entry of the thread. `style` is its class; `author`: role and name; `remark`: why there is no text, a warning if `is_missing`."""

    style: str
    heading: str
    author: str
    at: datetime
    language: str | None
    parts: Sequence[TextPart]
    remark: str
    is_missing: bool
    facts: Sequence[tuple[str, str]]
    files: Sequence[ThreadFile]


def thread(found: Conversation, evidence: Sequence[StoredEvidence], reader: DeskReader) -> list[ThreadEntry]:
    """Return the entries of the thread, with the evidence of the classification marked in the text of the appeal."""
    return [_entry(item, evidence if item.type == EntryType.APPEAL else (), reader) for item in found.items]


def _entry(item: ConversationItem, evidence: Sequence[StoredEvidence], reader: DeskReader) -> ThreadEntry:
    remark = _MISSING_TEXTS.get(item.type, _DAMAGED) if item.unavailable else ""
    if item.type == EntryType.APPEAL and item.text is None and not item.unavailable:
        remark = _NO_TEXT
    return ThreadEntry(
        style=_STYLES[item.side],
        heading=reader.translate(_HEADINGS.get(item.type, _HEADINGS[EntryType.MESSAGE])),
        author=_author(item, reader),
        at=item.at,
        language=item.language,
        parts=list(parts_of(item.text or "", evidence)),
        remark=reader.translate(remark) if remark else "",
        is_missing=item.unavailable,
        facts=list(_facts(item, reader)),
        files=[_file(file, reader) for file in item.attachments],
    )


def _author(item: ConversationItem, reader: DeskReader) -> str:
    labels = role_labels()
    role = reader.label(labels[item.author_role]) if item.author_role in labels and item.author_role != "service" else ""
    language = reader.language_name(item.language) if item.language else ""
    return " · ".join(filter(None, [item.author_name, role, language]))


def parts_of(text: str, evidence: Sequence[StoredEvidence]) -> Iterator[TextPart]:
    """Yield the text in parts with the evidence marked; evidence outside the text is ignored."""
    position = 0
    for start, end in sorted((piece["start"], piece["end"]) for piece in evidence):
        if end <= position or end > len(text):
            continue
        if start > position:
            yield TextPart(text[position:start], marked=False)
        yield TextPart(text[max(start, position) : end], marked=True)
        position = end
    if position < len(text):
        yield TextPart(text[position:], marked=False)


def _facts(item: ConversationItem, reader: DeskReader) -> Iterator[tuple[str, str]]:
    codes = taxonomy()
    if item.code is not None and item.code in codes.response_codes:
        yield reader.translate(N_("Result")), reader.label(codes.response_codes[item.code].label)
    if item.missing:
        yield reader.translate(N_("What is missing")), " · ".join(reader.label(cases.missing_data()[code].label) for code in item.missing)
    if item.questions:
        asked = (codes.provider_questions[code].label for code in item.questions if code in codes.provider_questions)
        yield reader.translate(N_("Questions")), " · ".join(map(reader.label, asked))
    if item.score is not None:
        yield reader.translate(N_("Rating")), reader.translate(N_("%(score)s of 5"), score=item.score)
    if item.answer is not None:
        yield from answer_facts(item.answer, reader)


def answer_facts(answer: AnswerContent, reader: DeskReader) -> Iterator[tuple[str, str]]:
    """Yield what an answer contains in addition to its text, as labels and values."""
    codes = taxonomy()
    for finding in answer.findings:
        yield reader.label(codes.categories[finding.category].label), reader.label(codes.outcomes[finding.outcome].label)
        yield reader.translate(N_("Fact")), finding.fact
        yield reader.translate(N_("Rule")), finding.rule
    if answer.next_steps:
        yield reader.translate(N_("What happens next")), answer.next_steps
    if answer.how_to_complain:
        yield reader.translate(N_("How to appeal against this answer")), answer.how_to_complain
    if answer.sources:
        written = N_("%(article)s, version %(number)s")
        named = [reader.translate(written, article=each.article, number=each.version) for each in answer.sources]
        yield reader.translate(N_("Ready answers used")), "; ".join(named)


def _file(file: ConversationAttachment, reader: DeskReader) -> ThreadFile:
    size = Formats(reader.language).number(max(1, round(file.size / BYTES_IN_KB)), 0)
    detail = reader.translate(N_("%(size)s kB"), size=size)
    state = _FILE_STATES.get(file.state)
    name = file.name or reader.translate(N_("File without a name"))
    return ThreadFile(name, " · ".join(filter(None, [detail, reader.translate(state) if state else ""])), file.href)
