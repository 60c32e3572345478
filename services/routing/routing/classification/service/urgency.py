"""The evidence of a classification. Whether a text speaks of danger to life is decided by `shared.language.danger`."""

from collections.abc import Sequence
from dataclasses import dataclass

from routing.classification.service.lexicon import lexicon
from shared.language.phrases import Hit


@dataclass(unsafe_hash=True)  # not frozen: creation would take three times as long
class Evidence:
    """A position in the original text (`text[start:end]`), the term of the dictionary that matched and the code it argues for."""

    start: int
    end: int
    term: str
    code: str


def evidence_of(hits: Sequence[Hit]) -> tuple[Evidence, ...]:
    """Return the hits in the order of the text, each position and code once, up to the limit of the data file."""
    found = {(hit.start, hit.end, hit.term.code): hit.term.text for hit in hits}
    positions = sorted(found)[: lexicon().settings.evidence_limit]
    return tuple(Evidence(start, end, found[start, end, code], code) for start, end, code in positions)
