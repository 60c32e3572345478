"""Features of a text for the topic model and the index: whole words, their beginnings and character 3- to 5-grams, hashed into buckets.

Words are folded as everywhere (`shared.language.tokens`): Kazakh typed without its letters or in Latin letters has the same features.
"""

import zlib
from functools import lru_cache
from typing import Final

from shared.language.tokens import tokenise

BITS: Final = 15
BUCKETS: Final = 2**BITS
READ: Final = 2_000  # characters from the start: a question is named there, and scoring takes some milliseconds
_BEGINNINGS: Final = (5, 7)  # letters: the stem of most Kazakh and Russian words
_GRAMS: Final = (3, 4, 5)
_REMEMBERED: Final = 8_192  # single words in memory, never with their text
_DIGITS: Final = str.maketrans("123456789", "000000000")
_SIGNS: Final = frozenset({"?", '"'})


def features_of(text: str) -> list[int]:
    """Return the buckets of a text, each once, in order."""
    text_words = {token.key for token in tokenise(text[:READ]) if token.key not in _SIGNS}
    return sorted(frozenset[int]().union(*(_of_word(word if word.isalpha() else word.translate(_DIGITS)) for word in text_words)))


@lru_cache(maxsize=_REMEMBERED)
def _of_word(word: str) -> frozenset[int]:
    """Return the buckets of a folded word; numbers may be personal, so all digits count alike."""
    bounded = f" {word} "
    grams = {bounded[start : start + size] for size in _GRAMS for start in range(len(bounded) - size + 1)}
    named = {f"={word}", *(f"^{word[:length]}" for length in _BEGINNINGS if len(word) > length), *grams}
    return frozenset(zlib.crc32(name.encode()) >> (32 - BITS) for name in named)
