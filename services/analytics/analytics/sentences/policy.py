"""Endings of Kazakh numbers, names of months and of regions in a sentence, read from data files and checked before the service starts."""

import tomllib
from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from string import Formatter
from types import MappingProxyType
from typing import Final, NamedTuple

from pydantic import BaseModel, ConfigDict

from shared.domain.labels import LANGUAGES, Label
from shared.domain.regions import regions
from shared.domain.tables import ReferenceDataError, Row
from shared.policy_files import policy_table, policy_text

PACKAGE: Final = "analytics.sentences"
EVERYWHERE: Final = "ALL"
"""The row of the whole country in `regions.csv`."""
_MONTHS: Final = 12


class Case(StrEnum):
    """The Kazakh endings of a number."""

    GENITIVE = "genitive"
    DATIVE = "dative"
    ABLATIVE = "ablative"
    POSSESSIVE = "possessive"


class RegionPhrases(NamedTuple):
    """A region in a sentence: `inside` is "in Abai Region", `about` is "for Abai Region", `source` is "from Abai Region"."""

    inside: Label
    about: Label
    source: Label


class Month(NamedTuple):
    """A month by its name, inside a date or before a year (`of`), and in a sentence (`inside`: in January)."""

    name: Label
    of: Label
    inside: Label


class _Texts(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    kk: str
    ru: str
    en: str


@cache
def kazakh_endings() -> Mapping[str, Mapping[Case, str]]:
    """Return the endings of each word that a spoken number can end with."""
    return policy_table(PACKAGE, "kazakh_endings.csv", lambda row: {case: row.text(case) for case in Case}, key="word")


@cache
def region_phrases() -> Mapping[str, RegionPhrases]:
    """Return the phrases by region and of the whole country. Raises ReferenceDataError unless the file has exactly the known regions."""
    found = policy_table(PACKAGE, "regions.csv", lambda row: RegionPhrases(row.label("in_"), row.label("for_"), row.label("from_")))
    if found.keys() != {EVERYWHERE, *regions()}:
        raise ReferenceDataError("regions.csv", 1, "the regions are not those of the reference data")
    return found


@cache
def months() -> Mapping[int, Month]:
    """Return the months by number. Raises ReferenceDataError unless there are twelve."""

    def build(row: Row) -> Month:
        return Month(row.label(), row.label("of_"), row.label("in_"))

    found = {int(number): month for number, month in policy_table(PACKAGE, "months.csv", build, key="month").items()}
    if list(found) != list(range(1, _MONTHS + 1)):
        raise ReferenceDataError("months.csv", 1, "the months must be 1 to 12, in their order")
    return MappingProxyType(found)


def parse_texts(file: str, content: str, codes: type[StrEnum]) -> Mapping[str, Label]:
    """Return the texts of a TOML document by code.

    Raises ReferenceDataError for a missing or unknown code, and for a text whose languages name different values.
    """
    document = tomllib.loads(content)
    if set(document) != set(codes):
        raise ReferenceDataError(file, 1, f"missing or unknown: {', '.join(sorted(set(document) ^ set(codes)))}")
    found = {}
    for code, texts in document.items():
        label = Label(**_Texts.model_validate(texts).model_dump())
        if len({_names(label.in_(language)) for language in LANGUAGES}) != 1:
            raise ReferenceDataError(file, 1, f"{code}: the languages name different values")
        found[code] = label
    return MappingProxyType(found)


def _names(text: str) -> frozenset[str]:
    return frozenset(name for _, name, _, _ in Formatter().parse(text) if name)


class PeriodText(StrEnum):
    """The codes of the texts in `periods.toml`; `…_IN` stands in a sentence."""

    YEAR = "year"
    YEAR_IN = "year-in"
    HALF = "half"
    HALF_IN = "half-in"
    QUARTER = "quarter"
    QUARTER_IN = "quarter-in"
    MONTH = "month"
    MONTH_IN = "month-in"
    MONTHS = "months"
    MONTHS_IN = "months-in"
    DAY = "day"
    DAY_IN = "day-in"
    DAYS = "days"
    DAYS_IN = "days-in"


@cache
def period_texts() -> Mapping[str, Label]:
    """Return the names of periods by code."""
    return parse_texts("periods.toml", policy_text(PACKAGE, "periods.toml"), PeriodText)


def check_policies() -> None:
    """Raise ReferenceDataError if a data file of sentences is wrong."""
    for load in (kazakh_endings, region_phrases, months, period_texts):
        load()
