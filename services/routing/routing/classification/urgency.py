"""Where a text speaks of danger to life, as a clerk is shown it; whether it does is for `shared.language.danger` to say."""

from collections.abc import Sequence
from dataclasses import dataclass

from routing.classification.lexicon import lexicon
from shared.language.danger import signs_of_danger
from shared.language.phrases import Hit


@dataclass(unsafe_hash=True)  # not frozen, which would take three times as long to make
class Evidence:
    """A position in the original text (`text[start:end]`), the dictionary's term that it matched and the code that it argues for."""

    start: int
    end: int
    term: str
    code: str


def evidence_of(hits: Sequence[Hit]) -> tuple[Evidence, ...]:
    """The hits in the order of the text, each position and code once, cut to the limit of the data file."""
    found = {(hit.start, hit.end, hit.term.code): hit.term.text for hit in hits}
    positions = sorted(found)[: lexicon().settings.evidence_limit]
    return tuple(Evidence(start, end, found[start, end, code], code) for start, end, code in positions)


def is_urgent(text: str) -> tuple[bool, tuple[Evidence, ...]]:
    """Whether the text tells of danger to life or health right now, and where it says so."""
    found = signs_of_danger(text)
    return bool(found), evidence_of(found)
