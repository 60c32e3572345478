"""Numbers, dates and spans of time as each language writes them: a narrow space for thousands and a decimal comma in kk and ru."""

from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Final
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date
from babel.numbers import format_decimal

NARROW: Final = "\u202f"  # narrow no-break space: the thin space that never breaks a number over two lines
_LOCALES: Final = {"kk": "kk_KZ", "ru": "ru_KZ", "en": "en_GB"}  # en_GB: day before month, as both other languages have it
# Own words: the locale data of Babel 2.18 has no units of time for Kazakh. A noun after a number stays singular there.
_SECONDS: Final = (86400, 3600, 60)
_UNITS: Final[dict[str, tuple[dict[str, str], ...]]] = {
    "kk": ({"other": "күн"}, {"other": "сағ"}, {"other": "мин"}),
    "ru": ({"one": "день", "few": "дня", "other": "дней"}, {"other": "ч"}, {"other": "мин"}),
    "en": ({"one": "day", "other": "days"}, {"other": "h"}, {"other": "min"}),
}


class Formats:
    """The formats of one language; each method is a template filter of the same name."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._locale = Locale.parse(_LOCALES[language])

    def number(self, value: float | Decimal, digits: int = 0, *, signed: bool = False) -> str:
        """`474 708`, with `digits` decimals, rounded half up; `signed` writes a plus before a gain."""
        rounded = Decimal(str(value)).quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)
        pattern = "#,##0" + ("." + "0" * digits if digits else "")
        text = format_decimal(abs(rounded), pattern, locale=self._locale).replace("\u00a0", NARROW)
        sign = "−" if rounded < 0 else "+" if signed and rounded > 0 else ""
        return sign + text

    def percent(self, value: float | Decimal, digits: int = 1, *, signed: bool = False) -> str:
        """`39,9 %`; `value` is in per cent already, as the figures' API gives it."""
        gap = "" if self.language == "en" else "\u00a0"
        return f"{self.number(value, digits, signed=signed)}{gap}%"

    def date(self, value: date, zone: str | ZoneInfo | None = None) -> str:
        """`2026 ж. 23 қараша`. A moment needs the `zone` whose day is meant; raises ValueError without one."""
        return format_date(_local(value, zone) if isinstance(value, datetime) else value, "long", locale=self._locale)

    def datetime(self, value: datetime, zone: str | ZoneInfo) -> str:
        """`2026 ж. 23 қараша, 16:40` in the region's `zone`."""
        local = _local(value, zone)
        return f"{format_date(local, 'long', locale=self._locale)}, {local:%H:%M}"

    def duration(self, value: timedelta | float) -> str:
        """`3 күн 4 сағ`: the two largest units of a span (or of seconds), rounded down to whole minutes."""
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
