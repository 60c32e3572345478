"""The language in which a text has to be answered (АППК art. 89(2): the state language or the language of the appeal).

Kazakh letters decide first, then function words and endings, then Latin spellings read as Cyrillic.
"""

import re
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import NamedTuple, cast

from shared.domain.labels import LANGUAGES, Language
from shared.domain.names import fold, to_cyrillic
from shared.domain.tables import rows

_WORD = re.compile(r"[^\W\d_]+")
_KAZAKH_LETTER = re.compile(r"[әғқңөұүһі]", re.IGNORECASE)
_RUSSIAN_LETTER = re.compile(r"[щцъьэёфв]", re.IGNORECASE)  # rare in Kazakh words
_SHORTEST_WITH_ENDING = 5
_REMEMBERED = 4_096
_WEIGHED = 4_000  # characters, some 600 words: a text may have 20 000
_LONGEST_WORD = 40  # characters: longer words show no language, and caching them would fill the memory
# Function words and Kazakh letters weigh more than endings, which the two languages share by accident.
_CLEAR, _SLIGHT = 2, 1


@cache
def _signs(match: str) -> Mapping[str, Language]:
    """Return the words or the endings of the table, each with its language."""
    found: dict[str, Language] = {}
    for row in rows("language_words.csv"):
        if row.one_of("match", frozenset({"word", "ending"})) == match:
            found[row.text("text")] = cast("Language", row.one_of("language", frozenset(LANGUAGES)))
    return found


class _Sign(NamedTuple):
    """What a word says: points for Kazakh by its letters, and the language of the word or its ending with its weight."""

    kazakh: int
    language: Language | None
    weight: int


def _sign_of(word: str, *, is_first: bool = False) -> _Sign:
    """Return what a word says. Letters of a word with a capital are ignored: Kazakh names occur in Russian texts too."""
    name_like = word[0].isupper() and not is_first
    kazakh = _CLEAR if not name_like and _KAZAKH_LETTER.search(word) else 0
    if len(word) > _LONGEST_WORD:
        return _Sign(kazakh, None, 0)
    folded = fold(word)
    known = _signs("word").get(folded)
    if known is not None:
        return _Sign(kazakh, known, _CLEAR)
    if len(folded) >= _SHORTEST_WITH_ENDING:
        for length in range(4, 1, -1):
            language = _signs("ending").get(folded[-length:])
            if language is not None:
                return _Sign(kazakh, language, _SLIGHT)
    return _Sign(kazakh, None, 0)


def _both_signs(word: str, *, is_first: bool = False) -> tuple[_Sign, _Sign]:
    """Return what a word says as written, and read as Cyrillic."""
    written, cyrillic = _sign_of(word, is_first=is_first), to_cyrillic(word)
    return written, written if cyrillic is word else _sign_of(cyrillic, is_first=is_first)


_remembered_signs = lru_cache(maxsize=_REMEMBERED)(_both_signs)


def _scores(sample: str) -> tuple[dict[Language, int], dict[Language, int]]:
    """Return the sums by language of the words as written, and read as Cyrillic."""
    as_written: dict[Language, int] = {"kk": 0, "ru": 0, "en": 0}
    as_cyrillic = as_written.copy()
    words = _WORD.findall(sample)
    signs = [_remembered_signs(word) if len(word) <= _LONGEST_WORD else _both_signs(word) for word in words]
    if words and sample.startswith(words[0]):
        signs[0] = _remembered_signs(words[0], is_first=True) if len(words[0]) <= _LONGEST_WORD else _both_signs(words[0], is_first=True)
    for written, cyrillic in signs:
        as_written["kk"] += written[0]
        as_cyrillic["kk"] += cyrillic[0]
        if written[1] is not None:
            as_written[written[1]] += written[2]
        if cyrillic[1] is not None:
            as_cyrillic[cyrillic[1]] += cyrillic[2]
    return as_written, as_cyrillic


def detect_language(text: str) -> Language:
    """Return the reply language: kk, ru or en.

    A mixed text is Kazakh if its function words are Kazakh, and so is a text without any sign of a language. Kazakh typed without
    its letters, and Kazakh or Russian typed in Latin, are recognised by words and endings.
    """
    sample = text[:_WEIGHED]
    as_written, scores = _scores(sample)
    if as_written["en"] > max(scores["kk"], scores["ru"]):
        return "en"
    if scores["kk"] == scores["ru"]:
        return "ru" if _RUSSIAN_LETTER.search(sample) and not _KAZAKH_LETTER.search(sample) else "kk"
    return "kk" if scores["kk"] > scores["ru"] else "ru"
