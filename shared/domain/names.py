"""Folding of spellings: Kazakh letters, Latin typing as Cyrillic, and comparable provider names."""

import re
import unicodedata
from collections.abc import Mapping
from functools import cache, lru_cache

from shared.domain.tables import ReferenceDataError, rows

_FOLDED = {"ә": "а", "ғ": "г", "қ": "к", "ң": "н", "ө": "о", "ұ": "у", "ү": "у", "һ": "х", "і": "и", "ё": "е"}
# İ is the only letter whose lower case is longer: replaced first, so that folded text keeps its positions.
_FOLD = str.maketrans({**_FOLDED, **{letter.upper(): plain for letter, plain in _FOLDED.items()}, "İ": "i"})

_HAS_LATIN = re.compile(r"[A-Za-zÀ-ɏə]")
_CYRILLIC = re.compile(r"[Ѐ-ӿ]")
_LETTERS = re.compile(r"[^\W\d_]+")
# A Latin letter inside a Cyrillic word is a typing mistake and is replaced by the letter it resembles.
_LOOKALIKES = str.maketrans("aeopcxyikmthb", "аеорсхуікмтнв")

_NUMBER_SIGN = re.compile(r"№|\b[nN]o?\.?\s?(?=\d)")
_TOKEN = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*|\d+")
_ADJECTIVE = re.compile(r"(?<=[а-я]{3})[ьй]?(?:ин)?ск(?:ая|ий|ое|ой|ого)$")  # Жанакорганская: Kazakh names contain the place name itself
_LONGEST_NAME = 400  # characters; the longest legal name of a hospital has 250
_LONGEST_WORD = 60  # characters: longer words are not cached, which would fill the memory
_REMEMBERED = 65_536  # words: enough for every name of a directory of several thousand rows and for what people type


def fold(text: str) -> str:
    """Return the text in lower case with Kazakh letters and ё replaced by plain ones (ә by а, і by и …).

    The result is as long as the text, so positions in it are valid for the text as well.
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
    """Convert Kazakh or Russian typed in Latin letters to Cyrillic. Words without a Latin letter are unchanged.

    Converted words are in lower case and may have another length.
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
    """Return the normal form of a folded word: its entry in the table, that of its longest prefix or of its parts, or the word itself."""
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
    """Return the normal form of a provider's name: «№23 Городская поликлиника» and «23 қалалық емхана» give the same words.

    The form is folded Cyrillic without quotes, legal forms and number signs, with common words and abbreviations in one (Kazakh)
    form. Words keep their order. A name of legal forms alone gives an empty string. Characters beyond the first 400 are ignored.
    """
    plain = fold(to_cyrillic(_NUMBER_SIGN.sub(" ", unicodedata.normalize("NFC", text[:_LONGEST_NAME]))))
    return " ".join(filter(None, map(_token, _TOKEN.findall(plain))))
