"""A guess that a text is no appeal: empty, symbols, keyboard noise or advertising. A suggestion to a person; nothing is deleted by it."""

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, lru_cache
from importlib.resources import files
from itertools import pairwise
from typing import Any, Final

from shared.domain.text import clean, shows_something
from shared.language.phrases import Hit, LexiconError, PhraseIndex, Term
from shared.language.tokens import tokenise

_FILE: Final = "junk.toml"
_WEIGHED: Final = {"advertising": 1, "appeal": -1}
_ROWS: Final = ("йцукенгшщзхъ", "фывапролджэ", "ячсмитьбю", "qwertyuiop", "asdfghjkl", "zxcvbnm", "әіңғүұқөһ")
_NEIGHBOURS: Final = {left: f"{left}{right}" for row in _ROWS for left, right in pairwise(row)}
_WORD: Final = re.compile(r"[^\W_]+")
_REPEATED: Final = re.compile(r"(.{1,3}?)\1{2,}")
_VOWEL: Final = re.compile(r"[аеёиоуыэюяәіөұүaeiouy]")
_SHORTEST: Final = 4  # letters of a word of noise
_FEW_LETTERS: Final = 2  # different ones: an abbreviation has more
_MOSTLY: Final = 0.6  # of the letters
_SHORT: Final = 300  # characters: nobody hits keys at random for longer


class Junk(StrEnum):
    """Why a text may be no appeal."""

    EMPTY = "EMPTY"
    SYMBOLS = "SYMBOLS"
    KEYBOARD = "KEYBOARD"
    ADVERTISING = "ADVERTISING"


def junk_in(text: str, hits: Sequence[Hit] | None = None) -> Junk | None:
    """Return why the text may be no appeal, None for most texts. Linear.

    `hits`: terms found by another index that contains those of `junk_lexicon`.
    """
    if len(text) <= _SHORT:
        shown = clean(text)
        if not shows_something(shown):
            return Junk.EMPTY
        found = _WORD.findall(shown)
        letters = sum(len(word) for word in found if not word.isdecimal())
        if not letters:
            return Junk.SYMBOLS
        if sum(len(word) for word in found if _is_noise(word)) >= _MOSTLY * letters:
            return Junk.KEYBOARD
    known = junk_lexicon()
    terms = {hit.term for hit in (known.index.find(tokenise(text)) if hits is None else hits) if hit.term.group in _WEIGHED}
    return Junk.ADVERTISING if sum(_WEIGHED[term.group] * term.weight for term in terms) >= known.needed else None


@lru_cache(maxsize=4_096)  # most words are common ones, and none is longer than `_SHORT`
def _is_noise(word: str) -> bool:
    """Return whether a word is a walk along a row of the keyboard, a repetition, or has no vowel. Abbreviations are none."""
    lower = word.lower()
    is_abbreviation = word.isupper() and len(set(lower)) > _FEW_LETTERS
    if len(lower) < _SHORTEST or lower.isdecimal() or is_abbreviation:
        return False
    if _REPEATED.fullmatch(lower) or _VOWEL.search(lower) is None:
        return True
    return all(_are_neighbours(left, right) for left, right in pairwise(lower))


def _are_neighbours(left: str, right: str) -> bool:
    return left == right or right in _NEIGHBOURS.get(left, "") or left in _NEIGHBOURS.get(right, "")


@dataclass(frozen=True, slots=True)
class JunkLexicon:
    """The dictionary of advertising: `needed` is the sum at which a text advertises."""

    needed: float
    terms: Sequence[Term]
    index: PhraseIndex


@cache
def junk_lexicon() -> JunkLexicon:
    """Read and check the dictionary, once per process. Raises LexiconError."""
    data: dict[str, Any] = tomllib.loads(files(__package__).joinpath(f"data/{_FILE}").read_text(encoding="utf-8"))
    terms: list[Term] = []
    for row in data["terms"]:
        if row["group"] not in _WEIGHED:
            raise LexiconError(f"unknown group {row['group']}")
        terms += [Term.of(text, row["group"], row["group"], row["weight"]) for text in row["stems"]]
    return JunkLexicon(data["settings"]["needed"], terms, PhraseIndex(terms, data["settings"]["phrase_gap"]))
