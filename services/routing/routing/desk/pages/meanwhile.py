"""What happened to a case while a clerk was working on it: shown when an action comes too late."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from routing.cases.schemas.views import MeanwhileEntry
from routing.desk.pages.reader import DeskReader
from shared.web.i18n import N_
from shared.web.viewer import role_labels


@dataclass(frozen=True, slots=True)
class MeanwhileLine:
    """An entry of the history; `who` is a name, or else a role."""

    text: str
    who: str
    at: datetime


def meanwhile_lines(found: Sequence[MeanwhileEntry], reader: DeskReader) -> list[MeanwhileLine]:
    """Return the entries as the reader reads them."""
    return [MeanwhileLine(reader.label(entry.text), _who(entry, reader), entry.at) for entry in found]


def _who(entry: MeanwhileEntry, reader: DeskReader) -> str:
    if entry.actor == reader.subject:
        return reader.translate(N_("you, on another page"))
    if entry.actor_name:
        return entry.actor_name
    labels = role_labels()
    return reader.label(labels[entry.actor_role]) if entry.actor_role in labels and entry.actor_role != "service" else ""
