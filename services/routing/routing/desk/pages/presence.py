"""Who else has the case open, in words."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from routing.desk.pages.reader import DeskReader
from routing.desk.schemas import PresentColleague
from shared.web.i18n import N_

PATH: Final = "presence"
"""The last step of the URL by which a visible page renews its presence."""


@dataclass(frozen=True, slots=True)
class Presence:
    """The sentences about colleagues, and where the page renews its own presence; None for a reader who is not recorded."""

    lines: Sequence[str]
    href: str | None
    seconds: int


def presence_lines(found: Sequence[PresentColleague], reader: DeskReader) -> list[str]:
    """Return a sentence for each colleague."""
    writes, reads = N_("%(name)s is answering now"), N_("%(name)s has this case open")
    return [reader.translate(writes if each.writing else reads, name=each.name) for each in found]
