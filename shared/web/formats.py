"""Formats of numbers, dates and durations per language. kk and ru use a narrow space for thousands and a decimal comma."""

from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date
from babel.numbers import format_decimal

NARROW: Final = "\u202f"  # narrow no-break space: never breaks a number over two lines
_LOCALES: Final = {"kk": "kk_KZ", "ru": "ru_KZ", "en": "en_GB"}  # en_GB: day before month, as in both other languages
# Babel 2.18 has no Kazakh locale data for units of time. A noun after a number stays singular in Kazakh.
_SECONDS: Final = (86400, 3600, 60)
_UNITS: Final[dict[str, tuple[dict[str, str], ...]]] = {
    "kk": ({"other": "күн"}, {"other": "сағ"}, {"other": "мин"}),
    "ru": ({"one": "день", "few": "дня", "other": "дней"}, {"other": "ч"}, {"other": "мин"}),
    "en": ({"one": "day", "other": "days"}, {"other": "h"}, {"other": "min"}),
}


@lru_cache(maxsize=4096)  # a page of figures shows hundreds of numbers, and many of them twice
def _grouped(value: Decimal, digits: int, language: str) -> str:
    pattern = "#,##0" + ("." + "0" * digits if digits else "")
    return format_decimal(value, pattern, locale=_LOCALES[language]).replace("\u00a0", NARROW)


class Formats:
    """The formats of one language. Each method is a template filter of the same name."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._locale = Locale.parse(_LOCALES[language])

    def number(self, value: float | Decimal, digits: int = 0, *, signed: bool = False) -> str:
        """Format a number: `474 708`, with `digits` decimals, rounded half up. `signed` writes a plus before a positive value."""
        rounded = Decimal(str(value)).quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)
        text = _grouped(abs(rounded), digits, self.language)
        sign = "−" if rounded < 0 else "+" if signed and rounded > 0 else ""
        return sign + text

    def percent(self, value: float | Decimal, digits: int = 1, *, signed: bool = False) -> str:
        """Format a percentage: `39,9 %`. `value` is in per cent, as the figures' API returns it."""
        gap = "" if self.language == "en" else "\u00a0"
        return f"{self.number(value, digits, signed=signed)}{gap}%"

    def date(self, value: date, zone: str | ZoneInfo | None = None) -> str:
        """Format a date: `2026 ж. 23 қараша`. A datetime needs the `zone` of its day. Raises ValueError without one."""
        return format_date(_local(value, zone) if isinstance(value, datetime) else value, "long", locale=self._locale)

    def datetime(self, value: datetime, zone: str | ZoneInfo) -> str:
        """Format a datetime in the region's `zone`: `2026 ж. 23 қараша, 16:40`."""
        local = _local(value, zone)
        return f"{format_date(local, 'long', locale=self._locale)}, {local:%H:%M}"

    def duration(self, value: timedelta | float) -> str:
        """Format a duration (or seconds) with its two largest units, rounded down to whole minutes: `3 күн 4 сағ`."""
        left = int(value.total_seconds() if isinstance(value, timedelta) else value)
        parts: list[str] = []
        for names, seconds in zip(_UNITS[self.language], _SECONDS, strict=True):
            amount, left = divmod(max(left, 0), seconds)
            if amount:
                parts.append(self._counted(amount, names))
            if parts and (not amount or len(parts) == 2):  # noqa: PLR2004 - two units say enough, and "3 days 5 min" would mislead
                break
        return " ".join(parts) or self._counted(0, _UNITS[self.language][-1])

    def _counted(self, amount: int, names: dict[str, str]) -> str:
        name = names.get(self._locale.plural_form(amount), names["other"])
        return f"{self.number(amount)}\u00a0{name}"


def _local(value: datetime, zone: str | ZoneInfo | None) -> datetime:
    if zone is None or value.tzinfo is None:
        message = "a moment is shown in a region's zone and must be aware"
        raise ValueError(message)
    return value.astimezone(ZoneInfo(zone) if isinstance(zone, str) else zone)
