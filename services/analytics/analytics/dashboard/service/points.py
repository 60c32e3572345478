"""Names of the points of a line: for the time axis and for the table."""

from calendar import monthrange
from collections.abc import Sequence
from functools import cache
from typing import Final

from babel import Locale
from babel.dates import format_date

from analytics.dashboard.service.reading import TrendPair
from analytics.facts.schemas import Group
from analytics.kpis.schemas import Point
from analytics.sentences.service import period_name
from shared.domain.labels import Label, Language

_WEEK_DAYS: Final = 7
_ROMAN: Final = ("", "I", "II", "III", "IV")
_MONTHS_IN_QUARTER: Final = 3


def point_name(point: Point) -> Label:
    """Return the name of the point's day, week, month or quarter."""
    return period_name(point.first, point.last)


def is_partial(interval: Group, point: Point) -> bool:
    """Return whether the point is a week or a month that the period cuts."""
    if interval is Group.MONTH:
        return point.first.day > 1 or point.last.day < monthrange(point.last.year, point.last.month)[1]
    return interval is Group.WEEK and (point.last - point.first).days + 1 < _WEEK_DAYS


def whole_values(pair: TrendPair, points: Sequence[Point]) -> list[float | None]:
    """Return the values of the points. Weeks and months that the period cuts are left out: they would look like a fall."""
    return [None if is_partial(pair.interval, point) else point.value for point in points]


def axis_labels(pair: TrendPair, language: Language) -> list[str]:
    """Return the short names of the points of the period; months have their year where it begins."""
    if pair.interval is Group.QUARTER:
        return [_quarter(point).in_(language) for point in pair.now]
    if pair.interval is Group.MONTH:
        return _months(pair.now, language)
    return [format_date(point.first, "d MMM", locale=_locale(language)).rstrip(".") for point in pair.now]


def _months(points: Sequence[Point], language: Language) -> list[str]:
    has_years = points[0].first.year != points[-1].first.year
    return [format_date(point.first, "LLL yy" if has_years else "LLL", locale=_locale(language)).replace(".", "") for point in points]


def _quarter(point: Point) -> Label:
    number, year = (point.first.month - 1) // _MONTHS_IN_QUARTER + 1, point.first.year
    return Label(f"{year} {_ROMAN[number]} т.", f"{_ROMAN[number]} кв. {year}", f"Q{number} {year}")


@cache
def _locale(language: Language) -> Locale:
    return Locale.parse({"kk": "kk_KZ", "ru": "ru_KZ", "en": "en_GB"}[language])
