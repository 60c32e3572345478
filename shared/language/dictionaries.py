"""The dictionaries of danger (`data/danger.toml`) and of protected subjects (`data/protected.toml`), searched together.

What a dictionary decides is in `shared.language.danger` and `shared.language.protected`; the trained detectors read their sums.
"""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any, Final

from shared.language.phrases import Hit, LexiconError, PhraseIndex, Term

DANGER_FILE: Final = "danger.toml"
PROTECTED_FILE: Final = "protected.toml"
URGENT: Final = "urgent"
CALM: Final = "calm"
PROTECTED: Final = "protected"
OPEN: Final = "open"


class ProtectedSubject(StrEnum):
    """Subjects that a person reviews in confidence. The codes are those of the complaint categories."""

    EXTORTION = "EXTORTION"
    CORRUPTION = "CORRUPTION"
    PRIVACY = "PRIVACY"


@dataclass(frozen=True, slots=True)
class DangerLexicon:
    """The dictionary of danger signs.

    `plain`: the weight from which calming terms do not count. `needed`: the sum at which a text is a danger. `version` names the
    file.
    """

    version: str
    plain: float
    needed: float
    terms: Sequence[Term]
    index: PhraseIndex


@dataclass(frozen=True, slots=True)
class ProtectedLexicon:
    """The dictionary of protected subjects.

    `certain`: the sum of a subject, less that of the "open" terms, at which the dictionary alone finds it. `needed`: the same for texts
    of too few words for the trained detectors, which decide about sums between the two, and for subjects with one of the `plain` terms.
    """

    version: str
    needed: float
    certain: float
    plain: frozenset[str]
    terms: Sequence[Term]
    index: PhraseIndex


@cache
def danger_lexicon() -> DangerLexicon:
    """Read and check the dictionary, once per process. Raises LexiconError."""
    data = _read(DANGER_FILE)
    terms: list[Term] = []
    for row in data["terms"]:
        if row["group"] not in {URGENT, CALM}:
            raise LexiconError(f"unknown group {row['group']}")
        terms += [Term.of(text, row["group"], row["group"].upper(), row["weight"]) for text in row["stems"]]
    settings = data["settings"]
    return DangerLexicon(data["version"], settings["plain"], settings["needed"], terms, PhraseIndex(terms, settings["phrase_gap"]))


@cache
def protected_lexicon() -> ProtectedLexicon:
    """Read and check the dictionary, once per process. Raises LexiconError."""
    data = _read(PROTECTED_FILE)
    terms: list[Term] = []
    for row in data["terms"]:
        if row["code"] not in {*ProtectedSubject, OPEN}:
            raise LexiconError(f"unknown subject {row['code']}")
        terms += [Term.of(text, PROTECTED, row["code"], row["weight"]) for text in row["stems"]]
    settings = data["settings"]
    index = PhraseIndex(terms, settings["phrase_gap"])
    plain = frozenset(settings["plain"])
    if unknown := plain - {term.text for term in terms}:
        raise LexiconError(f"plain terms that are none: {sorted(unknown)}")
    return ProtectedLexicon(data["version"], settings["needed"], settings["certain"], plain, terms, index)


@cache
def both_dictionaries() -> PhraseIndex:
    """Return the index of the terms of both, so that one search finds them. Raises LexiconError if their phrases differ in width."""
    danger, protected = danger_lexicon(), protected_lexicon()
    if danger.index.gap != protected.index.gap:
        raise LexiconError("the phrases of danger signs and of protected subjects do not have the same gap")
    return PhraseIndex([*danger.terms, *protected.terms], danger.index.gap)


def strongest_protected(hits: Sequence[Hit]) -> Mapping[str, Mapping[Term, Hit]]:
    """Return the hits of each subject and of "open", by term.

    The same word may match several stems of a subject: the strongest counts. A term counts once, however often it occurs.
    """
    by_position: dict[tuple[str, int], Hit] = {}
    for hit in hits:
        if hit.term.group == PROTECTED:
            position = (hit.term.code, hit.last)
            if position not in by_position or by_position[position].term.weight < hit.term.weight:
                by_position[position] = hit
    found: dict[str, dict[Term, Hit]] = {}
    for hit in by_position.values():
        found.setdefault(hit.term.code, {}).setdefault(hit.term, hit)
    return found


SUMS: Final = (URGENT, CALM, *ProtectedSubject, OPEN)
"""What `sums_of` returns a number for, in this order."""
_LARGEST: Final = 4.0  # of a sum: more adds no certainty


def sums_of(hits: Sequence[Hit]) -> list[float]:
    """Return the sums of the dictionaries as the detectors read them, in the order of `SUMS`."""
    return [min(total, _LARGEST) for total in _sums(hits)]


def _sums(hits: Sequence[Hit]) -> Iterator[float]:
    for group in (URGENT, CALM):
        yield sum(term.weight for term in dict.fromkeys(hit.term for hit in hits if hit.term.group == group))
    of_subjects = strongest_protected(hits)
    for code in (*ProtectedSubject, OPEN):
        yield sum(term.weight for term in of_subjects.get(code, ()))


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads(files(__package__).joinpath(f"data/{name}").read_text(encoding="utf-8"))
