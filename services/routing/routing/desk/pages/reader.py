"""The reader of the desk, and the texts that the list and the case share."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, time
from enum import StrEnum
from typing import Final, Protocol
from zoneinfo import ZoneInfo

from routing.cases.schemas.overdue import OverdueRecord
from routing.cases.schemas.views import CaseSummary
from shared.domain.labels import Label, Language
from shared.domain.taxonomy import taxonomy
from shared.web.i18n import N_

_END_OF_DAY: Final = time(23, 59, 59)
LANGUAGE_NAMES: Final[Mapping[str, str]] = {"kk": N_("Kazakh"), "ru": N_("Russian"), "en": N_("English")}


class Labelled(Protocol):
    """An entry of the taxonomy."""

    @property
    def label(self) -> Label: ...


@dataclass(frozen=True, slots=True)
class DeskReader:
    """Who reads a page: the language, a function that translates into it, the subject of the session, and the time of the request."""

    language: Language
    translate: Callable[..., str]
    subject: str
    now: datetime

    def label(self, label: Label) -> str:
        return label.in_(self.language)

    def language_name(self, code: str) -> str:
        return self.translate(LANGUAGE_NAMES[code]) if code in LANGUAGE_NAMES else code

    def options(self, entries: Mapping[str, Labelled]) -> list[tuple[str, str]]:
        """Return the codes of a table with their labels, for a list to choose from."""
        return [(code, self.label(entry.label)) for code, entry in entries.items()]


class DueState(StrEnum):
    """How near a due time is, in calendar days of the region."""

    OVERDUE = "overdue"
    TODAY = "today"
    TOMORROW = "tomorrow"
    LATER = "later"


@dataclass(frozen=True, slots=True)
class Due:
    """How near a due time is. `seconds`: by how much it is overdue; `time`: the local time of day, None for the end of the day."""

    state: DueState
    seconds: int
    days: int
    time: str | None


def due(at: datetime, now: datetime, zone: ZoneInfo) -> Due:
    """Return how near `at` is. Days are calendar days of the zone, not spans of 24 hours."""
    local = at.astimezone(zone)
    days = (local.date() - now.astimezone(zone).date()).days
    state = DueState.OVERDUE if at < now else {0: DueState.TODAY, 1: DueState.TOMORROW}.get(days, DueState.LATER)
    return Due(state, max(int((now - at).total_seconds()), 0), days, None if local.time() == _END_OF_DAY else f"{local:%H:%M}")


def subject_of(case: CaseSummary | OverdueRecord, reader: DeskReader) -> str:
    """Return the most specific label of what a case is about: category, topic or kind."""
    codes = taxonomy()
    if case.category is not None:
        return reader.label(codes.categories[case.category].label)
    if case.topic is not None:
        return reader.label(codes.topics[case.topic].label)
    return reader.label(codes.kinds[case.kind].label)


def tier_of(case: CaseSummary, reader: DeskReader) -> str:
    """Return the tier in words; that an unsorted case has none yet."""
    return reader.translate(N_("unsorted")) if case.unsorted else reader.translate(N_("tier %(n)s"), n=case.tier)


def category_options(reader: DeskReader) -> list[tuple[str, str]]:
    """Return every category as an option; a sub-category follows the name of its parent."""
    categories = taxonomy().categories
    parents = {code: f"{reader.label(categories[entry.parent].label)}: " if entry.parent else "" for code, entry in categories.items()}
    return [(code, parents[code] + reader.label(entry.label)) for code, entry in categories.items()]
