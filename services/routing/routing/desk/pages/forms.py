"""The submitted forms of a case: reading them, showing them again with what was entered, and the messages for errors."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from fastapi import Request

from routing.cases.schemas.command import CaseAction
from routing.cases.schemas.drafts import DraftView, SaveDraft
from routing.cases.schemas.fields import MAX_SOURCES
from routing.cases.schemas.views import CaseView, IssueView
from routing.cases.service import ClosureGate
from routing.desk.pages.reader import DeskReader, Labelled
from shared.domain.labels import LANGUAGES, Language
from shared.domain.taxonomy import taxonomy
from shared.errors import FieldError
from shared.forms import read_fields
from shared.web.i18n import N_

FORM_LIMIT: Final = 1_048_576  # bytes: a Cyrillic letter takes six in a form; the longest answer with its findings fits
FIELDS_LIMIT: Final = 200
FINDINGS_LIMIT: Final = 20
_SOURCE: Final = re.compile(r"([a-z0-9-]{1,80}):([1-9][0-9]{0,8})")
_FINDING: Final = re.compile(r"findings\.([0-9]{1,2})\.(category|outcome|fact|rule)")
_UNPREFIXED: Final = frozenset(
    {
        CaseAction.CLAIM,
        CaseAction.ASSIGN,
        CaseAction.CLASSIFY,
        CaseAction.ESCALATE,
        CaseAction.ANSWER,
        CaseAction.ANSWER_AND_CLOSE,
        CaseAction.CLOSE,
    }
)
"""Actions whose fields have their own names; those of all others are named `action-field`, so that every name of a page is unique."""
TICKED: Final = frozenset({"missing", "questions"})
"""Fields with one checkbox for each code, named `action-field.code`; an action has at most one of them."""
_FORMS: Final[Mapping[CaseAction, CaseAction]] = {CaseAction.ANSWER_AND_CLOSE: CaseAction.ANSWER}
"""The actions that are sent from the form of another one."""
_HOLD: Final = "hold_seconds"
_REFUSAL: Final = ("refusal_reason", "refusal_rule", "refusal_lawful")
"""The fields of the refusal in the form of a finding."""
_FINDING_FIELDS: Final = ("category", "outcome", "fact", "rule")

_LABELS: Final[Mapping[str, str]] = {
    "kind": N_("Kind"),
    "category": N_("Category"),
    "topic": N_("Topic"),
    "statutory_form": N_("Form in law"),
    "reason": N_("Reason"),
    "assignee": N_("Colleague"),
    "language": N_("Language of the answer"),
    "text": N_("Text"),
    "findings": N_("Findings"),
    "outcome": N_("Outcome"),
    "fact": N_("Fact"),
    "rule": N_("Rule"),
    "missing": N_("What is missing"),
    "ground": N_("Ground"),
    "body": N_("Body"),
    "part": N_("Only a part"),
    "follow_up_on": N_("Call again on"),
    "until": N_("Extend until"),
    "provider_id": N_("Medical organisation"),
    "questions": N_("Questions"),
    "due_on": N_("Answer expected by"),
    "service": N_("Service concerned"),
    "department": N_("Department"),
    "period_from": N_("First day of the period"),
    "period_to": N_("Last day of the period"),
    "issue_id": N_("Issue"),
    "of_number": N_("Number of the case that it repeats"),
    "refusal_reason": N_("Reason of the medical organisation"),
    "refusal_rule": N_("Rule on the refusal"),
    "refusal_lawful": N_("Was the refusal lawful?"),
    "concerned": N_("The colleague complained about"),
    "method": N_("Means"),
    "delivered_on": N_("Delivered on"),
    "reference": N_("Proof"),
    "next_steps": N_("What happens next"),
    "how_to_complain": N_("How to appeal against this answer"),
    "sources": N_("Ready answers used"),
}
_WRONG: Final[Mapping[str, str]] = {
    "required": N_("This is needed."),
    "too-short": N_("This is needed."),
    "too-few": N_("This is needed."),
    "too-long": N_("This is too long."),
    "too-early": N_("This day has passed."),
    "before-from": N_("The period ends before it begins."),
    "in-future": N_("This day has not come yet."),
    "not-later": N_("Choose a day after the present end of the term."),
    "term-passed": N_("The term has ended: it cannot be extended any more."),
    "too-late": N_("At most two months from today are possible."),
    "unknown-colleague": N_("Choose from the list."),
    "own-case": N_("Leave an appeal about yourself to a colleague."),
    "too-many": N_("There are too many."),
    "unknown-provider": N_("Choose from the list."),
    "unknown-code": N_("Choose from the list."),
    "applicants-outcome": N_("Choose from the list."),
    "not-answered": N_("The answer does not say so: choose an outcome that it has."),
    "colleague-absent": N_("This colleague is absent: choose another one."),
    "unknown-assignee": N_("Choose from the list."),
    "issue-without-finding": N_("Each issue of the case needs a finding of its category."),
    "unknown-number": N_("No case that you may see has this number."),
    "same-case": N_("This is the case itself."),
    "is-duplicate": N_("That case is a duplicate itself. Link to the case that it repeats."),
    "has-duplicates": N_("Other cases are linked to this one as its duplicates."),
    "try-again": N_("That case is being changed just now. Try again."),
    "not-linked": N_("Link the case to the one that it repeats first."),
    "duplicate-issue": N_("The case has an issue of this category already."),
    "several-issues": N_("The case has several issues, so its kind needs a category. Remove the other issues first."),
    "issue-stays": N_("Only an issue that was split off and has no finding can be removed."),
    "not-for-this-kind": N_("This does not go with the kind."),
    "malformed-text": N_("Some characters in this cannot be read."),
}


FormValue = str | bool | int | list[str] | list[dict[str, str]] | list[dict[str, str | int]] | dict[str, str | bool]
"""A field in the body of an action."""


@dataclass
class SubmittedForm:
    """The content of one form. `action` is None if nothing was submitted; `conflict`: the case has changed since it was read."""

    action: CaseAction | None = None
    values: Mapping[str, str] = field(default_factory=dict)
    findings: Sequence[Mapping[str, str]] = ()
    ticked: Sequence[str] = ()
    """The codes of the ticked checkboxes."""
    hold_seconds: int | None = None
    errors: dict[str, str] = field(default_factory=dict)
    summary: list[tuple[str | None, str]] = field(default_factory=list)
    conflict: bool = False
    entries_read: int | None = None
    """How many entries the history had when the form was shown."""
    draft_conflict: bool = False
    """Whether the draft was changed in another tab since it was read."""
    still_possible: bool = True
    preview: bool = False
    """Whether the answer is to be shown as the applicant will see it."""

    @property
    def shown_in(self) -> CaseAction | None:
        """The action in whose form the content is shown."""
        return _FORMS.get(self.action, self.action) if self.action else None

    @property
    def language(self) -> Language | None:
        """The language chosen for the letter, None for none or an unknown one."""
        return next((code for code in LANGUAGES if code == self.values.get("language")), None)

    def value(self, action: str, name: str, default: str | None = "") -> str:
        """Return what was entered in a field, or the default in the forms of other actions."""
        return self.values.get(name, "") if self.shown_in == action else default or ""

    def error(self, action: str, name: str) -> str | None:
        """Return the message for a field of an action, None without an error."""
        return self.errors.get(name) if self.shown_in == action else None

    def refuse(self, errors: Iterable[FieldError], reader: DeskReader) -> None:
        """Note the errors by field. An error of no field of the form appears in the summary alone."""
        for error in self._located(errors):
            sentence = reader.translate(_WRONG.get(error.code, N_("Please correct this.")))
            known = error.field in self.values or _FINDING.fullmatch(error.field) is not None
            if known:
                self.errors.setdefault(error.field, sentence)
            target = field_name(self.action, error.field) if known and self.action else None
            line = (target, f"{self._label(error.field, reader)}: {sentence}")
            if line not in self.summary:
                self.summary.append(line)

    def _located(self, errors: Iterable[FieldError]) -> Iterator[FieldError]:
        """Yield the errors; missing findings become errors in the fields of the first finding, which the form shows again."""
        for error in errors:
            if error.field.startswith("refusal."):
                yield FieldError(error.field.replace(".", "_"), error.code, error.detail)
            elif error.field == "findings" and error.code == "required":
                yield from (FieldError(f"findings.0.{name}", error.code, error.detail) for name in _FINDING_FIELDS[1:])
            else:
                yield error

    def entered(self, reader: DeskReader) -> list[tuple[str, str]]:
        """Return everything that was entered, with labels and codes in words, to be read when the form is no longer there."""
        values = [(name, text) for name, text in self.values.items() if text]
        values += [(f"findings.{n}.{name}", text) for n, finding in enumerate(self.findings) for name, text in finding.items() if text]
        return [(self._label(name, reader), in_words(name, text, reader)) for name, text in values]

    def body(self) -> dict[str, FormValue]:
        """Return the fields of the action as the API takes them, without empty ones."""
        given: dict[str, FormValue] = {name: text for name, text in self.values.items() if text}
        if self.hold_seconds is not None:
            given[_HOLD] = self.hold_seconds
        if self.shown_in is CaseAction.ANSWER:
            given["findings"] = [{name: text for name, text in finding.items() if text} for finding in self.findings]
        if self.action is CaseAction.REQUEST_COMPLETION:
            given["missing"] = list(self.ticked)
        if self.action is CaseAction.ASK_PROVIDER:
            given["questions"] = list(self.ticked)
        if refusal := {name.removeprefix("refusal_"): str(given.pop(name)) for name in _REFUSAL if name in given}:
            given["refusal"] = {name: text == "yes" if name == "lawful" else text for name, text in refusal.items()}
        if sources := given.pop("sources", None):
            given["sources"] = sources_in(str(sources))
        if "part" in given:
            given["part"] = given["part"] == "yes"
        kind = self.values.get("kind", "")
        if self.action is CaseAction.CLASSIFY and kind in taxonomy().kinds:
            # The form contains both lists; the one that does not go with the chosen kind is ignored.
            given.pop("topic" if taxonomy().subject_field(kind) == "category" else "category", None)
        return given

    def draft(self) -> dict[str, FormValue]:
        """Return what is entered in the form of an answer as the API takes a draft."""
        return {name: value for name, value in self.body().items() if name in SaveDraft.model_fields}

    def _label(self, name: str, reader: DeskReader) -> str:
        head, _, rest = name.partition(".")
        number, _, part = rest.partition(".")
        if head == "findings" and number.isdecimal() and part in _LABELS:
            label = N_("What was found") if part == "outcome" else _LABELS[part]
            return reader.translate(N_("Issue %(n)s"), n=int(number) + 1) + ", " + reader.translate(label).lower()
        return reader.translate(_LABELS[head]) if head in _LABELS else reader.translate(N_("The form"))


def in_words(name: str, text: str, reader: DeskReader) -> str:
    """Return the name of a chosen code; what somebody typed, and an unknown code, as it is."""
    codes, field = taxonomy(), name.rpartition(".")[2]
    if field == "language":
        return reader.language_name(text)
    entries: Mapping[str, Mapping[str, Labelled]] = {
        "kind": codes.kinds,
        "category": codes.categories,
        "topic": codes.topics,
        "statutory_form": codes.forms,
        "outcome": codes.outcomes,
        "service": codes.concerned_services,
        "department": codes.departments,
    }
    entry = entries.get(field, {}).get(text)
    return reader.label(entry.label) if entry else text


def field_label(name: str, reader: DeskReader) -> str:
    """Return the label of a field; a field without one is shown by its name."""
    return reader.translate(_LABELS[name]) if name in _LABELS else name


def field_name(action: CaseAction, name: str) -> str:
    """Return the name of an action's field in its form."""
    return name if action in _UNPREFIXED else f"{action}-{name}"


