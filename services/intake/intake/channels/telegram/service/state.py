"""A chat's updates on their way through the conversation, in the order in which they were sent, however they came.

An update that is older than one handled before is put in its place: the conversation in hand is folded again from where it began. What the
person has read already is not said again; what cannot be undone settles the conversation up to there, and what is older is too late.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import structlog
from sqlalchemy import Row

from intake.channels.telegram.repository import IN_HAND
from intake.channels.telegram.service.actions import Deeds
from intake.channels.telegram.service.conversation import too_late, turn
from intake.channels.telegram.service.prompts import MENU, resumed
from intake.channels.telegram.service.steps import (
    Effect,
    Event,
    File,
    Find,
    Heard,
    History,
    Judge,
    Left,
    Rate,
    ReadAnswer,
    ReadQuestion,
    Reply,
    Say,
    Show,
    Talk,
    Turn,
)
from intake.channels.telegram.service.texts import script, words
from shared.database_errors import will_pass
from shared.errors import Unavailable
from shared.ids import derived

_ASKING: Final = (History, Show, Find, ReadAnswer, ReadQuestion)
_ACTING: Final = (Judge, Rate, Reply)

log = structlog.get_logger()


class NotHandled(Exception):
    """An update that failed, to be tried again."""

    def __init__(self, update_id: int, reason: str) -> None:
        super().__init__(reason)
        self.update_id = update_id


def passes(error: Exception) -> bool:
    """Whether the database or a neighbour is away for a while."""
    return isinstance(error, OSError | Unavailable) or will_pass(error)


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a chat stands: `talk`, after its update `last`; the conversation in hand goes from `start`, after its update `settled`."""

    start: Talk
    settled: int | None
    talk: Talk
    last: int | None
    left: bool
    begins: bool = False
    """Nothing of it was handled yet: what is in hand belongs to an earlier one."""


class Course:
    def __init__(self, standing: Standing, chat: bytes, event_of: Callable[[Row[Any]], Event | None], deeds: Deeds) -> None:
        self.standing = standing
        self.start, self.settled = standing.start, standing.settled
        self.talk, self.last = standing.talk, standing.last
        self.says: list[Say | Heard] = []
        self.handled: list[int] = []
        self.aside: list[int] = []
        self.left = standing.left
        self._chat = chat
        self._event_of = event_of
        self._deeds = deeds

    def is_behind(self, updates: Sequence[Row[Any]]) -> bool:
        """Whether one of them belongs before what was handled."""
        last = self.standing.last
        return last is not None and any(each.update_id < last and not self._is_late(each) for each in updates)

    def settle(self) -> None:
        """Nothing before is read again."""
        self.start, self.settled = self.talk, self.last

    async def follow(self, updates: Sequence[Row[Any]], in_hand: Sequence[Row[Any]]) -> None:
        """Take new updates; `in_hand`, where one of them is behind: those that were handled before.

        Raises NotHandled for one that failed, and what passes of itself.
        """
        ordered = sorted([*in_hand, *updates], key=lambda each: each.update_id)
        before = self.standing.last
        behind = [each for each in ordered if before is not None and each.update_id <= before]
        ahead = ordered[len(behind) :]
        if self.is_behind(updates):
            self.talk = self.standing.start
        for update in behind:
            await self._follow(update, is_behind=True)
        if self.talk != self.standing.talk:
            self._resume(has_more=bool(ahead))
        for update in ahead:
            await self._follow(update, is_behind=False)

    def _resume(self, *, has_more: bool) -> None:
        """Say where the person stands now, unless that was said or is about to be."""
        is_told = has_more or (self.settled != self.standing.settled and self.talk.step == MENU)
        self.says += resumed(self.standing.talk, self.talk, is_told=is_told)

    def _is_late(self, update: Row[Any]) -> bool:
        return self.settled is not None and bool(update.update_id <= self.settled)

    async def _follow(self, update: Row[Any], *, is_behind: bool) -> None:
        """One update more. One that fails is tried some times and then put aside, as it would fail for ever."""
        try:
            await self._take(update, is_behind=is_behind)
        except Exception as error:
            if passes(error):
                raise
            if update.attempts + 1 < script().limits.tries:
                raise NotHandled(update.update_id, type(error).__name__) from None
            log.error("an update is put aside", update=update.update_id, reason=type(error).__name__)  # noqa: TRY400 - a traceback holds what was said
            self.says.append(Say(words("trouble", self.talk.speaks)))
            self.aside.append(update.update_id)
        else:
            if update.state != IN_HAND:
                self.handled.append(update.update_id)
        self.last = update.update_id if self.last is None else max(self.last, update.update_id)

    async def _take(self, update: Row[Any], *, is_behind: bool) -> None:
        event, is_new = self._event_of(update), update.state != IN_HAND
        if self._is_late(update):
            self.says += too_late(self.talk, event) if event is not None else ()
            return
        self.left = isinstance(event, Left)
        if event is None:
            return
        key = str(derived(UUID(bytes=self._chat[:16]), "draft", update.update_id))
        first = turn(self.talk, event, key)
        if isinstance(first.effect, _ASKING) and not is_new:
            self.talk = first.talk
            return
        says = await self._play(first, update, key)
        is_settling = self._is_settling(first.effect)
        if not is_behind or is_settling or (is_new and isinstance(first.effect, _ASKING)):
            self.says += says
        elif is_new:
            self.says += [each for each in says if isinstance(each, Heard) or each.urgent]
        if is_settling:
            self.start, self.settled = self.talk, update.update_id

    async def _play(self, first: Turn, update: Row[Any], key: str) -> list[Say | Heard]:
        """Carry out what follows; what is said meanwhile."""
        says: list[Say | Heard] = []
        following: Turn | None = first
        while following is not None:
            self.talk = following.talk
            says += following.says
            effect = following.effect
            following = await self._deeds.do(following.talk, effect, update.received_at, key) if effect is not None else None
        return says

    def _is_settling(self, effect: Effect | None) -> bool:
        """Whether something was done that cannot be undone; an appeal that was refused leaves its preview."""
        return isinstance(effect, _ACTING) or (isinstance(effect, File) and self.talk.step == MENU)
