"""Words that may tell of a danger to life (`data/danger_words.csv`): whoever writes them reads 103 and 112 at once."""

import re
from collections.abc import Sequence
from functools import cache
from typing import Final

from intake.reference import rows_of

FILE: Final = "danger_words.csv"
LANGUAGES: Final = frozenset({"kk", "ru"})
_WORD: Final = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")


def speaks_of_danger(text: str) -> bool:
    """Whether the words of one entry begin words of the text that stand side by side."""
    words = _words(text)
    return any(_stands_in(stems, words) for stems in _entries())


@cache
def _entries() -> Sequence[Sequence[str]]:
    """Raises ReferenceDataError."""
    found = []
    for row in rows_of(FILE):
        row.one_of("language", LANGUAGES)
        found.append(row.text("stems").casefold().replace("ё", "е").split())
    return found


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold().replace("ё", "е"))


def _stands_in(stems: Sequence[str], words: Sequence[str]) -> bool:
    places = range(len(words) - len(stems) + 1)
    return any(all(word.startswith(stem) for stem, word in zip(stems, words[place:], strict=False)) for place in places)
