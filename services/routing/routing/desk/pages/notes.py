"""The form of a note for colleagues."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from routing.cases.schemas.views import ColleagueView
from routing.cases.service import colleagues
from routing.desk.pages.reader import DeskReader
from shared.errors import FieldError
from shared.web.i18n import N_

PATH: Final = "notes"
MENTION: Final = "mention."  # one checkbox for each colleague


@dataclass
class NoteForm:
    """What was entered; empty if nothing was sent. `error` is a sentence for the reader."""

    text: str = ""
    mentions: Sequence[str] = ()
    error: str | None = None
    options: Sequence[tuple[str, str]] = field(default_factory=list)
    """The colleagues who may be mentioned: field name and label."""

    @property
    def is_open(self) -> bool:
        """Whether the form came back with an error."""
        return self.error is not None

    def is_ticked(self, name: str) -> bool:
        """Return whether the checkbox of this name was ticked."""
        return name.removeprefix(MENTION) in self.mentions

    def offer(self, seeing: Sequence[ColleagueView], reader: DeskReader) -> "NoteForm":
        """Offer the colleagues who see the case, without the reader."""
        others = [colleague for colleague in seeing if colleague.subject != reader.subject]
        self.options = [(MENTION + subject, label) for subject, label in colleagues.labels(others, reader.language)]
        return self

    def refuse(self, errors: Sequence[FieldError], reader: DeskReader) -> None:
        """Note why the note was not stored."""
        is_mention = any(error.field.startswith("mentions") for error in errors)
        is_long = any(error.code == "too-long" for error in errors)
        wrong = N_("This is too long.") if is_long else N_("This is needed.")
        self.error = reader.translate(N_("A colleague whom you mention does not see this case.") if is_mention else wrong)


def submitted_note(sent: Mapping[str, str]) -> NoteForm:
    """Return the form as it was sent."""
    return NoteForm(sent.get("note-text", ""), [name.removeprefix(MENTION) for name in sent if name.startswith(MENTION)])
