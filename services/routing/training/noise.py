"""Copies of labelled texts as other people would type them. The same text always has the same copies."""

import re
import tomllib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from random import Random
from typing import Final

from shared.domain.languages import detect_language

_LETTER: Final = re.compile(r"[^\W\d_]")
_PUNCTUATION: Final = re.compile(r"[^\w\s-]+")
# Neighbours on the keyboard; the Kazakh layout has its letters where the digits are.
_ROWS: Final = ("йцукенгшщзхъ", "фывапролджэ", "ячсмитьбю")
_SPELLINGS: Final = (
    "а=a ә=a|ae б=b в=v г=g ғ=g|gh д=d е=e ё=e|yo ж=zh|j з=z и=i й=i|y к=k қ=q|k л=l м=m н=n ң=n|ng о=o ө=o п=p р=r с=s т=t у=u ұ=u "
    "ү=u ф=f х=h|kh һ=h ц=ts|c ч=ch ш=sh щ=sh|sch ъ= ы=y|i і=i ь= э=e ю=yu|u я=ya|ia"
)
_LATIN: Final = {letter: latin.split("|") for letter, _, latin in (each.partition("=") for each in _SPELLINGS.split(" "))}
_TYPO, _MISSING, _JOINED = 0.04, 0.04, 0.08  # shares of letters, letters and gaps
_OFTEN: Final = 0.6


def noisy_text(text: str) -> str | None:
    """Return a copy of a text: hasty, in Latin letters, or with another beginning, end and other slots. None if it does not differ.

    Which of them is chosen by the text itself.
    """
    chance = Random(text)  # noqa: S311 - repeatable, not secret
    spoilt = chance.choice(_SPOILERS)(text, chance)
    return None if spoilt == text else spoilt


def _hasty(text: str, chance: Random) -> str:
    """Without punctuation and capitals, with letters exchanged, replaced by their neighbours or left out, and with words joined."""
    letters = list(_PUNCTUATION.sub(" ", text).lower())
    for position, letter in enumerate(letters):
        if not _LETTER.fullmatch(letter):
            continue
        draw = chance.random()
        if draw < _TYPO / 2 and position + 1 < len(letters) and letters[position + 1] != " ":
            letters[position], letters[position + 1] = letters[position + 1], letter
        elif draw < _TYPO:
            letters[position] = _neighbour(letter, chance)
        elif draw < _TYPO + _MISSING:
            letters[position] = ""
    found = "".join(letters).split()
    return "".join(word + ("" if chance.random() < _JOINED else " ") for word in found).strip()


def _neighbour(letter: str, chance: Random) -> str:
    for row in _ROWS:
        if (at := row.find(letter)) >= 0:
            return row[max(0, min(len(row) - 1, at + chance.choice((-1, 1))))]
    return letter


def _in_latin(text: str, chance: Random) -> str:
    chosen = {letter: chance.choice(spellings) for letter, spellings in _LATIN.items()}  # a writer spells a letter alike
    return "".join(chosen.get(letter, letter) for letter in text.lower())


def _surrounded(text: str, chance: Random) -> str:
    """With a beginning, a situation or an end that others write as well, and other names of medicines, towns and specialists."""
    language = "ru" if detect_language(text) == "ru" else "kk"
    opening = chance.choice(_slots()["openings"][language]) if chance.random() < _OFTEN else ""
    situation = chance.choice(_slots()["situations"][language]) if chance.random() < _OFTEN else ""
    closing = chance.choice(_slots()["closings"][language]) if chance.random() < _OFTEN else ""
    return " ".join(filter(None, [opening.strip(), situation, _with_other_slots(text, chance), closing]))


def _with_other_slots(text: str, chance: Random) -> str:
    for pattern, values in _patterns():
        text = pattern.sub(lambda _, values=values: chance.choice(values), text)  # type: ignore[misc]
    return text


@cache
def _slots() -> dict[str, dict[str, list[str]]]:
    return tomllib.loads((Path(__file__).parent / "slots.toml").read_text(encoding="utf-8"))


@cache
def _patterns() -> list[tuple[re.Pattern[str], list[str]]]:
    return [(re.compile(rf"\b(?:{'|'.join(values)})", re.IGNORECASE), values) for values in _slots()["slots"].values()]


_SPOILERS: Final[tuple[Callable[[str, Random], str], ...]] = (_hasty, _in_latin, _surrounded)
