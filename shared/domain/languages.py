"""The language in which a text has to be answered (АППК art. 89(2): the state language or the language of the appeal).

Kazakh letters decide first, then function words and endings, then Latin spellings read as Cyrillic.
"""

import re
from collections.abc import Mapping
from functools import cache
from typing import cast

from shared.domain.labels import LANGUAGES, Language
from shared.domain.names import fold, to_cyrillic
from shared.domain.tables import rows

_WORD = re.compile(r"[^\W\d_]+")
_KAZAKH_LETTERS = frozenset("әғқңөұүһіӘҒҚҢӨҰҮҺІ")
_RUSSIAN_LETTER = re.compile(r"[щцъьэёфв]", re.IGNORECASE)  # rare in Kazakh words
_SHORTEST_WITH_ENDING = 5
_WEIGHED = 4_000  # characters, some 600 words: a text may have 20 000
_LONGEST_WORD = 40  # characters: longer words show no language
# Function words and Kazakh letters weigh more than endings, which the two languages share by accident.
_CLEAR, _SLIGHT = 2, 1


@cache
def _signs() -> tuple[Mapping[str, Language], Mapping[str, Language]]:
    """Return the words and the endings of the table, each with its language."""
    found: dict[str, dict[str, Language]] = {"word": {}, "ending": {}}
    for row in rows("language_words.csv"):
        match = row.one_of("match", frozenset(found))
        found[match][row.text("text")] = cast("Language", row.one_of("language", frozenset(LANGUAGES)))
    return found["word"], found["ending"]


def _scores(sample: str) -> dict[Language, int]:
    """Return the sum of what the words say by language.

    Letters of a word with a capital are ignored, unless it opens the text: Kazakh names occur in Russian texts too.
    """
    words, endings = _signs()
    scores: dict[Language, int] = {"kk": 0, "ru": 0, "en": 0}
    for word in _WORD.findall(fold(sample)):
        size = len(word)
        if size > _LONGEST_WORD:
            continue
        language = words.get(word)
        if language is not None:
            scores[language] += _CLEAR
        elif size >= _SHORTEST_WITH_ENDING:
            language = endings.get(word[-4:]) or endings.get(word[-3:]) or endings.get(word[-2:])
            if language is not None:
                scores[language] += _SLIGHT
    if not _KAZAKH_LETTERS.isdisjoint(sample):
        opening, *others = _WORD.findall(sample)
        in_kazakh = [word for word in others if not (word[0].isupper() or _KAZAKH_LETTERS.isdisjoint(word))]
        is_name = opening[0].isupper() and not sample.startswith(opening)
        scores["kk"] += _CLEAR * (len(in_kazakh) + (not is_name and not _KAZAKH_LETTERS.isdisjoint(opening)))
    return scores


def detect_language(text: str) -> Language:
    """Return the reply language: kk, ru or en.

    A mixed text is Kazakh if its function words are Kazakh, and so is a text without any sign of a language. Kazakh typed without
    its letters, and Kazakh or Russian typed in Latin, are recognised by words and endings.
    """
    sample = text[:_WEIGHED]
    as_written, cyrillic = _scores(sample), to_cyrillic(sample)
    scores = as_written if cyrillic is sample else _scores(cyrillic)
    if as_written["en"] > max(scores["kk"], scores["ru"]):
        return "en"
    if scores["kk"] == scores["ru"]:
        return "ru" if _RUSSIAN_LETTER.search(sample) and _KAZAKH_LETTERS.isdisjoint(sample) else "kk"
    return "kk" if scores["kk"] > scores["ru"] else "ru"
