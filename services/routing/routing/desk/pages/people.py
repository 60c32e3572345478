"""Colleagues on the pages: as choices of a form, and the form of an absence."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from routing.cases.schemas.views import ColleagueView
from routing.cases.service import colleagues, shifts
from routing.desk.pages.reader import DeskReader
from shared.web.formats import Formats
from shared.web.i18n import N_

ABSENCE: Final = "absence"
"""The last step of the URL to which an absence is posted."""
Choice = tuple[str, str, bool]
"""The subject, the name with role and region, and whether the colleague cannot be chosen."""


@dataclass(frozen=True, slots=True)
class AbsenceForm:
    """The form of the reader's own absence. `until`: the day of return, None for a reader who is not absent."""

    href: str
    until: date | None


def choices_of(found: Sequence[ColleagueView], reader: DeskReader) -> list[Choice]:
    """Return colleagues to assign a case to. An absent one is named with the day of return, and cannot be chosen."""
    formats, named = Formats(reader.language), dict(colleagues.labels(found, reader.language))
    chosen: list[Choice] = []
    for colleague in found:
        text, until = named[colleague.subject], shifts.absence_of(colleague, reader.now)
        if until is not None:
            text = reader.translate(N_("%(name)s: absent, back on %(day)s"), name=text, day=formats.date(until))
        chosen.append((colleague.subject, text, until is not None))
    return chosen
