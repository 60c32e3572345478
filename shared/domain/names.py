"""Folding of spellings: Kazakh letters, Latin typing as Cyrillic, and comparable provider names."""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, lru_cache
from typing import NamedTuple

from shared.domain.tables import ReferenceDataError, rows

_FOLDED = (("ә", "а"), ("ғ", "г"), ("қ", "к"), ("ң", "н"), ("ө", "о"), ("ұ", "у"), ("ү", "у"), ("һ", "х"), ("і", "и"), ("ё", "е"))

_HAS_LATIN = re.compile(r"[A-Za-zÀ-ɏə]")
_CYRILLIC = re.compile(r"[Ѐ-ӿ]")
_LETTERS = re.compile(r"[^\W\d_]+")
# A Latin letter inside a Cyrillic word is a typing mistake and is replaced by the letter it resembles.
_LOOKALIKES = str.maketrans("aeopcxyikmthb", "аеорсхуікмтнв")

_NUMBER_SIGN = re.compile(r"№|\b[nN]o?\.?\s?(?=\d)")
_TOKEN = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*|\d+")
_ADJECTIVE = re.compile(r"(?<=[а-я]{3})[ьй]?(?:ин)?ск(?:ая|ий|ое|ой|ого)$")  # Жанакорганская: Kazakh names contain the place name itself
_ORDINAL_ENDING = re.compile(r"(?:[аоеуыи]й|[аоь]?я|[оеь]е|ую|ь?ю|ого|его|ему|ому|ом|ем|ым|им|ьей)$")
_LONGEST_NAME = 400  # characters; the longest legal name of a hospital has 250
_LONGEST_WORD = 60  # characters: longer words are not cached, which would fill the memory
_REMEMBERED = 65_536  # words: enough for every name of a directory of several thousand rows and for what people type


def fold(text: str) -> str:
    """Return the text in lower case with Kazakh letters and ё replaced by plain ones (ә by а, і by и …).

    The result is as long as the text, so positions in it are valid for the text as well.
    """
    folded = text.replace("İ", "i").lower()  # the only letter whose lower case is longer
    for letter, plain in _FOLDED:  # `str.translate` takes nine times as long for what is not ASCII
        folded = folded.replace(letter, plain)
    return folded


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


class NameWord(NamedTuple):
    """A word of a provider's name: as written (folded, in Cyrillic), and the normal form of its words; none for a legal form."""

    surface: str
    tokens: tuple[str, ...]


def _token(word: str) -> str:
    return _remembered_token(word) if len(word) <= _LONGEST_WORD else word


@lru_cache(maxsize=_REMEMBERED)
def _remembered_token(word: str) -> str:
    """Return the normal form of a folded word: its entry in the table, that of its longest prefix, or the word without its ending."""
    if word.isdigit():
        return word.lstrip("0") or "0"
    listed = _listed_token(word)
    return _ADJECTIVE.sub("", word) if listed is None else listed


def _listed_token(word: str) -> str | None:
    """Return the entry of the word, or of its longest prefix, in the table of spellings; None if the table has neither."""
    exact, prefixes = _name_words()
    if word in exact:
        return exact[word]
    for length in range(len(word), 1, -1):
        if word[:length] in prefixes:
            return prefixes[word[:length]]
    return None


class _NumberWords(NamedTuple):
    ordinals: Mapping[str, int]
    stems: Mapping[str, int]
    tens: Mapping[str, int]
    units: Mapping[str, int]


@cache
def _number_words() -> _NumberWords:
    forms: dict[str, dict[str, int]] = {"ordinal": {}, "stem": {}, "tens": {}, "unit": {}}
    for row in rows("name_numbers.csv"):
        form, word = forms[row.one_of("form", forms)], row.text("word")
        if word != fold(word) or word in form:
            raise row.error(f"{word} is not folded or is given twice")
        form[word] = row.number_in("value", 1, 50)
    return _NumberWords(forms["ordinal"], forms["stem"], forms["tens"], forms["unit"])


@lru_cache(maxsize=_REMEMBERED)
def _ordinal(word: str) -> int | None:
    """Return the number of an ordinal: 5 for «бесінші» and «пятая», None for any other word."""
    known = _number_words()
    ending = _ORDINAL_ENDING.search(word)
    return known.ordinals.get(word) or (known.stems.get(word[: ending.start()]) if ending else None)


def _with_numbers(written: Sequence[str]) -> list[str]:
    """Return the words with numbers in words as digits: «двадцать третья» is 23, «он екінші» is 12, «пятая» is 5."""
    known = _number_words()
    found: list[str] = []
    index = 0
    while index < len(written):
        word = written[index]
        number = _ordinal(word) if len(word) <= _LONGEST_WORD else None
        after = written[index + 1] if index + 1 < len(written) and len(written[index + 1]) <= _LONGEST_WORD else ""
        unit = known.units.get(after) or _ordinal(after) or 0
        if word in known.tens and 0 < unit < known.tens["он"]:
            number = known.tens[word] + unit
            index += 1
        found.append(word if number is None else str(number))
        index += 1
    return found


def _split(word: str) -> Iterator[str]:
    """Yield a word; a hyphenated one that the table does not list yields its parts."""
    if "-" not in word or len(word) > _LONGEST_WORD or _is_listed_whole(word):
        yield word
    else:
        yield from word.split("-")


def _is_listed_whole(word: str) -> bool:
    exact, prefixes = _name_words()
    hyphen = word.index("-")
    return word in exact or any(word[:length] in prefixes for length in range(hyphen + 2, len(word) + 1))


def name_words(text: str) -> list[NameWord]:
    """Return the words of a provider's name with their normal forms, in order. Characters beyond the first 400 are ignored."""
    plain = fold(to_cyrillic(_NUMBER_SIGN.sub(" ", unicodedata.normalize("NFC", text[:_LONGEST_NAME]))))
    written = [part for word in _TOKEN.findall(plain) for part in _split(word)]
    return [NameWord(word, tuple(_token(word).split())) for word in _with_numbers(written)]


def normalise_name(text: str) -> str:
    """Return the normal form of a provider's name: «№23 Городская поликлиника» and «23 қалалық емхана» give the same words.

    The form is folded Cyrillic without quotes, legal forms and number signs, with common words and abbreviations in one (Kazakh)
    form and numbers as digits. Words keep their order. A name of legal forms alone gives an empty string.
    """
    return " ".join(token for word in name_words(text) for token in word.tokens)
