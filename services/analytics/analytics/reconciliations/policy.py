"""The columns, words and texts of reconciliations, read from data files and checked before the service starts."""

from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Final, NamedTuple

from analytics.sentences.service import parse_texts
from shared.domain.labels import Label
from shared.domain.tables import ReferenceDataError
from shared.policy_files import policy_rows, policy_table, policy_text

PACKAGE: Final = "analytics.reconciliations"
COLUMNS: Final = (
    "id",
    "title",
    "value",
    "unit",
    "period",
    "region",
    "part_of",
    "whole_list",
    "figure",
    "share_of",
    "change_from",
    "counts",
)
EXAMPLES: Final = ("kyzylorda-2025", "west-kazakhstan-2021-h1", "zhambyl-2026", "almaty-2019")
"""The published statistics that come with the service, in `data/examples`. `docs/integration/reconciliation.md` has their sources."""
TEXTS_FILE: Final = "explanations.toml"
_STEM: Final = "*"


class Meaning(StrEnum):
    """What a word next to a number means."""

    OVER = "OVER"
    UNDER = "UNDER"
    ABOUT = "ABOUT"
    PERCENT = "PERCENT"
    POINTS = "POINTS"
    THOUSAND = "THOUSAND"
    MILLION = "MILLION"
    BILLION = "BILLION"
    UP = "UP"
    DOWN = "DOWN"
    FILLER = "FILLER"
    NO = "NO"


class Explanation(StrEnum):
    """The codes of the explanations in `explanations.toml`."""

    SUM_RIGHT = "sum-right"
    SUM_ROUNDED = "sum-rounded"
    SUM_EXCEEDS = "sum-exceeds"
    SUM_FALLS_SHORT = "sum-falls-short"
    SUM_INCOMPLETE = "sum-incomplete"
    SHARES_INCOMPLETE = "shares-incomplete"
    PART_FITS = "part-fits"
    PART_EXCEEDS = "part-exceeds"
    SUM_OPEN = "sum-open"
    SUM_UNREADABLE = "sum-unreadable"
    SHARE_RIGHT = "share-right"
    SHARE_WRONG = "share-wrong"
    SHARE_CUT = "share-cut"
    SHARE_IMPOSSIBLE = "share-impossible"
    SHARE_WITHOUT_WHOLE = "share-without-whole"
    SHARE_WITHOUT_FIGURE = "share-without-figure"
    SHARE_ALONE = "share-alone"
    SHARE_OF_ZERO = "share-of-zero"
    SHARE_NOT_PERCENT = "share-not-percent"
    CHANGE_RIGHT = "change-right"
    CHANGE_WRONG = "change-wrong"
    CHANGE_WRONG_SIGN = "change-wrong-sign"
    CHANGE_DERIVED_RIGHT = "change-derived-right"
    CHANGE_DERIVED_WRONG = "change-derived-wrong"
    CHANGE_WITHOUT_BASE = "change-without-base"
    CHANGE_GIVES_BASE = "change-gives-base"
    CHANGE_WITHOUT_FIGURE = "change-without-figure"
    CHANGE_FROM_ZERO = "change-from-zero"
    MIXED_UNITS = "mixed-units"
    STATED_TWICE = "stated-twice"
    UNDIVIDED = "undivided"
    VALUE_EMPTY = "value-empty"
    VALUE_UNREADABLE = "value-unreadable"
    VALUE_AMBIGUOUS = "value-ambiguous"
    LINE_UNREADABLE = "line-unreadable"
    NUMBER_TWICE = "number-twice"
    ROW_UNKNOWN = "row-unknown"
    ROW_ITSELF = "row-itself"
    ROW_UNREADABLE = "row-unreadable"


class Word(NamedTuple):
    """A word next to a number. `in_change`: its meaning in a row about a change."""

    meaning: Meaning
    in_change: Meaning


@cache
def headings() -> Mapping[str, Label]:
    """Return the headings of the columns by code. Raises ReferenceDataError unless the file has exactly the known columns."""
    found = policy_table(PACKAGE, "columns.csv", lambda row: Label(row.text("kk"), row.text("ru"), row.text("en")))
    if tuple(found) != COLUMNS:
        raise ReferenceDataError("columns.csv", 1, f"the columns must be {', '.join(COLUMNS)}")
    return found


@cache
def columns_by_heading() -> Mapping[str, str]:
    """Return the codes of the columns by what a file may call them: code or heading, in small letters, capitalised or in capitals."""
    found: dict[str, str] = {}
    for code, label in headings().items():
        for heading in {code, *label.as_dict().values()}:
            for spelling in (heading, heading.capitalize(), heading.upper()):
                if found.setdefault(spelling, code) != code:
                    raise ReferenceDataError("columns.csv", 1, f"{heading} names two columns")
    return MappingProxyType(found)


@cache
def _value_words() -> tuple[Mapping[str, Word], Mapping[str, Word]]:
    whole: dict[str, Word] = {}
    stems: dict[str, Word] = {}
    for row in policy_rows(PACKAGE, "value_words.csv"):
        text = row.text("word")
        target, key = (stems, text[:-1]) if text.endswith(_STEM) else (whole, text)
        if key in target:
            raise row.error(f"{text} is given twice")
        target[key] = Word(Meaning(row.one_of("meaning", set(Meaning))), Meaning(row.one_of("in_change", set(Meaning))))
    return whole, stems


def word_of(text: str) -> Word | None:
    """Return the meaning of a word in small letters, None for an unknown word. The longest stem counts."""
    whole, stems = _value_words()
    if text in whole:
        return whole[text]
    return next((stems[text[:length]] for length in range(len(text), 1, -1) if text[:length] in stems), None)


@cache
def explanations() -> Mapping[Explanation, Label]:
    """Return the texts by code.

    Raises ReferenceDataError for a missing or unknown text, and for one whose languages name different values.
    """
    texts = parse_texts(TEXTS_FILE, policy_text(PACKAGE, TEXTS_FILE), Explanation)
    return MappingProxyType({Explanation(code): text for code, text in texts.items()})


@cache
def example(name: str) -> str:
    """Return a published statistic that comes with the service, as CSV with Kazakh headings."""
    return (files(PACKAGE) / "data" / "examples" / f"{name}.csv").read_text(encoding="utf-8")


def check_policies() -> None:
    """Raise ReferenceDataError if a data file of reconciliations is wrong."""
    columns_by_heading()
    _value_words()
    explanations()
    for name in EXAMPLES:
        example(name)
