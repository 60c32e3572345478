"""Processing of a chat's updates in the order in which they were sent, in whatever order they arrive.

An update older than a handled one is sorted in: the current conversation is replayed from its start. Replies that were sent already are
not sent again. An action that cannot be undone settles the conversation: updates older than it are too late.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import structlog

from intake.channels.telegram.codes import Step, UpdateState
from intake.channels.telegram.policy import script
from intake.channels.telegram.schemas.rows import StoredUpdate
from intake.channels.telegram.service.conversation import advance, reply_to_late
from intake.channels.telegram.service.prompts import resume
from intake.channels.telegram.service.steps import (
    AnswerOffer,
    BotBlocked,
    BotReply,
    CallbackAnswer,
    ChatAction,
    ChatEvent,
    ConversationState,
    FileAppeal,
    FindAppeal,
    GiveOutcome,
    ListAppeals,
    RateAppeal,
    RateProvider,
    ReadAnswer,
    ReadQuestion,
    Reply,
    ReportSelfService,
    SendReply,
    ShowAppeal,
    StepResult,
    WithdrawConsent,
)
from intake.channels.telegram.service.texts import text_of
from shared.database_errors import is_transient
from shared.errors import Unavailable
from shared.ids import derived

DoAction = Callable[[ConversationState, ChatAction, datetime, str], Awaitable[StepResult]]
"""Does an action that a person asked for at a time, once under an idempotency key, and returns the next result."""

_READING: Final = (ListAppeals, ShowAppeal, FindAppeal, ReadAnswer, ReadQuestion)
_IRREVERSIBLE: Final = (AnswerOffer, GiveOutcome, RateAppeal, RateProvider, ReportSelfService, SendReply, WithdrawConsent)

log = structlog.get_logger()


class UpdateFailed(Exception):
    """An update that failed and is to be tried again."""

    def __init__(self, update_id: int, reason: str) -> None:
        super().__init__(reason)
        self.update_id = update_id


def can_be_retried(error: Exception) -> bool:
    """Return whether the database or another service is temporarily unavailable."""
    return isinstance(error, Unavailable) or is_transient(error)


@dataclass(frozen=True, slots=True)
class ChatState:
    """The state of a chat: `state` after its update `last`. The current conversation begins with `start`, after its update `settled`."""

    start: ConversationState
    settled: int | None
    state: ConversationState
    last: int | None
    left: bool
    begins: bool = False
    """No update of the current conversation was handled yet: handled updates belong to an earlier one."""


class UpdateProcessor:
    """Processes updates of one chat. Its attributes are the result, which the worker stores."""

    def __init__(self, before: ChatState, chat: bytes, event_of: Callable[[StoredUpdate], ChatEvent | None], do: DoAction) -> None:
        self.before = before
        self.start, self.settled = before.start, before.settled
        self.state, self.last = before.state, before.last
        self.replies: list[Reply] = []
        self.handled: list[int] = []
        self.quarantined: list[int] = []
        self.left = before.left
        self._chat = chat
        self._event_of = event_of
        self._do = do

    def has_late_updates(self, updates: Sequence[StoredUpdate]) -> bool:
        """Return whether an update is older than a handled one and can still be sorted in."""
        last = self.before.last
        return last is not None and any(update.update_id < last and not self._is_too_late(update) for update in updates)

    def settle(self) -> None:
        """Settle the conversation: no earlier update is read again."""
        self.start, self.settled = self.state, self.last

    async def process(self, updates: Sequence[StoredUpdate], handled: Sequence[StoredUpdate]) -> None:
        """Process new updates. `handled`: the handled updates of the conversation, if a new update is older than one of them.

        Raises UpdateFailed for an update that failed, and transient errors.
        """
        ordered = sorted([*handled, *updates], key=lambda update: update.update_id)
        before = self.before.last
        late = [update for update in ordered if before is not None and update.update_id <= before]
        ahead = ordered[len(late) :]
        if self.has_late_updates(updates):
            self.state = self.before.start
        for update in late:
            await self._process_update(update, is_late=True)
        if self.state != self.before.state:
            self._resume(has_more=bool(ahead))
        for update in ahead:
            await self._process_update(update, is_late=False)

    def _resume(self, *, has_more: bool) -> None:
        """Ask the question of the new state, unless it was sent or will be."""
        is_asked = has_more or (self.settled != self.before.settled and self.state.step == Step.MENU)
        self.replies += resume(self.before.state, self.state, is_asked=is_asked)

    def _is_too_late(self, update: StoredUpdate) -> bool:
        return self.settled is not None and update.update_id <= self.settled

    async def _process_update(self, update: StoredUpdate, *, is_late: bool) -> None:
        """Process an update. One that fails repeatedly is quarantined, so that it does not block the chat."""
        try:
            await self._apply(update, is_late=is_late)
        except Exception as error:
            if can_be_retried(error):
                raise
            if update.attempts + 1 < script().limits.tries:
                raise UpdateFailed(update.update_id, type(error).__name__) from None
            log.error("an update is quarantined", update=update.update_id, reason=type(error).__name__)  # noqa: TRY400 - a traceback holds personal data
            self.replies.append(BotReply(text_of("trouble", self.state.shown_language)))
            self.quarantined.append(update.update_id)
        else:
            if update.state != UpdateState.HANDLED:
                self.handled.append(update.update_id)
        self.last = update.update_id if self.last is None else max(self.last, update.update_id)

    async def _apply(self, update: StoredUpdate, *, is_late: bool) -> None:
        event, is_new = self._event_of(update), update.state != UpdateState.HANDLED
        if self._is_too_late(update):
            self.replies += reply_to_late(self.state, event) if event is not None else ()
            return
        self.left = isinstance(event, BotBlocked)
        if event is None:
            return
        key = str(derived(UUID(bytes=self._chat[:16]), "draft", update.update_id))
        first = advance(self.state, event, key)
        if isinstance(first.action, _READING) and not is_new:
            self.state = first.state
            return
        replies = await self._run(first, update, key)
        is_settling = self._is_settling(first.action)
        if not is_late or is_settling or (is_new and isinstance(first.action, _READING)):
            self.replies += replies
        elif is_new:
            self.replies += [reply for reply in replies if isinstance(reply, CallbackAnswer) or reply.urgent]
        if is_settling:
            self.start, self.settled = self.state, update.update_id

    async def _run(self, first: StepResult, update: StoredUpdate, key: str) -> list[Reply]:
        """Do the action of a result and of those that follow from it. Return all replies, the note of a result in the next message."""
        replies: list[Reply] = []
        result: StepResult | None = first
        note = ""
        while result is not None:
            noted = result.noted(note)
            self.state, note = noted.state, noted.note
            replies += noted.replies
            action = noted.action
            result = await self._do(noted.state, action, update.received_at, key) if action is not None else None
        return [*replies, BotReply(note)] if note else replies

    def _is_settling(self, action: ChatAction | None) -> bool:
        """Return whether an action that cannot be undone was done. A refused appeal leaves its preview."""
        return isinstance(action, _IRREVERSIBLE) or (isinstance(action, FileAppeal) and self.state.step == Step.MENU)
