"""The labelled texts: `texts/*.txt`, a heading `# KIND SUBJECT` followed by a text on each line.

A line may end with codes in braces that an honest second reader could have chosen instead: `… {COMPLAINT WAITING}`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from routing.classification.service.lexicon import GeneralSubject, NamedKind
from shared.domain.taxonomy import taxonomy

TEXTS: Final = Path(__file__).parent / "texts"
_HEADING: Final = re.compile(r"# (?P<kind>[A-Z]+) (?P<subjects>[A-Z_]+(?: \+ [A-Z_]+)*)")
SECOND_CODES: Final = re.compile(r"\s*\{(?P<codes>[A-Z_]+(?: [A-Z_]+)*)\}$")
# Headings of the texts of the detectors, which the classifier does not learn from.
_OF_DETECTORS: Final = re.compile(r"# (?:urgent|calm|open|ordinary|protected [A-Z]+)")


# Thanks and opinions are about care; most files have them under the general topic.
_ABOUT_CARE: Final = frozenset({NamedKind.GRATITUDE, NamedKind.FEEDBACK})
_CARE: Final = "CARE_PROVISION"


class BadLabel(ValueError):
    """A heading is malformed or names a code that the taxonomy does not have, or a text has none."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """A text with its kind and subjects, the main one first. `source` numbers the written text that it is or was made from.

    `also_kinds`, `also_subjects`: codes that are accepted as well; nothing learns from them.
    """

    text: str
    kind: str
    subjects: tuple[str, ...]
    source: int
    file: str
    also_kinds: frozenset[str] = frozenset()
    also_subjects: frozenset[str] = frozenset()

    @property
    def subject(self) -> str:
        return self.subjects[0]

    @property
    def family(self) -> str:
        """The topic, or the top-level category."""
        if self.kind in _ABOUT_CARE and self.subject == GeneralSubject.TOPIC:
            return _CARE
        return taxonomy().root_category(self.subject) if self.is_category else self.subject

    @property
    def is_category(self) -> bool:
        return taxonomy().subject_field(self.kind) == "category"

    @property
    def accepted_families(self) -> frozenset[str]:
        """The topics and top-level categories that are right: as on the test file, a code may name both."""
        categories = taxonomy().categories
        codes = {*self.subjects, *self.also_subjects}
        if self.kind in _ABOUT_CARE and self.family == _CARE:
            codes.add(GeneralSubject.TOPIC)
        return frozenset({self.family} | {taxonomy().root_category(code) if code in categories else code for code in codes})

    @property
    def topic_is_left_open(self) -> bool:
        """Whether its writer named no topic: a suggestion is complete without one, and what it is about its words say."""
        return self.kind == NamedKind.SUGGESTION and self.subject == GeneralSubject.TOPIC


def read_texts(folder: Path = TEXTS) -> list[Labelled]:
    """Return all labelled texts in the order of the files' names; a text written twice counts once. Raises BadLabel."""
    found: dict[str, Labelled] = {}
    for path in sorted(folder.glob("*.txt")):
        for text in _texts_of(path):
            found.setdefault(text.text, text)
    return [replace(text, source=source) for source, text in enumerate(found.values())]


def _texts_of(path: Path) -> Iterator[Labelled]:
    kind, is_read = "", False
    subjects: tuple[str, ...] = ()
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        text = line.strip()
        if text.startswith("# "):
            is_read = _OF_DETECTORS.fullmatch(text) is None
            kind, subjects = _heading(text, f"{path.name}:{number}") if is_read else ("", ())
        elif text and is_read:
            yield _labelled(text, kind, subjects, f"{path.name}:{number}")
        elif text and not kind and number == 1:
            raise BadLabel(f"{path.name}:{number}: a text without a heading")


def _labelled(line: str, kind: str, subjects: tuple[str, ...], where: str) -> Labelled:
    match = SECOND_CODES.search(line)
    codes = frozenset(match["codes"].split(" ")) if match else frozenset()
    kinds = codes & taxonomy().kinds.keys()
    if unknown := codes - kinds - taxonomy().categories.keys() - taxonomy().topics.keys():
        raise BadLabel(f"{where}: {sorted(unknown)}")
    text = line[: match.start()] if match else line
    return Labelled(text, kind, subjects, 0, where.partition(":")[0], kinds, codes - kinds)


def _heading(line: str, where: str) -> tuple[str, tuple[str, ...]]:
    match = _HEADING.fullmatch(line)
    if match is None or match["kind"] not in taxonomy().kinds:
        raise BadLabel(f"{where}: {line}")
    subjects = tuple(match["subjects"].split(" + "))
    known = taxonomy().categories if taxonomy().subject_field(match["kind"]) == "category" else taxonomy().topics
    if unknown := [code for code in subjects if code not in known]:
        raise BadLabel(f"{where}: {unknown} with {match['kind']}")
    return match["kind"], subjects