async def read(request: Request) -> dict[str, str]:
    """Return the fields of a submitted form; of a field given twice the last.

    Raises PayloadTooLarge, UnsupportedMediaType or MalformedText.
    """
    return await read_fields(request, limit=FORM_LIMIT, most=FIELDS_LIMIT)


def submitted(action: CaseAction, sent: Mapping[str, str], names: Sequence[str], *, with_blank: bool = False) -> SubmittedForm:
    """Return the form of `action` with the fields `names`. Findings with no more than a category are dropped unless `with_blank`."""
    single = [name for name in names if name not in {"findings", _HOLD, *TICKED}]
    plain = [part for name in single for part in (_REFUSAL if name == "refusal" else (name,))]
    form = SubmittedForm(action, {name: sent.get(field_name(action, name), "") for name in plain})
    form.entries_read = number_in(sent, "entries_read")
    if _HOLD in names:
        form.hold_seconds = number_in(sent, _HOLD)
    for ticks in TICKED & set(names):
        prefix = field_name(action, f"{ticks}.")
        form.ticked = [name.removeprefix(prefix) for name in sent if name.startswith(prefix)]
    if "findings" in names:
        numbers = sorted({int(match[1]) for name in sent if (match := _FINDING.fullmatch(name))})[:FINDINGS_LIMIT]
        blocks = [{name: sent.get(f"findings.{number}.{name}", "") for name in _FINDING_FIELDS} for number in numbers]
        # The form fills in the category beforehand: alone it is not a finding.
        form.findings = [block for block in blocks if with_blank or any(block[name] for name in _FINDING_FIELDS[1:])]
    return form


