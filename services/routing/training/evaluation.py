"""Figures on the test file, which no training reads: by kind, subject, language, style and length."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from routing.classification.schemas import Decision
from routing.classification.service import Classification
from routing.classification.service.classifier import classify_by
from routing.classification.service.model import AppealModel
from shared.domain.taxonomy import taxonomy

TEST_FILE: Final = Path(__file__).parent / "held_out" / "appeals.jsonl"
_LENGTHS: Final = ((8, "up to 8 words"), (35, "9 to 35 words"))
_LONGEST: Final = "more than 35 words"


@dataclass(frozen=True, slots=True)
class HeldOutText:
    """A text of the test file. `kinds` and `subjects`: those accepted, the main one first; subjects are topics or top-level categories."""

    text: str
    kinds: tuple[str, ...]
    subjects: tuple[str, ...]
    language: str
    style: str

    @property
    def slices(self) -> Iterator[tuple[str, str]]:
        """The slices that the text belongs to: the aspect and the value."""
        text_words = len(self.text.split())
        yield "all", "all"
        yield "kind", self.kinds[0]
        yield "subject", self.subjects[0]
        yield "language", self.language
        yield "style", self.style
        yield "length", next((name for most, name in _LENGTHS if text_words <= most), _LONGEST)


@dataclass(frozen=True, slots=True)
class Answer:
    """A text of the test file with what a method answered."""

    tested: HeldOutText
    found: Classification

    @property
    def subject(self) -> str:
        """The topic or the top-level category that was chosen."""
        return taxonomy().root_category(self.found.category) if self.found.category else self.found.topic or ""

    @property
    def kind_is_right(self) -> bool:
        return self.found.kind in self.tested.kinds

    @property
    def subject_is_right(self) -> bool:
        return self.subject in self.tested.subjects

    @property
    def is_auto(self) -> bool:
        return self.found.decision is Decision.AUTO

    @property
    def is_right(self) -> bool:
        return self.kind_is_right and self.subject_is_right


@dataclass(frozen=True, slots=True)
class Figures:
    """Counts of one slice."""

    texts: int
    kind: int
    subject: int
    auto: int
    auto_right: int
    triage: int


def read_tests(path: Path = TEST_FILE) -> list[HeldOutText]:
    """Return the test file."""
    return [_tested(json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def _tested(row: Mapping[str, Any]) -> HeldOutText:
    categories = taxonomy().categories
    named = [row.get("category") or row.get("topic") or "OTHER_TOPIC", *row.get("also_subjects", ())]
    # A code may name a category and a topic; both have the same family.
    families = tuple(dict.fromkeys(taxonomy().root_category(code) if code in categories else code for code in named))
    kinds = (row["kind"], *row.get("also_kinds", ()))
    return HeldOutText(row["text"], kinds, families, row["language"], row.get("style", "plain"))


def answers(model: AppealModel | None, tests: Sequence[HeldOutText]) -> list[Answer]:
    """Return what the model, or the dictionary alone without one, answers to every text."""
    return [Answer(tested, classify_by(model, tested.text)) for tested in tests]


def figures(given: Sequence[Answer]) -> dict[tuple[str, str], Figures]:
    """Return the counts by slice, in the order in which slices appear."""
    grouped: dict[tuple[str, str], list[Answer]] = {}
    for answer in given:
        for each in answer.tested.slices:
            grouped.setdefault(each, []).append(answer)
    return {each: _counted(group) for each, group in grouped.items()}


def _counted(group: Sequence[Answer]) -> Figures:
    auto = [answer for answer in group if answer.is_auto]
    return Figures(
        texts=len(group),
        kind=sum(answer.kind_is_right for answer in group),
        subject=sum(answer.subject_is_right for answer in group),
        auto=len(auto),
        auto_right=sum(answer.is_right for answer in auto),
        triage=sum(answer.found.decision is Decision.TRIAGE for answer in group),
    )
