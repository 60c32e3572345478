"""How people's spellings are brought together: Kazakh letters folded, Latin typing read as Cyrillic, provider names made comparable."""

import re
import unicodedata
from collections.abc import Mapping
from functools import cache, lru_cache

from shared.domain.tables import ReferenceDataError, rows

_FOLDED = {"ә": "а", "ғ": "г", "қ": "к", "ң": "н", "ө": "о", "ұ": "у", "ү": "у", "һ": "х", "і": "и", "ё": "е"}
# İ is the one letter whose lower case is longer than itself: replaced first, so that folded text keeps its positions.
_FOLD = str.maketrans({**_FOLDED, **{letter.upper(): plain for letter, plain in _FOLDED.items()}, "İ": "i"})

_HAS_LATIN = re.compile(r"[A-Za-zÀ-ɏə]")
_CYRILLIC = re.compile(r"[Ѐ-ӿ]")
_LETTERS = re.compile(r"[^\W\d_]+")
# A Latin letter inside a Cyrillic word is a slip of the keyboard and stands for the letter it looks like.
_LOOKALIKES = str.maketrans("aeopcxyikmthb", "аеорсхуікмтнв")

_NUMBER_SIGN = re.compile(r"№|\b[nN]o?\.?\s?(?=\d)")
_TOKEN = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*|\d+")
_ADJECTIVE = re.compile(r"(?<=[а-я]{3})[ьй]?(?:ин)?ск(?:ая|ий|ое|ой|ого)$")  # Жанакорганская: the place itself in Kazakh names
_LONGEST_NAME = 400  # characters; the longest legal name of a hospital has 250
_LONGEST_WORD = 60  # characters: longer ones are not remembered, which would fill the memory
_REMEMBERED = 65_536  # words; every name of a directory of several thousand rows, and what people type, fits


def fold(text: str) -> str:
    """Lower case with Kazakh letters and ё made plain (ә to а, і to и …).

    The result is as long as the text, so that positions found in it hold for the text as well.
    """
    return text.translate(_FOLD).lower()


@cache
def _latin() -> tuple[re.Pattern[str], Mapping[str, str]]:
    letters = {row.text("latin"): row.text("cyrillic") for row in rows("latin_letters.csv")}
    return re.compile("|".join(sorted(letters, key=len, reverse=True))), letters


def _word_to_cyrillic(match: re.Match[str]) -> str:
    if not _HAS_LATIN.search(match.group()):
        return match.group()
    word = match.group().replace("İ", "i").lower()
    if _CYRILLIC.search(word):
        return word.translate(_LOOKALIKES)
    spellings, letters = _latin()
    return spellings.sub(lambda found: letters[found.group()], word)


def to_cyrillic(text: str) -> str:
    """Kazakh or Russian typed in Latin letters, in Cyrillic; words without a Latin letter stay as they are.

    Words that are changed come out in lower case; their length may change.
    """
    if not _HAS_LATIN.search(text):
        return text
    return _LETTERS.sub(_word_to_cyrillic, text)


@cache
def _name_words() -> tuple[Mapping[str, str], Mapping[str, str]]:
    exact: dict[str, str] = {}
    prefixes: dict[str, str] = {}
    for row in rows("name_tokens.csv"):
        word, match = row.text("word"), row.one_of("match", frozenset({"exact", "prefix"}))
        target = exact if match == "exact" else prefixes
        if word != fold(word) or word in target:
            raise ReferenceDataError(row.file, row.number, f"{word} is not folded or is given twice")
        target[word] = row.cells["token"]
    return exact, prefixes


def _token(word: str) -> str:
    return _remembered_token(word) if len(word) <= _LONGEST_WORD else word


@lru_cache(maxsize=_REMEMBERED)
def _remembered_token(word: str) -> str:
    """What a folded word counts as: its entry in the table, the longest prefix's, its parts', or itself."""
    if word.isdigit():
        return word.lstrip("0") or "0"
    exact, prefixes = _name_words()
    if word in exact:
        return exact[word]
    for length in range(len(word), 1, -1):
        if word[:length] in prefixes:
            return prefixes[word[:length]]
    if "-" in word:
        return " ".join(filter(None, map(_token, word.split("-"))))
    return _ADJECTIVE.sub("", word)


def normalise_name(text: str) -> str:
    """A provider's name made comparable: «№23 Городская поликлиника» and «23 қалалық емхана» come out with the same words.

    Folded and in Cyrillic, without quotes, legal forms and number signs, common words and abbreviations in one (Kazakh) form.
    Words keep their order. Empty when nothing but legal forms was given. What goes beyond 400 characters is not looked at.
    """
    plain = fold(to_cyrillic(_NUMBER_SIGN.sub(" ", unicodedata.normalize("NFC", text[:_LONGEST_NAME]))))
    return " ".join(filter(None, map(_token, _TOKEN.findall(plain))))
