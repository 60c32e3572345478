"""Names of periods and regions as they stand in headings and in sentences, and lists of names."""

from calendar import monthrange
from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from typing import Final

from analytics.sentences.policy import EVERYWHERE, PeriodText, months, period_texts, region_phrases
from shared.domain.labels import LANGUAGES, Label, Language
from shared.web.formats import Formats

_ROMAN: Final = ("", "I", "II", "III", "IV")
_AND: Final = Label("және", "и", "and")
_UNITS: Final = {12: PeriodText.YEAR, 6: PeriodText.HALF, 3: PeriodText.QUARTER, 1: PeriodText.MONTH}
"""Periods by their months; each begins after a multiple of them."""
_IN_SENTENCE: Final = "-in"


def region_inside(region: str | None) -> Label:
    """Return the region where something happened: `Қызылорда облысында`, `в Кызылординской области`; the country without a region."""
    return region_phrases()[region or EVERYWHERE].inside


def region_about(region: str | None) -> Label:
    """Return the region that a figure is about: `Қызылорда облысы бойынша`, `по Кызылординской области`."""
    return region_phrases()[region or EVERYWHERE].about


def region_source(region: str | None) -> Label:
    """Return the region that appeals came from: `Қызылорда облысынан`, `из Кызылординской области`."""
    return region_phrases()[region or EVERYWHERE].source


def period_name(first: date, last: date) -> Label:
    """Return the name of a period, both days inclusive: `2026 жылғы III тоқсан`, `III квартал 2026 года`, or its days."""
    return _period(first, last, in_sentence=False)


def period_phrase(first: date, last: date) -> Label:
    """Return a period as it stands in a sentence: `2026 жылғы III тоқсанда`, `за III квартал 2026 года`."""
    return _period(first, last, in_sentence=True)


def _period(first: date, last: date, *, in_sentence: bool) -> Label:
    has_whole_months = first.day == 1 and last.day == monthrange(last.year, last.month)[1] and first.year == last.year
    length = last.month - first.month + 1
    if not has_whole_months:
        code = PeriodText.DAY if first == last else PeriodText.DAYS
        values = {"first": _date(first), "last": _date(last)}
    elif length in _UNITS and (first.month - 1) % length == 0:
        code, number, month = _UNITS[length], last.month // length, months()[last.month]
        roman = _ROMAN[number % len(_ROMAN)]
        values = {"number": Label(roman, roman, str(number)), "month": month.name, "month_in": month.inside}
    else:
        code = PeriodText.MONTHS
        values = {"first": months()[first.month].name, "month": months()[last.month].name}
    return _named(PeriodText(f"{code}{_IN_SENTENCE}") if in_sentence else code, str(first.year), values)


def _date(day: date) -> Label:
    return Label(*(_formats(language).date(day) for language in LANGUAGES))


def _named(code: PeriodText, year: str, values: Mapping[str, Label]) -> Label:
    def in_(language: Language) -> str:
        return period_texts()[code].in_(language).format(year=year, **{name: value.in_(language) for name, value in values.items()})

    return Label(*(in_(language) for language in LANGUAGES))


def joined(names: Sequence[str], language: Language) -> str:
    """Return names as a list in a sentence: `a, b және c`."""
    if len(names) < 2:  # noqa: PLR2004 - a list of one has nothing to join
        return "".join(names)
    return f"{', '.join(names[:-1])} {_AND.in_(language)} {names[-1]}"


@cache
def _formats(language: Language) -> Formats:
    return Formats(language)
