"""The training texts as the detectors read them: emergencies, protected subjects, their look-alikes, and ordinary texts of every kind."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from shared.domain.taxonomy import taxonomy
from shared.language import danger, protected
from shared.language.detectors import DetectorText
from shared.language.dictionaries import URGENT, ProtectedSubject
from training.labelled import SECOND_CODES, TEXTS, BadLabel

LOOK_ALIKES: Final = ("calm", "open")
_DIVIDED: Final = "COMPLAINT"
_OWN: Final = frozenset({URGENT, "protected", *LOOK_ALIKES})


@dataclass(frozen=True, slots=True)
class DetectorExample:
    """A text under its column: `urgent`, a protected subject, `calm`, `open`, `ordinary`, or a kind with the category of a complaint."""

    text: str
    column: str

    @property
    def is_urgent(self) -> bool:
        return self.column == URGENT

    @property
    def is_protected(self) -> bool:
        return self.column in {*ProtectedSubject}

    @property
    def is_ordinary(self) -> bool:
        """Whether nobody wrote the text as one of the detectors' own or as a look-alike."""
        return not self.is_urgent and not self.is_protected and self.column not in LOOK_ALIKES


@dataclass(frozen=True, slots=True)
class ListedSigns:
    """Whether the dictionaries alone find a danger and a protected subject in a text."""

    danger: bool
    protected: bool

    @classmethod
    def of(cls, text: DetectorText) -> "ListedSigns":
        return cls(bool(danger.signs_in_dictionary(text)), bool(protected.signs_in_dictionary(text)))


def read_examples(folder: Path = TEXTS) -> list[DetectorExample]:
    """Return the texts in the order of the files' names, each once. What it is to the detectors precedes its kind. Raises BadLabel."""
    found: dict[str, DetectorExample] = {}
    own: dict[str, DetectorExample] = {}
    for path in sorted(folder.glob("*.txt")):
        for is_own, example in _examples_of(path):
            found.setdefault(example.text, example)
            if is_own:
                own.setdefault(example.text, example)
    return [own.get(text, example) for text, example in found.items()]


def _examples_of(path: Path) -> Iterator[tuple[bool, DetectorExample]]:
    column, is_own = "", False
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        text = line.strip()
        if text.startswith("# "):
            kind, *subjects = text[2:].split()
            column, is_own = _column(kind, subjects), kind in _OWN
        elif text and not column:
            raise BadLabel(f"{path.name}:{number}: a text without a heading")
        elif text:
            example = DetectorExample(SECOND_CODES.sub("", text), column)
            if is_own or example.is_protected or not _may_be_protected(text):
                yield is_own, example


def _may_be_protected(line: str) -> bool:
    """Return whether a second reader could have chosen a protected subject: such a text teaches neither that it is one nor the reverse."""
    found = SECOND_CODES.search(line)
    return found is not None and not {*ProtectedSubject}.isdisjoint(found["codes"].split())


def _column(kind: str, subjects: list[str]) -> str:
    """Return the protected subject that a heading names, else its kind; complaints are divided by their top-level category."""
    categories = taxonomy().categories
    named = [taxonomy().root_category(code) if code in categories else code for code in subjects]
    subject = next((code for code in named if code in {*ProtectedSubject}), None)
    return subject or (f"{kind} {named[0]}" if kind == _DIVIDED else kind)
