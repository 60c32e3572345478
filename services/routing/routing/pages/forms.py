"""What a clerk types into the forms of a case: read from the post, kept when it comes back, and what is wrong with it said in words."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from fastapi import Request

from routing.pages.words import Reader
from routing.reference import Gate
from shared.domain.taxonomy import taxonomy
from shared.errors import FieldError
from shared.forms import read_fields
from shared.web.i18n import N_

FORM_LIMIT: Final = 1_048_576  # bytes: a Cyrillic letter takes six in a form; the longest answer with its findings fits
FIELDS_LIMIT: Final = 200
FINDINGS_LIMIT: Final = 20
_FINDING: Final = re.compile(r"findings\.([0-9]{1,2})\.(category|outcome|fact|rule)")
_OWN_NAMES: Final = frozenset({"ask", "request-completion", "return", "terminate", "forward", "redirect"})
"""Actions whose forms stand beside the answer's: their fields are named `action-field`, as a page holds a name's field once."""
_MISSING: Final = "missing."  # a tick each
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
    "next_steps": N_("What happens next"),
    "how_to_complain": N_("How to appeal against this answer"),
}
_WRONG: Final[Mapping[str, str]] = {
    "required": N_("This is needed."),
    "too-short": N_("This is needed."),
    "too-few": N_("This is needed."),
    "too-long": N_("This is too long."),
    "too-many": N_("There are too many."),
    "unknown-code": N_("Choose from the list."),
    "issue-without-finding": N_("One of the findings must speak of what the case is about."),
    "not-for-this-kind": N_("This does not go with the kind."),
    "malformed-text": N_("Some characters in this cannot be read."),
}


@dataclass
class Filled:
    """What one form holds. `action` is empty while nothing was sent; `conflict`: the case moved on before it arrived."""

    action: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    findings: Sequence[Mapping[str, str]] = ()
    missing: Sequence[str] = ()
    """The codes that were ticked."""
    errors: dict[str, str] = field(default_factory=dict)
    summary: list[tuple[str | None, str]] = field(default_factory=list)
    conflict: bool = False
    still_possible: bool = True

    def is_for(self, action: str) -> bool:
        return self.action == action

    def value(self, action: str, name: str, default: str | None = "") -> str:
        return self.values.get(name, "") if self.action == action else default or ""

    def error(self, action: str, name: str) -> str | None:
        return self.errors.get(name) if self.action == action else None

    def refuse(self, errors: Iterable[FieldError], reader: Reader) -> None:
        """Note what is wrong, by field; what concerns no field of the form stands in the summary alone."""
        for each in self._placed(errors):
            sentence = reader.say(_WRONG.get(each.code, N_("Please correct this.")))
            known = each.field in self.values or _FINDING.fullmatch(each.field) is not None
            if known:
                self.errors.setdefault(each.field, sentence)
            self.summary.append((sent_as(self.action, each.field) if known else None, f"{self._label(each.field, reader)}: {sentence}"))

    def _placed(self, errors: Iterable[FieldError]) -> Iterator[FieldError]:
        """Findings that are missing altogether are missed in the first one's fields, which the form shows again."""
        for each in errors:
            if each.field == "findings" and each.code == "required":
                yield from (FieldError(f"findings.0.{name}", each.code, each.detail) for name in _FINDING_FIELDS[1:])
            else:
                yield each

    def kept(self, reader: Reader) -> list[tuple[str, str]]:
        """Everything that was entered, to be read when its form is no longer there."""
        entered = [(name, text) for name, text in self.values.items() if text]
        entered += [(f"findings.{n}.{name}", text) for n, finding in enumerate(self.findings) for name, text in finding.items() if text]
        return [(self._label(name, reader), text) for name, text in entered]

    def body(self) -> dict[str, Any]:
        """The action's fields as the API takes them: an empty one is not given."""
        given: dict[str, Any] = {name: text for name, text in self.values.items() if text}
        if self.action == "answer":
            given["findings"] = [{name: text for name, text in finding.items() if text} for finding in self.findings]
        if self.action == "request-completion":
            given["missing"] = list(self.missing)
        if "part" in given:
            given["part"] = given["part"] == "yes"
        if self.action == "classify" and given.get("kind") in taxonomy().kinds:
            # Both lists stand in the form; the one that does not go with the kind chosen is not meant.
            given.pop("topic" if taxonomy().subject_field(given["kind"]) == "category" else "category", None)
        return given

    def _label(self, name: str, reader: Reader) -> str:
        head, _, rest = name.partition(".")
        number, _, part = rest.partition(".")
        if head == "findings" and number.isdecimal() and part in _LABELS:
            label = N_("What was found") if part == "outcome" else _LABELS[part]
            return reader.say(N_("Issue %(n)s"), n=int(number) + 1) + ", " + reader.say(label).lower()
        return reader.say(_LABELS[head]) if head in _LABELS else reader.say(N_("The form"))


