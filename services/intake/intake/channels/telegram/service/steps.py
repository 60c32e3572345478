"""The parts of a conversation: what a person does, its state, the messages of the bot, and the actions it needs done."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias, TypedDict, Unpack
from uuid import UUID

from intake.channels.telegram.codes import Step
from intake.channels.telegram.schemas.payloads import CallbackPayload, MessagePayload
from intake.channels.telegram.service.texts import split_text
from shared.domain.labels import Language


@dataclass(frozen=True, slots=True)
class TextMessage:
    """A text that the person wrote, or a button of the keyboard, which sends its label."""

    message_id: int
    text: str


@dataclass(frozen=True, slots=True)
class EditedMessage:
    """A message whose text was edited. `is_caption`: the text is under a file, and may be written after the file was sent."""

    message_id: int
    text: str
    is_caption: bool = False


@dataclass(frozen=True, slots=True)
class ButtonPress:
    """A press of a button under a message. `query_id` is Telegram's id of the press, which has to be answered."""

    query_id: str
    data: str


@dataclass(frozen=True, slots=True)
class SharedContact:
    """A contact that the person shared. `is_own`: it is the person's own."""

    phone: str
    is_own: bool


@dataclass(frozen=True, slots=True)
class MediaMessage:
    """Any message but a text: a file, a picture, a voice, a sticker. `caption` is the text under it.

    Telegram sends every file of an album as a message of its own, all with the same `album`.
    """

    message_id: int = 0
    caption: str = ""
    album: str | None = None


@dataclass(frozen=True, slots=True)
class BotBlocked:
    """The person has blocked the bot."""


@dataclass(frozen=True, slots=True)
class GroupMessage:
    """The bot is addressed in a group, where others can read the conversation."""


ChatEvent: TypeAlias = TextMessage | EditedMessage | ButtonPress | SharedContact | MediaMessage | BotBlocked | GroupMessage


class AppealFields(TypedDict):
    """The fields of an appeal as `AppealIn` accepts them."""

    language: Language
    kind: str
    statutory_form: str | None
    topic: str | None
    region: str
    provider: dict[str, str] | None
    text: str
    applicant: dict[str, str]
    consents: list[str]
    answer_by: str


class FiledDraft(TypedDict):
    """The appeal that was filed last; its confirm button is recognised by the tag."""

    tag: str
    number: str


class Draft(TypedDict, total=False):
    """The appeal that is being written, stored as JSON. Keys appear as the person answers."""

    id: str
    kind: str
    topic: str
    region: str
    page: int
    typed: str
    """The name of an organisation as the person typed it."""
    offered: list[list[str]]
    """Suggested organisations: [id, name]."""
    provider_id: str | None
    provider: str | None
    text: str
    text_id: int
    """The message with the text: it may be edited."""
    articles: list[list[str]]
    """Published articles that were shown for the text: [id, title, body]."""
    kind_asked: bool
    consented: bool
    full_name: str | None
    phone: str | None
    address: str | None
    disclosed: bool
    filed: FiledDraft
    album: str
    """The latest album that was answered."""
    about: str | None
    rates: bool
    """No appeal is written: the person rates the organisation or one of its doctors."""
    doctors: list[list[str]]
    """The page of doctors that is offered: [id, name]."""
    doctor_query: str
    doctor_page: int
    doctor_pages: int
    doctor_id: str | None
    doctor: str | None
    back: str | None
    """In REASON and REPLY: the id of the appeal, and the step to return to."""


@dataclass(frozen=True, slots=True)
class SuggestProviders:
    """Find the organisations of a region that a typed name may mean."""

    region: str
    typed: str


@dataclass(frozen=True, slots=True)
class SuggestArticles:
    """Find published articles that may answer a question. `kind`: as chosen already; None: it is asked later."""

    text: str
    kind: str | None


@dataclass(frozen=True, slots=True)
class ReportSelfService:
    """Count a question that an article answered: nothing is filed."""

    article_id: UUID
    region: str | None


@dataclass(frozen=True, slots=True)
class FileAppeal:
    """Register an appeal, once for its key."""

    key: str
    appeal: AppealFields
    shown: Sequence[UUID] = ()
    """The articles that were shown for its text."""


@dataclass(frozen=True, slots=True)
class ListAppeals:
    """List the appeals of the chat."""


@dataclass(frozen=True, slots=True)
class ShowAppeal:
    """Show the status of an appeal of the chat."""

    appeal_id: UUID


@dataclass(frozen=True, slots=True)
class FindAppeal:
    """Show the appeal of the chat with a registration number."""

    number: str


@dataclass(frozen=True, slots=True)
class ReadAnswer:
    """Show the answer to an appeal of the chat."""

    appeal_id: UUID


@dataclass(frozen=True, slots=True)
class ReadQuestion:
    """Show the open question of the Fund, to which a reply is written."""

    appeal_id: UUID


@dataclass(frozen=True, slots=True)
class GiveOutcome:
    """Confirm or deny that the answer resolves the appeal."""

    appeal_id: UUID
    resolved: bool
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class AnswerOffer:
    """Answer whether an offer of a provider holds: the subject is solved, or the promise was kept."""

    offer_id: UUID
    yes: bool


