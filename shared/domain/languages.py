"""The language in which a text has to be answered (АППК art. 89(2): the state language or the language of the appeal).

Kazakh letters decide first, then function words and endings, then Latin spellings read as Cyrillic.
"""

import re
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import cast

from shared.domain.labels import LANGUAGES, Language
from shared.domain.names import fold, to_cyrillic
from shared.domain.tables import rows

_WORD = re.compile(r"[^\W\d_]+")
_KAZAKH_LETTER = re.compile(r"[әғқңөұүһі]", re.IGNORECASE)
_RUSSIAN_LETTER = re.compile(r"[щцъьэёфв]", re.IGNORECASE)  # rare in Kazakh words
_SHORTEST_WITH_ENDING = 5
_REMEMBERED = 4_096
_WEIGHED = 2_000  # characters, some 300 words: a text may have 20 000
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


@lru_cache(maxsize=_REMEMBERED)
def _weigh(word: str) -> tuple[Language | None, int]:
    """Return the language that a folded word indicates, and the weight."""
    known = _signs("word").get(word)
    if known is not None:
        return known, _CLEAR
    if len(word) >= _SHORTEST_WITH_ENDING:
        for length in range(4, 1, -1):
            language = _signs("ending").get(word[-length:])
            if language is not None:
                return language, _SLIGHT
    return None, 0


def _scores(text: str) -> dict[Language, int]:
    scores: dict[Language, int] = {"kk": 0, "ru": 0, "en": 0}
    folded = fold(text)  # of the same length as the text
    for match in _WORD.finditer(text):
        start, end = match.span()
        word = match.group()
        name_like = start > 0 and word[0].isupper()  # Kazakh names occur in Russian texts too
        if not name_like and _KAZAKH_LETTER.search(word):
            scores["kk"] += _CLEAR
        language, weight = _weigh(folded[start:end]) if end - start <= _LONGEST_WORD else (None, 0)
        if language is not None:
            scores[language] += weight
    return scores


def detect_language(text: str) -> Language:
    """Return the reply language: kk, ru or en.

    A mixed text is Kazakh if its function words are Kazakh, and so is a text without any sign of a language. Kazakh typed without
    its letters, and Kazakh or Russian typed in Latin, are recognised by words and endings.
    """
    sample = text[:_WEIGHED]
    scores = _scores(sample)
    english = scores["en"]
    if (cyrillic := to_cyrillic(sample)) is not sample:
        scores = _scores(cyrillic)
    if english > max(scores["kk"], scores["ru"]):
        return "en"
    if scores["kk"] == scores["ru"]:
        return "ru" if _RUSSIAN_LETTER.search(sample) and not _KAZAKH_LETTER.search(sample) else "kk"
    return "kk" if scores["kk"] > scores["ru"] else "ru"
