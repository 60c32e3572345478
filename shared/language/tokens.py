"""Tokens of a text, folded so that one dictionary matches Kazakh, Russian, Kazakh typed without its letters, and Latin spelling."""

import math
import re
from collections.abc import Callable
from functools import lru_cache
from itertools import zip_longest
from typing import NamedTuple

from shared.domain.names import fold, to_cyrillic
from shared.domain.text import Reading, may_divide_words, reading
from shared.language.spelling import LOOKALIKES, join_spaced, letters_for_digits, spaced_words

_WORDS = re.compile(r"([\w\u0300-\u036f]+)")  # with their combining marks
_MARKS = re.compile(r"[.!?;\n][.!?;\s]*|[\"«“„]")  # runs of sentence ends, and quotes (a quoted word after thanks is sarcasm)
_QUOTES = frozenset('"«“„')
# Applied after folding: signs that people omit, and letters that Latin spelling does not distinguish.
_LOOSE = str.maketrans({"й": "и", "ы": "и", "э": "е", "ь": None, "ъ": None} | {chr(mark): None for mark in range(0x300, 0x370)})
_LATIN = re.compile(r"[a-zÀ-ɏə]")
_FOREIGN = re.compile(r"[a-zͰ-Ͽ]")
_REPEATS = re.compile(r"([^\W\d])\1+")
_REMEMBERED = 65_536  # single words in memory without their text; numbers are not cached
_MOST = 4_000  # words; people write 3 300 in 20 000 characters, and 10 000 words of one letter are not an appeal
_TAIL = 3_000  # characters at the end that are always read
_LONGEST_KEY = 40  # characters; no stem is longer, and an endless word costs no more than a long one
_MOST_SPACED = 600  # letters of spaced words in which hidden words are searched


class Token(NamedTuple):
    """A word at `start:end` of the original text. `sentence` counts from 0."""

    key: str
    start: int
    end: int
    sentence: int


def key(word: str) -> str:
    """Return the form in which stems and words are compared.

    It is Cyrillic and folded, with repeated letters squeezed, й and ы as и, э as е, without ь and ъ.
    """
    folded = fold(word[:_LONGEST_KEY])
    if _LATIN.search(folded):
        # In Kazakh typed in Latin letters j is always ж. Read as Russian, `jo` and `ju` would become ё and ю.
        folded = fold(to_cyrillic(folded.replace("j", "zh")))
    if not folded.isalpha():
        folded = letters_for_digits(folded)
    if _FOREIGN.search(folded):  # what is left of other alphabets
        folded = folded.translate(LOOKALIKES)
    return _REPEATS.sub(r"\1", folded.translate(_LOOSE))


_remembered_key = lru_cache(maxsize=_REMEMBERED)(key)


def tokenise(text: str, *, join_lines: bool = True) -> list[Token]:
    """Return the words of a text in order.

    A sentence that ends with `?` adds a `?` token, and a quote before a small letter adds a `"` token (a name has a capital).
    Invisible characters inside words do not count, nor does, with `join_lines`, a hyphen with a line end that divides a word.
    A word whose letters are spaced out is one word.
    """
    read = reading(text, join_lines=join_lines)
    joined = join_spaced(read.text)
    found = _tokens(joined.text)
    if joined.starts:
        found = _placed(found, joined)
    return _placed(found, read) if read.starts else found


def hidden_tokens(text: str) -> list[Token]:
    """Return a token for every letter at which a word may begin in words whose letters are spaced out, for a search of stems.

    Where a writer leaves no wider gap between words, several are read as one. The positions are those of the whole text.
    """
    joined = " ".join(spaced_words(reading(text).text))[:_MOST_SPACED]
    begun = (joined[at : at + _LONGEST_KEY].partition(" ")[0] for at in range(len(joined)))
    return [Token(key(word), 0, len(text), 0) for word in begun if word]


def divides_words(text: str) -> bool:
    """Return whether joining lines changes the words of the text."""
    return may_divide_words(text) and len(reading(text).starts) != len(reading(text, join_lines=False).starts)


def _tokens(text: str) -> list[Token]:
    """Return the words of the whole text, or of its beginning and its end if there are too many."""
    tokens = _read(text, 0, 0)
    if len(tokens) < _MOST:
        return tokens
    behind = max(tokens[-1].end, len(text) - _TAIL)
    return tokens + _read(text, behind, tokens[-1].sentence + 1)


def _read(text: str, begin: int, sentence: int) -> list[Token]:
    """Return the tokens from a position on, `_MOST` at most. The text is split at once: a search for each word takes twice as long."""
    tokens: list[Token] = []
    append, make, remembered = tokens.append, tuple.__new__, _remembered_key  # a NamedTuple's own constructor takes three times as long
    pieces = iter(_WORDS.split(text[begin:]))
    end = begin
    for gap, word in zip_longest(pieces, pieces):
        start = end + len(gap)
        if gap != " " and gap:
            sentence = _read_marks(text, end, start, sentence, append)
        if word is None:
            break
        end = start + len(word)
        if word.isalpha():  # folded word by word: most words are cached
            append(make(Token, (remembered(word[:_LONGEST_KEY]), start, end, sentence)))
            if len(tokens) >= _MOST:
                break
        else:
            append(make(Token, (word[:_LONGEST_KEY] if word.isdecimal() and word.isascii() else key(word), start, end, sentence)))
    return tokens


def _read_marks(text: str, begin: int, end: int, sentence: int, append: Callable[[Token], None]) -> int:
    """Append the tokens of the marks between two words, and return the number of the sentence that follows."""
    for match in _MARKS.finditer(text, begin, end):
        marks, (start, after) = match[0], match.span()
        if marks in _QUOTES:
            if text[after : after + 1].islower() and not text[start - 1 : start].isalnum():
                append(Token('"', start, after, sentence))
            continue
        if "?" in marks:
            start += marks.index("?")
            append(Token("?", start, start + 1, sentence))
        if marks.isspace() and marks.count("\n") == 1 and text[after : after + 1].islower():
            continue  # a wrapped line that continues with a small letter
        sentence += 1
    return sentence


def _placed(tokens: list[Token], read: Reading) -> list[Token]:
    """Return the tokens, which are in order, with their positions in the original text."""
    make, starts, shifts = tuple.__new__, (*read.starts, math.inf), read.shifts
    placed: list[Token] = []
    append, passed = placed.append, 0
    for key_, start, end, sentence in tokens:
        while starts[passed] <= start:
            passed += 1
        shift = shifts[passed]
        if starts[passed] < end:  # the shift changes inside
            append(make(Token, (key_, *read.span(start, end), sentence)))
        else:
            append(make(Token, (key_, start + shift, end + shift, sentence)))
    return placed