@dataclass(frozen=True, slots=True)
class ListDoctors:
    """Offer the doctors of an organisation whose names begin with the words of `query`, from a page on."""

    provider_id: UUID
    query: str = ""
    page: int = 0


@dataclass(frozen=True, slots=True)
class RateProvider:
    """Store the person's rating of an organisation or of one of its doctors, without an appeal."""

    provider_id: UUID
    score: int
    doctor_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class RateAppeal:
    """Store the person's score of an appeal."""

    appeal_id: UUID
    score: int


@dataclass(frozen=True, slots=True)
class SendReply:
    """Add the person's message to an appeal."""

    appeal_id: UUID
    text: str


@dataclass(frozen=True, slots=True)
class WithdrawConsent:
    """Withdraw the consent to be named to a medical organisation."""

    appeal_id: UUID


AppealChange: TypeAlias = GiveOutcome | RateAppeal | SendReply | WithdrawConsent
AppealAction: TypeAlias = ShowAppeal | ReadAnswer | ReadQuestion | AppealChange
ArticleAction: TypeAlias = SuggestArticles | ReportSelfService
ProviderAction: TypeAlias = ListDoctors | RateProvider | AnswerOffer
ChatAction: TypeAlias = ArticleAction | SuggestProviders | FileAppeal | ListAppeals | FindAppeal | ProviderAction | AppealAction


@dataclass(frozen=True, slots=True)
class Button:
    """A button under a message. `data`: at most 64 bytes."""

    label: str
    data: str


Buttons: TypeAlias = Sequence[Sequence[Button]]


@dataclass(frozen=True, slots=True)
class BotReply:
    """A message with buttons under it, or with a keyboard in place of the person's own (`contact`: its first key shares their number).

    `urgent`: it is sent even if the update was handled late and its other messages are suppressed.
    """

    text: str
    buttons: Buttons = ()
    keyboard: Sequence[Sequence[str]] = ()
    contact: bool = False
    urgent: bool = False

    def parts(self) -> "Sequence[BotReply]":
        """Split the message at Telegram's limit; buttons and keyboard belong to the last part."""
        *before, last = split_text(self.text)
        return [*(BotReply(text) for text in before), replace(self, text=last)]

    def payload(self) -> MessagePayload:
        """Return the message as it is stored."""
        return {
            "text": self.text,
            "buttons": [[[button.label, button.data] for button in row] for row in self.buttons],
            "keyboard": [list(row) for row in self.keyboard],
            "contact": self.contact,
        }


@dataclass(frozen=True, slots=True)
class CallbackAnswer:
    """The answer to a press of a button; a text is shown for a moment."""

    query_id: str
    text: str | None = None

    def parts(self) -> "Sequence[CallbackAnswer]":
        """Return the answer: it is never split."""
        return [self]

    def payload(self) -> CallbackPayload:
        """Return the answer as it is stored."""
        return {"query_id": self.query_id, "text": self.text}


Reply: TypeAlias = BotReply | CallbackAnswer


class StoredState(TypedDict, total=False):
    """A conversation state as it is stored in JSON."""

    language: Language | None
    step: Step
    draft: Draft


@dataclass(frozen=True, slots=True)
class ConversationState:
    """The state of a conversation."""

    language: Language | None = None
    step: Step = Step.MENU
    draft: Draft = field(default_factory=Draft)

    @classmethod
    def restored(cls, stored: StoredState) -> "ConversationState":
        """Return the state that was stored."""
        return cls(stored.get("language"), Step(stored.get("step", Step.MENU)), stored.get("draft", Draft()))

    @property
    def shown_language(self) -> Language:
        """The chosen language, or Kazakh."""
        return self.language or "kk"

    @property
    def tag(self) -> str:
        """A mark for the buttons of the current draft, by which buttons of older drafts are recognised."""
        return self.draft.get("id", "")[:8]

    def stored(self) -> StoredState:
        """Return the state as it is stored."""
        return {"language": self.language, "step": self.step, "draft": self.draft}

    def at(self, step: Step, **changes: Unpack[Draft]) -> "ConversationState":
        """Return the state at a step, with changes of the draft."""
        draft = self.draft.copy()
        draft.update(changes)
        return replace(self, step=step, draft=draft)


@dataclass(frozen=True, slots=True)
class StepResult:
    """The result of an event: the next state, the replies, and at most one action to be done. `left`: the person has blocked the bot.

    `note`: a text for the beginning of the next message, which the result of the action has.
    """

    state: ConversationState
    replies: Sequence[Reply] = ()
    action: ChatAction | None = None
    left: bool = False
    note: str = ""

    def after(self, *before: Reply) -> "StepResult":
        """Return the result with other replies in front."""
        return replace(self, replies=[*before, *self.replies])

    def noted(self, note: str) -> "StepResult":
        """Return the result with a note at the beginning of its first message; advice on danger stays alone.

        A result with an action and without a message has the note for the one that follows.
        """
        first = next((reply for reply in self.replies if isinstance(reply, BotReply) and not reply.urgent), None)
        if not note:
            return self
        if first is None:
            return replace(self, note=note) if self.action is not None else replace(self, replies=[*self.replies, BotReply(note)])
        joined = replace(first, text=f"{note}\n\n{first.text}")
        return replace(self, replies=[joined if reply is first else reply for reply in self.replies])
