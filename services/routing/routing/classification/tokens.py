"""Words of an appeal, folded so that one dictionary reads Kazakh, Russian, Kazakh without its letters and Latin spelling alike."""

import re
from functools import lru_cache
from typing import NamedTuple

from shared.domain.names import fold, to_cyrillic

# Words with their combining marks, marks that end a sentence, and quotes (a quoted word after thanks is sarcasm).
_PIECES = re.compile(r"[\w\u0300-\u036f]+|[.!?;\n]|[\"«“„]")
_SENTENCE_ENDS = frozenset(".!?;\n")
_QUOTES = frozenset('"«“„')
# After the letters' folding: signs that people leave out and letters that Latin spelling cannot tell apart.
_LOOSE = str.maketrans({"й": "и", "ы": "и", "э": "е", "ь": None, "ъ": None} | {chr(mark): None for mark in range(0x300, 0x370)})
_LATIN = re.compile(r"[a-zÀ-ɏə]")
_REPEATS = re.compile(r"([^\W\d])\1+")
_REMEMBERED = 65_536  # words, each by itself and in memory alone: whose they are and what stood beside them is not kept, nor is a number
_LONGEST_KEY = 40  # no stem is longer; one endless "word" costs no more than a long one


class Token(NamedTuple):
    """A word at `start:end` of the original text; `sentence` counts from 0."""

    key: str
    start: int
    end: int
    sentence: int


def key(word: str) -> str:
    """The form in which stems and words meet: Cyrillic, folded, repeated letters squeezed, й and ы as и, э as е, no ь and ъ."""
    folded = fold(word)[:_LONGEST_KEY]
    if _LATIN.search(folded):
        # In Kazakh typed in Latin letters j is ж whatever follows; read as Russian, `jo` and `ju` would be ё and ю.
        folded = fold(to_cyrillic(folded.replace("j", "zh")))
    return _REPEATS.sub(r"\1", folded.translate(_LOOSE))


_remembered_key = lru_cache(maxsize=_REMEMBERED)(key)


def tokenise(text: str) -> list[Token]:
    """The words in order, a `?` wherever one stands, and a `"` for a quote that opens on a small letter (a name has a capital)."""
    tokens: list[Token] = []
    sentence = 0
    for match in _PIECES.finditer(text):
        piece, (start, end) = match[0], match.span()
        if piece.isalpha():  # folded by word and not as a whole: most words were met before
            tokens.append(Token(_remembered_key(piece), start, end, sentence))
        elif piece in _SENTENCE_ENDS:
            if piece == "?":
                tokens.append(Token("?", start, end, sentence))
            sentence += 1
        elif piece not in _QUOTES:
            tokens.append(Token(key(piece), start, end, sentence))
        elif text[end : end + 1].islower():
            tokens.append(Token('"', start, end, sentence))
    return tokens
