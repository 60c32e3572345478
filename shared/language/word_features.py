"""Features of words for linear models: character 2- to 5-grams, beginnings, the whole word, and the concepts that it names.

Each is hashed into a bucket; those of concepts (`data/concepts.toml`) follow the others. Every feature lies within one word, so a
word has the same features in every text and what it contributes may be remembered.
"""

import threading
import tomllib
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from importlib.resources import files
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from shared.language.phrases import WHOLE_WORD, LexiconError, folded_stem
from shared.language.tokens import Token

BITS: Final = 17
OF_LETTERS: Final = 2**BITS
"""The buckets of letters and words; those of concepts follow."""
_OF_CONCEPTS: Final = 4096
BUCKETS: Final = OF_LETTERS + _OF_CONCEPTS
NO_FEATURE: Final = 0
"""The bucket of n-grams that reach over the end of a word; it never has a weight."""
MOST_WORDS: Final = 300
"""Different words of a text that are read: those at its beginning and at its end; people rarely write more."""
_AT_THE_END: Final = 100
_LONGEST_GRAM: Final = 5
_GRAMS: Final = _LONGEST_GRAM - 1  # n-grams that begin at a character
_BEGINNINGS: Final = (5, 7)  # letters: the stem of most Kazakh and Russian words
_CONCEPTS: Final = 3  # of one word
_OPENING: Final = 3  # letters that every beginning of the table has, by which it is looked up
_LEFT: Final = 32 - BITS
_OTHERS: Final = 1 + len(_BEGINNINGS) + _CONCEPTS
_SPACE: Final = 32
_DIGITS: Final = str.maketrans("123456789", "000000000")
_STEP, _MIX = np.uint32(0x9E3779B1), np.uint32(0x85EBCA77)
_HALF, _DOWN = np.uint32(15), np.uint32(32 - BITS)

_shared: Final = threading.local()

Buckets = npt.NDArray[np.uint32]


class WordFeatures(NamedTuple):
    """The buckets of words in order. `starts`: where those of each word begin in `grams`; `others` has a row for each word."""

    grams: Buckets
    starts: npt.NDArray[np.intp]
    others: Buckets


def words_to_read(tokens: Iterable[Token]) -> list[str]:
    """Return the different words of a text in the form in which models read them: folded keys, every digit as 0."""
    found = list(dict.fromkeys(map(as_read, dict.fromkeys([token[0] for token in tokens]))))
    if len(found) > MOST_WORDS:
        found = found[: MOST_WORDS - _AT_THE_END] + found[-_AT_THE_END:]
    return found


def as_read(key: str) -> str:
    """Return the key of a token as models read it: numbers may be personal, and none of them says what a text is about."""
    return key if key.isalpha() else key.translate(_DIGITS)


@contextmanager
def features_computed_once() -> Iterator[None]:
    """Several models that read the same words inside this block share their features, which are forgotten at its end."""
    _shared.latest = ((), None)
    try:
        yield
    finally:
        _shared.latest = None


def features_of(text_words: Sequence[str]) -> WordFeatures:
    """Return the features of words, which must not be empty nor hold a space."""
    latest = getattr(_shared, "latest", None)
    if latest is None:
        return _features_of(text_words)
    if latest[0] != text_words:
        latest = _shared.latest = (text_words, _features_of(text_words))
    found: WordFeatures = latest[1]
    return found


def _features_of(text_words: Sequence[str]) -> WordFeatures:
    text = f" {' '.join(text_words)} "
    letters = np.frombuffer(text.encode("utf-32-le"), np.uint32)
    count = len(letters) - 1  # positions at which an n-gram may begin; the space before a word belongs to it
    padded = np.concatenate((letters, np.full(_LONGEST_GRAM, _SPACE, np.uint32)))
    grams = np.empty((count, _GRAMS), np.uint32)
    hashes = letters[:count] * _STEP
    broken = np.zeros(count, np.bool_)
    for length in range(2, _LONGEST_GRAM + 1):
        hashes = (hashes + padded[length - 1 : length - 1 + count]) * _STEP
        mixed = ((hashes ^ (hashes >> _HALF)) * _MIX) >> _DOWN
        if length > 2:  # noqa: PLR2004 - an n-gram of two letters has none between them
            broken |= padded[length - 2 : length - 2 + count] == _SPACE
            mixed[broken] = NO_FEATURE
        grams[:, length - 2] = mixed
    starts = np.flatnonzero(letters[:count] == _SPACE) * _GRAMS
    others = np.array([_of_whole_word(word) for word in text_words], np.uint32)
    return WordFeatures(grams.ravel(), starts, others)


def _of_whole_word(word: str) -> list[int]:
    checksum, size = zlib.crc32, len(word)
    beginnings = [checksum(word[:length].encode()) >> _LEFT if size >= length else NO_FEATURE for length in _BEGINNINGS]
    return [checksum(f"={word}".encode()) >> _LEFT, *beginnings, *_buckets_of(concepts_of(word))]


@cache
def _buckets_of(concepts: tuple[str, ...]) -> tuple[int, ...]:
    """Return the buckets of the concepts of a word, as many for every word."""
    named = [OF_LETTERS + zlib.crc32(concept.encode()) % _OF_CONCEPTS for concept in concepts]
    return (*named, *[NO_FEATURE] * (_CONCEPTS - len(named)))


def concepts_of(word: str) -> tuple[str, ...]:
    """Return the concepts that a word names, at most `_CONCEPTS`: those of its longest beginning that is listed."""
    known, lengths = _concepts()
    found = known.get(word + WHOLE_WORD)
    if found is not None:
        return found
    for length in lengths.get(word[:_OPENING], ()):
        found = known.get(word[:length])
        if found is not None:
            return found
    return ()


@cache
def _concepts() -> tuple[dict[str, tuple[str, ...]], dict[str, list[int]]]:
    """Return the concepts by folded beginning, whole words with their mark, and the lengths of beginnings by their first letters.

    The longest comes first. Raises LexiconError for a beginning that is too short.
    """
    document = tomllib.loads((files("shared.language") / "data" / "concepts.toml").read_text(encoding="utf-8"))
    found: dict[str, tuple[str, ...]] = {}
    for name, beginnings in document["concepts"].items():
        for text in beginnings.split():
            stem = folded_stem(text)
            found[stem] = tuple(dict.fromkeys((*found.get(stem, ()), name)))[:_CONCEPTS]
    lengths: dict[str, set[int]] = {}
    for stem in found:
        if not stem.endswith(WHOLE_WORD):
            if len(stem) < _OPENING:
                raise LexiconError(f"concepts: {stem} has fewer than {_OPENING} letters")
            lengths.setdefault(stem[:_OPENING], set()).add(len(stem))
    return found, {opening: sorted(each, reverse=True) for opening, each in lengths.items()}
