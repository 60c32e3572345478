"""Spellings that hide words from a search: letters spaced out, digits for letters, and letters of other alphabets. All linear."""

import re
from typing import Final

from shared.domain.text import Reading

_GAP: Final = r"[ \u00a0.*·_/|-]"
_FEWEST: Final = 4  # letters: «а я и в …» has as many words of one letter only by accident
# A letter that is not in a word is followed by gaps and such letters. `_PAIRS`: words of two letters, beside longer ones.
_SPACED: Final = re.compile(rf"(?<![^\W_])[^\W\d_](?:{_GAP}[^\W\d_](?![^\W_])){{{_FEWEST - 1},}}")
# The same from its second character on, so that the search moves from gap to gap and not from letter to letter.
_SPACED_GAP: Final = re.compile(rf"{_GAP}(?<=(?<![^\W_])[^\W\d_].)[^\W\d_](?:{_GAP}[^\W\d_]){{{_FEWEST - 2}}}(?![^\W_])", re.DOTALL)
_PAIRS: Final = re.compile(rf"(?<![^\W_])[^\W\d_](?:{_GAP}[^\W\d_](?![^\W_]))+")
_DIGIT: Final = re.compile(r"(?<=[^\W\d_])1(?!\d)|(?<!\d)[0346](?!\d)")
_LETTER_OF_DIGIT: Final = {"0": "о", "1": "и", "3": "з", "4": "ч", "6": "б"}
_LETTERS_NEEDED: Final = 3  # of a word in which a digit may stand for a letter: 5а, b12 and 2-й are none
# Letters that look like Cyrillic ones, in words that have Cyrillic letters as well; `shared.domain.names` replaces the plainest.
LOOKALIKES: Final = str.maketrans("unrwdgslzvfοαρετκχυιν", "ипгшдгслзвфоареткхуин")


def spaces_letters(text: str) -> bool:
    """Return whether the text has a word whose letters are spaced out."""
    return _SPACED_GAP.search(text) is not None


def join_spaced(text: str) -> Reading:
    """Return the text with words joined whose letters are spaced out: «п о м о г и т е», «п.о.м.о.г.и.т.е»."""
    if not spaces_letters(text):
        return Reading(text)
    pieces: list[str] = []
    starts: list[int] = []
    shifts = [0]
    length = end = 0
    for match in _PAIRS.finditer(text):
        for gap in range(match.start() + 1, match.end(), 2):
            pieces.append(text[end:gap])
            length += gap - end
            end = gap + 1
            starts.append(length)
            shifts.append(end - length)
    return Reading("".join([*pieces, text[end:]]), tuple(starts), tuple(shifts))


def spaced_words(text: str) -> list[str]:
    """Return the words whose letters are spaced out, joined. Several words may be one: their own gaps are not wider."""
    return [match[0][::2] for match in _SPACED.finditer(text)]


def letters_for_digits(word: str) -> str:
    """Return a folded word with letters for the digits that stand for them: «п0м0гите», «3адыхается», «өл1п»."""
    if sum(map(str.isalpha, word)) < _LETTERS_NEEDED:
        return word
    return _DIGIT.sub(lambda match: _LETTER_OF_DIGIT[match[0]], word)
