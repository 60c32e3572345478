"""Detection of immediate danger to life or health (`data/danger.toml`), with priority on recall: a missed case may cost a life.

The web form, the receipt, the bot, the counter, the call screen and routing use this detector, so they agree about every text.
"""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

from shared.language.phrases import Hit, LexiconError, PhraseIndex, Term
from shared.language.spelling import spaces_letters
from shared.language.tokens import divides_words, hidden_tokens, tokenise

FILE: Final = "danger.toml"
URGENT: Final = "urgent"
CALM: Final = "calm"


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


@cache
def danger_lexicon() -> DangerLexicon:
    """Read and check the dictionary, once per process. Raises LexiconError."""
    data = tomllib.loads(files(__package__).joinpath(f"data/{FILE}").read_text(encoding="utf-8"))
    terms: list[Term] = []
    for row in data["terms"]:
        if row["group"] not in {URGENT, CALM}:
            raise LexiconError(f"unknown group {row['group']}")
        terms += [Term.of(text, row["group"], row["group"].upper(), row["weight"]) for text in row["stems"]]
    settings = data["settings"]
    return DangerLexicon(data["version"], settings["plain"], settings["needed"], terms, PhraseIndex(terms, settings["phrase_gap"]))


def speaks_of_danger(text: str) -> bool:
    """Return whether the text reports immediate danger to life or health. Linear."""
    return bool(signs_of_danger(text))


def signs_of_danger(text: str, hits: Sequence[Hit] | None = None) -> list[Hit]:
    """Return the signs of danger in a text, each once. Empty without danger.

    `hits`: terms found by another index that contains these terms. A word divided by a line end is read both joined and in parts.
    """
    index = danger_lexicon().index
    found = _judged(index.find(tokenise(text)) if hits is None else hits)
    if not found and divides_words(text):
        found = _judged(index.find(tokenise(text, join_lines=False)))
    if not found and spaces_letters(text):
        found = _judged(index.find(hidden_tokens(text)))
    return found


def _judged(hits: Sequence[Hit]) -> list[Hit]:
    """Return the urgent hits if their weights suffice, else an empty list.

    A term counts once, however often it occurs. Calming terms (danger long past, thanks for a rescue) reduce the sum. A plain
    sign always suffices.
    """
    urgent = {hit.term: hit for hit in hits if hit.term.group == URGENT}
    if not urgent:
        return []
    known = danger_lexicon()
    calming = sum(term.weight for term in dict.fromkeys(hit.term for hit in hits if hit.term.group == CALM))
    if max(term.weight for term in urgent) >= known.plain or sum(term.weight for term in urgent) - calming >= known.needed:
        return list(urgent.values())
    return []
