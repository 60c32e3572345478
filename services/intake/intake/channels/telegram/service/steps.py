"""What a conversation is made of: what a person does, where the conversation stands, what the bot says, and what it needs done."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias
from uuid import UUID

from intake.channels.telegram.service.texts import pieces
from shared.domain.labels import Language


@dataclass(frozen=True, slots=True)
class Said:
    message_id: int
    text: str


@dataclass(frozen=True, slots=True)
class Edited:
    message_id: int
    text: str
    is_caption: bool = False
    """The text under a file, which may be written after the file was sent."""


@dataclass(frozen=True, slots=True)
class Pressed:
    """A button under a message. `query_id` is Telegram's, to say that the press was heard."""

    query_id: str
    data: str


@dataclass(frozen=True, slots=True)
class SharedContact:
    phone: str
    is_own: bool


@dataclass(frozen=True, slots=True)
class Attached:
    """Anything but a text message: a file, a picture, a voice, a sticker. `caption` is the text under it.

    Telegram sends every file of an album by itself, all with the same `album`.
    """

    message_id: int = 0
    caption: str = ""
    album: str | None = None


@dataclass(frozen=True, slots=True)
class Left:
    """The person has blocked the bot."""


@dataclass(frozen=True, slots=True)
class InGroup:
    """Somebody addresses the bot where others read along."""


Event: TypeAlias = Said | Edited | Pressed | SharedContact | Attached | Left | InGroup


@dataclass(frozen=True, slots=True)
class Suggest:
    """Which organisations of the region may be meant."""

    region: str
    typed: str


@dataclass(frozen=True, slots=True)
class File:
    """Register this appeal, once for its key."""

    key: str
    appeal: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class History:
    """List the chat's appeals."""


@dataclass(frozen=True, slots=True)
class Show:
    appeal_id: UUID


@dataclass(frozen=True, slots=True)
class Find:
    """Show the chat's own appeal with this registration number."""

    number: str


@dataclass(frozen=True, slots=True)
class ReadAnswer:
    appeal_id: UUID


@dataclass(frozen=True, slots=True)
class ReadQuestion:
    """What the Fund asked, before the reply to it is written."""

    appeal_id: UUID


@dataclass(frozen=True, slots=True)
class Judge:
    """Confirm or deny that the answer settles the matter."""

    appeal_id: UUID
    resolved: bool
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Rate:
    appeal_id: UUID
    score: int


@dataclass(frozen=True, slots=True)
class Reply:
    appeal_id: UUID
    text: str


Effect: TypeAlias = Suggest | File | History | Show | Find | ReadAnswer | ReadQuestion | Judge | Rate | Reply


@dataclass(frozen=True, slots=True)
class Button:
    label: str
    data: str
    """At most 64 bytes."""


Buttons: TypeAlias = Sequence[Sequence[Button]]


@dataclass(frozen=True, slots=True)
class Say:
    """A message: with buttons under it, or with a keyboard in place of the person's own (`contact`: its first key shares their number)."""

    text: str
    buttons: Buttons = ()
    keyboard: Sequence[Sequence[str]] = ()
    contact: bool = False
    urgent: bool = False
    """Said at once, whatever else has been said meanwhile."""

    def parts(self) -> "Sequence[Say]":
        """As messages that Telegram takes: what goes with it goes with the last."""
        *before, last = pieces(self.text)
        return [*(Say(each) for each in before), replace(self, text=last)]

    def payload(self) -> dict[str, Any]:
        return {
            "text": self.text,
            "buttons": [[[each.label, each.data] for each in row] for row in self.buttons],
            "keyboard": [list(row) for row in self.keyboard],
            "contact": self.contact,
        }


@dataclass(frozen=True, slots=True)
class Heard:
    """Tells Telegram that a press was heard; with words the person sees them for a moment."""

    query_id: str
    text: str | None = None

    def parts(self) -> "Sequence[Heard]":
        return [self]

    def payload(self) -> dict[str, Any]:
        return {"query_id": self.query_id, "text": self.text}


@dataclass(frozen=True, slots=True)
class Talk:
    """Where a conversation stands. `draft` is a JSON object."""

    language: Language | None = None
    step: str = "MENU"
    draft: Mapping[str, Any] = field(default_factory=dict)

    @property
    def speaks(self) -> Language:
        return self.language or "kk"

    @property
    def tag(self) -> str:
        """Marks the buttons of the appeal that is being written, so that those of an older one are known."""
        return str(self.draft.get("id", ""))[:8]

    def stored(self) -> Mapping[str, Any]:
        return {"language": self.language, "step": self.step, "draft": self.draft}

    def at(self, step: str, **changes: Any) -> "Talk":
        return replace(self, step=step, draft={**self.draft, **changes})


@dataclass(frozen=True, slots=True)
class Turn:
    """What follows from an event: the conversation as it stands then, what is said, and at most one thing to be done."""

    talk: Talk
    says: Sequence[Say | Heard] = ()
    effect: Effect | None = None
    left: bool = False

    def after(self, *before: Say | Heard) -> "Turn":
        return replace(self, says=[*before, *self.says])