def of_draft(draft: DraftView) -> SubmittedForm:
    """Return the form of an answer as its draft has it."""
    values = {name: getattr(draft, name) or "" for name in ("language", "text", "next_steps", "how_to_complain")}
    values["sources"] = " ".join(f"{source.article}:{source.version}" for source in draft.sources)
    findings = [{name: getattr(finding, name) or "" for name in _FINDING_FIELDS} for finding in draft.findings]
    return SubmittedForm(CaseAction.ANSWER, values, findings)


def sources_in(value: str) -> list[dict[str, str | int]]:
    """Return the articles of a hidden field, `pay-rates:2 referral:1`, each once; anything else is ignored."""
    named = dict.fromkeys(match.groups() for entry in value.split() if (match := _SOURCE.fullmatch(entry)))
    return [{"article": article, "version": int(version)} for article, version in named][:MAX_SOURCES]


def number_in(sent: Mapping[str, str], name: str) -> int | None:
    """Return the whole number in a hidden field of a form, None if it is not one."""
    text = sent.get(name, "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < len(str(2**31)) else None


def blank_finding(category: str | None) -> dict[str, str]:
    """Return the fields of a finding that is not filled in yet."""
    return dict.fromkeys(_FINDING_FIELDS, "") | {"category": category or ""}


@dataclass(frozen=True, slots=True)
class GateCheck:
    """A line of the closure gate, done when every field whose name matches the pattern `needs` is filled in."""

    text: str
    needs: str
    done: bool


def findings_of(case: CaseView, gate: ClosureGate, form: SubmittedForm) -> Sequence[Mapping[str, str]]:
    """Return the findings in the form of the answer: those written, and one for each issue that they do not speak of yet."""
    if not gate.findings:
        return form.findings
    spoken = {finding["category"] for finding in form.findings}
    lacking = [issue for issue in case.issues if issue.category not in spoken and (len(case.issues) > 1 or not form.findings)]
    return [*form.findings, *map(_prefilled, lacking)] or [blank_finding(case.category)]


def _prefilled(issue: IssueView) -> dict[str, str]:
    return blank_finding(issue.category) | (issue.finding.model_dump() if issue.finding else {})


def checks(
    gate: ClosureGate, form: SubmittedForm, findings: Sequence[Mapping[str, str]], issues: Sequence[IssueView], reader: DeskReader
) -> list[GateCheck]:
    """Return what an answer to this kind must contain, and which of it the form already contains. `findings`: those that it shows."""
    lines = [(reader.translate(N_("the answer itself")), "^text$")]
    if gate.findings and len(issues) > 1:
        lines += [_of_issue(issue, findings, reader) for issue in issues]
    elif gate.findings:
        lines += [
            (reader.translate(N_("what was found, for each issue")), r"^findings\.[0-9]+\.outcome$"),
            (reader.translate(N_("the fact that is established")), r"^findings\.[0-9]+\.fact$"),
            (reader.translate(N_("the rule that applies")), r"^findings\.[0-9]+\.rule$"),
        ]
    lines += [(reader.translate(N_("what happens next")), "^next_steps$")] if gate.next_steps else []
    lines += [(reader.translate(N_("how to appeal against the answer")), "^how_to_complain$")] if gate.how_to_complain else []
    given = dict(form.values) if form.shown_in is CaseAction.ANSWER else {}
    given |= {f"findings.{n}.{name}": text for n, finding in enumerate(findings) for name, text in finding.items()}
    return [GateCheck(text, needs, _is_filled(needs, given)) for text, needs in lines]


def _of_issue(issue: IssueView, findings: Sequence[Mapping[str, str]], reader: DeskReader) -> tuple[str, str]:
    number = next(n for n, finding in enumerate(findings) if finding["category"] == issue.category)
    label = reader.label(taxonomy().categories[issue.category].label)
    return reader.translate(N_("the finding on “%(issue)s”"), issue=label), rf"^findings\.{number}\.(outcome|fact|rule)$"


def _is_filled(needs: str, given: Mapping[str, str]) -> bool:
    fields = [text for name, text in given.items() if re.match(needs, name)]
    return bool(fields) and all(fields)
