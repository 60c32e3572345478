"""Danger to life or health right now (`data/danger.toml`), found recall first: a false alarm costs a glance, a missed one may cost a life.

The one detector of form, receipt, bot, counter, call screen and routing: they agree about every text.
"""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

from shared.language.phrases import Hit, LexiconError, PhraseIndex, Term
from shared.language.tokens import divides_words, tokenise

FILE: Final = "danger.toml"
URGENT: Final = "urgent"
CALM: Final = "calm"


@dataclass(frozen=True, slots=True)
class DangerLexicon:
    """`plain`: the weight from which a sign is never calmed; `needed`: the sum at which there is danger. `version` names the file."""

    version: str
    plain: float
    needed: float
    terms: Sequence[Term]
    index: PhraseIndex


@cache
def danger_lexicon() -> DangerLexicon:
    """Read and check the dictionary once a process. Raises LexiconError."""
    data = tomllib.loads(files(__package__).joinpath(f"data/{FILE}").read_text(encoding="utf-8"))
    terms: list[Term] = []
    for row in data["terms"]:
        if row["group"] not in {URGENT, CALM}:
            raise LexiconError(f"unknown group {row['group']}")
        terms += [Term.of(text, row["group"], row["group"].upper(), row["weight"]) for text in row["stems"]]
    settings = data["settings"]
    return DangerLexicon(data["version"], settings["plain"], settings["needed"], terms, PhraseIndex(terms, settings["phrase_gap"]))


def speaks_of_danger(text: str) -> bool:
    """Whether the text speaks of danger to life or health right now. Linear."""
    return bool(signs_of_danger(text))


def signs_of_danger(text: str, hits: Sequence[Hit] | None = None) -> list[Hit]:
    """Where the text speaks of danger, each sign once; empty if it does not. `hits`: what another index that has these terms found.

    A word that a line end divides is read whole and in its parts: either reading may show the danger.
    """
    index = danger_lexicon().index
    found = _judged(index.find(tokenise(text)) if hits is None else hits)
    if not found and divides_words(text):
        found = _judged(index.find(tokenise(text, join_lines=False)))
    return found


def _judged(hits: Sequence[Hit]) -> list[Hit]:
    """The urgent hits if together they suffice, else none.

    A term counts once however often it stands. Calming terms (danger long past, thanks for a rescue) take away from the sum; a plain sign
    suffices whatever else stands there.
    """
    urgent = {hit.term: hit for hit in hits if hit.term.group == URGENT}
    if not urgent:
        return []
    known = danger_lexicon()
    calming = sum(term.weight for term in dict.fromkeys(hit.term for hit in hits if hit.term.group == CALM))
    if max(term.weight for term in urgent) >= known.plain or sum(term.weight for term in urgent) - calming >= known.needed:
        return list(urgent.values())
    return []