def sent_as(action: str, name: str) -> str:
    """The name of an action's field in its form."""
    return f"{action}-{name}" if action in _OWN_NAMES else name


async def read(request: Request) -> dict[str, str]:
    """The fields of a posted form; of a field given twice the last. Raises PayloadTooLarge, UnsupportedMediaType or MalformedText."""
    return await read_fields(request, limit=FORM_LIMIT, most=FIELDS_LIMIT)


def filled(action: str, sent: Mapping[str, str], names: Sequence[str], *, keep_blank: bool = False) -> Filled:
    """The form of `action` with the fields `names` out of what was sent; findings with no more than a category fall away."""
    found = Filled(action, {name: sent.get(sent_as(action, name), "") for name in names if name not in {"findings", "missing"}})
    if "missing" in names:
        ticked = sent_as(action, _MISSING)
        found.missing = [name.removeprefix(ticked) for name in sent if name.startswith(ticked)]
    if "findings" in names:
        numbers = sorted({int(match[1]) for name in sent if (match := _FINDING.fullmatch(name))})[:FINDINGS_LIMIT]
        blocks = [{name: sent.get(f"findings.{number}.{name}", "") for name in _FINDING_FIELDS} for number in numbers]
        # A category alone was filled in beforehand: it is no finding yet.
        found.findings = [block for block in blocks if keep_blank or any(block[name] for name in _FINDING_FIELDS[1:])]
    return found


def blank_finding(category: str | None) -> dict[str, str]:
    return dict.fromkeys(_FINDING_FIELDS, "") | {"category": category or ""}


@dataclass(frozen=True, slots=True)
class Check:
    """A line of the closure gate: done once every field that `needs` (a pattern of names) matches holds something."""

    text: str
    needs: str
    done: bool


def checks(gate: Gate, form: Filled, reader: Reader) -> list[Check]:
    """What an answer to this kind must say, and which of it the form already says."""
    lines = [(N_("the answer itself"), "^text$")]
    if gate.findings:
        lines += [
            (N_("what was found, for each issue"), r"^findings\.[0-9]+\.outcome$"),
            (N_("the fact that is established"), r"^findings\.[0-9]+\.fact$"),
            (N_("the rule that applies"), r"^findings\.[0-9]+\.rule$"),
        ]
    lines += [(N_("what happens next"), "^next_steps$")] if gate.next_steps else []
    lines += [(N_("how to appeal against the answer"), "^how_to_complain$")] if gate.how_to_complain else []
    given = dict(form.values) if form.is_for("answer") else {}
    given |= {f"findings.{n}.{name}": text for n, finding in enumerate(form.findings) for name, text in finding.items()}
    return [Check(reader.say(text), needs, _said(needs, given)) for text, needs in lines]


def _said(needs: str, given: Mapping[str, str]) -> bool:
    fields = [text for name, text in given.items() if re.match(needs, name)]
    return bool(fields) and all(fields)
