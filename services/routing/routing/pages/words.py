"""Who reads the desk, and the small words that its list and its case share."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any, Final
from zoneinfo import ZoneInfo

from routing.schemas import CaseSummary
from shared.domain.labels import Label, Language
from shared.domain.taxonomy import taxonomy
from shared.web.i18n import N_

_DAY_ENDS: Final = time(23, 59, 59)
LANGUAGE_NAMES: Final[Mapping[str, str]] = {"kk": N_("Kazakh"), "ru": N_("Russian"), "en": N_("English")}


@dataclass(frozen=True, slots=True)
class Reader:
    """The one at the desk: the language read, a sentence in it, the subject of the session, and the moment of looking."""

    language: Language
    say: Callable[..., str]
    subject: str
    now: datetime

    def label(self, label: Label) -> str:
        return label.in_(self.language)

    def language_name(self, code: str) -> str:
        return self.say(LANGUAGE_NAMES[code]) if code in LANGUAGE_NAMES else code

    def options(self, entries: Mapping[Any, Any]) -> list[tuple[str, str]]:
        """The codes of a table with their labels, as a choice."""
        return [(str(code), self.label(entry.label)) for code, entry in entries.items()]


@dataclass(frozen=True, slots=True)
class Due:
    """How near a moment is: `overdue` by `seconds`, `today` (by `time`, unless the day's end), `tomorrow` or `later`, in `days`."""

    state: str
    seconds: int
    days: int
    time: str | None


def due(at: datetime, now: datetime, zone: ZoneInfo) -> Due:
    """Days are those of the region's calendar, not spans of 24 hours."""
    local = at.astimezone(zone)
    days = (local.date() - now.astimezone(zone).date()).days
    state = "overdue" if at < now else {0: "today", 1: "tomorrow"}.get(days, "later")
    return Due(state, max(int((now - at).total_seconds()), 0), days, None if local.time() == _DAY_ENDS else f"{local:%H:%M}")


def subject_of(case: CaseSummary, reader: Reader) -> str:
    """What a case is about, in the most telling words there are."""
    codes = taxonomy()
    if case.category is not None:
        return reader.label(codes.categories[case.category].label)
    if case.topic is not None:
        return reader.label(codes.topics[case.topic].label)
    return reader.label(codes.kinds[case.kind].label)


def category_options(reader: Reader) -> list[tuple[str, str]]:
    """Every category; a finer one behind the name of its parent."""
    categories = taxonomy().categories
    parents = {code: f"{reader.label(categories[entry.parent].label)}: " if entry.parent else "" for code, entry in categories.items()}
    return [(code, parents[code] + reader.label(entry.label)) for code, entry in categories.items()]
