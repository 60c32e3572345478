"""The evidence of a classification. Whether a text speaks of danger to life is decided by `shared.language.danger`."""

from collections.abc import Sequence
from dataclasses import dataclass

from routing.classification.service.lexicon import lexicon
from shared.language.phrases import Hit
from shared.language.tokens import Token


@dataclass(unsafe_hash=True)  # not frozen: creation would take three times as long
class Evidence:
    """A position in the original text (`text[start:end]`), the term of the dictionary that matched and the code it argues for.

    `term` is empty for a word to which the model gave its weight: words of citizens are stored nowhere but in their text.
    """

    start: int
    end: int
    term: str
    code: str


def evidence_of(hits: Sequence[Hit], weighty: Sequence[tuple[Token, str]] = ()) -> tuple[Evidence, ...]:
    """Return the hits in the order of the text, each position and code once, up to the limit of the data file.

    `weighty`: words to which the model gave their weight, with the code that they speak for.
    """
    found = {(token.start, token.end, code): "" for token, code in weighty}
    found |= {(hit.start, hit.end, hit.term.code): hit.term.text for hit in hits}
    positions = sorted(found)[: lexicon().settings.evidence_limit]
    return tuple(Evidence(start, end, found[start, end, code], code) for start, end, code in positions)
