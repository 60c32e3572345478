"""Detection of protected matters (`data/protected.toml`): extortion, corruption and disclosed medical secrets, in disguise as well.

With priority on recall: a person reviews every case that it marks, and nothing is decided or downgraded by it.
"""

import tomllib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Final

from shared.language.phrases import Hit, LexiconError, PhraseIndex, Term
from shared.language.tokens import divides_words, tokenise

FILE: Final = "protected.toml"
GROUP: Final = "protected"
_OPEN: Final = "open"


class ProtectedSubject(StrEnum):
    """Matters that a person reviews in confidence. The codes are those of the complaint categories."""

    EXTORTION = "EXTORTION"
    CORRUPTION = "CORRUPTION"
    PRIVACY = "PRIVACY"


@dataclass(frozen=True, slots=True)
class ProtectedLexicon:
    """The dictionary of protected matters. `needed`: the sum of a matter, less that of the "open" terms, at which it is found."""

    version: str
    needed: float
    terms: Sequence[Term]
    index: PhraseIndex


@cache
def protected_lexicon() -> ProtectedLexicon:
    """Read and check the dictionary, once per process. Raises LexiconError."""
    data = tomllib.loads(files(__package__).joinpath(f"data/{FILE}").read_text(encoding="utf-8"))
    terms: list[Term] = []
    for row in data["terms"]:
        if row["code"] not in {*ProtectedSubject, _OPEN}:
            raise LexiconError(f"unknown matter {row['code']}")
        terms += [Term.of(text, GROUP, row["code"], row["weight"]) for text in row["stems"]]
    settings = data["settings"]
    return ProtectedLexicon(data["version"], settings["needed"], terms, PhraseIndex(terms, settings["phrase_gap"]))


def protected_subjects(text: str) -> list[ProtectedSubject]:
    """Return the protected matters of a text, the strongest first. Linear."""
    return list(dict.fromkeys(ProtectedSubject(hit.term.code) for hit in signs_of_protected(text)))


def signs_of_protected(text: str, hits: Sequence[Hit] | None = None) -> list[Hit]:
    """Return the terms that show protected matters, each once, those of the strongest matter first. Empty without one.

    `hits`: terms found by another index that contains these terms. A word divided by a line end is read both joined and in parts.
    """
    index = protected_lexicon().index
    found = _judged(index.find(tokenise(text)) if hits is None else hits)
    if not found and divides_words(text):
        found = _judged(index.find(tokenise(text, join_lines=False)))
    return found


def _judged(hits: Sequence[Hit]) -> list[Hit]:
    """Return the hits of the matters whose sum suffices."""
    strongest: dict[tuple[str, int], Hit] = {}
    for hit in hits:
        if hit.term.group == GROUP:
            position = (hit.term.code, hit.last)  # the same words may match several stems of one matter: the strongest counts
            if position not in strongest or strongest[position].term.weight < hit.term.weight:
                strongest[position] = hit
    by_subject: Mapping[str, dict[Term, Hit]] = defaultdict(dict)
    for hit in strongest.values():
        by_subject[hit.term.code].setdefault(hit.term, hit)
    sums = {code: sum(term.weight for term in terms) for code, terms in by_subject.items()}
    needed = protected_lexicon().needed + sums.pop(_OPEN, 0.0)
    matters = sorted((code for code, total in sums.items() if total >= needed), key=sums.__getitem__, reverse=True)
    return [hit for code in matters for hit in by_subject[code].values()]
