"""The clerk's own answers that wait to be sent: shown on every page of the desk, with the button that takes one back."""

from collections.abc import Sequence
from dataclasses import dataclass

from routing.cases.schemas.command import CaseAction
from routing.cases.schemas.views import WaitingAnswer
from routing.desk.pages.listing import ListPosition
from routing.desk.pages.reader import DeskReader
from shared.domain.regions import regions


@dataclass(frozen=True, slots=True)
class WaitingLine:
    """An answer that waits. `seconds` until it is sent, `at` in the local time of the case; `undo`: where to post to take it back."""

    number: str
    version: int
    seconds: int
    at: str
    undo: str


def waiting_answers(found: Sequence[WaitingAnswer], position: ListPosition, reader: DeskReader) -> list[WaitingLine]:
    """Return the answers of the reader that wait. An answer whose wait is over is on its way and left out."""
    return [
        WaitingLine(
            number=case.number,
            version=case.version,
            seconds=int((case.sends_at - reader.now).total_seconds()),
            at=f"{case.sends_at.astimezone(regions()[case.region].timezone):%H:%M:%S}",
            undo=position.href(case.appeal_id, CaseAction.UNDO),
        )
        for case in found
        if case.sends_at > reader.now
    ]
