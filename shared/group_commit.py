"""Group commit: requests that arrive while a transaction is being written share the next one: one flush of the disk for all."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Generic, TypeAlias, TypeVar

from sqlalchemy.exc import DBAPIError

from shared.database_errors import CommitUnknown

Item = TypeVar("Item")
Answer = TypeVar("Answer")
_Waiting: TypeAlias = tuple[Item, asyncio.Future[Answer]]

GROUP = 64  # larger groups win nothing on two cores and make the first in the group wait longer
SECOND = 16  # items waiting that are worth another transaction beside the one being written: half of what a transaction costs is its own


class GroupCommit(Generic[Item, Answer]):
    """Runs `together` on groups of items: one at a time, and up to `writers` at a time while many wait.

    `together` opens one transaction for its items and returns an answer for each, in order. When it raises, nothing of the group is kept
    and each item runs alone, so that only the one at fault gets the error; where the database is away, the rest of the group hears of it
    at once. CommitUnknown is the exception: the group may be kept, so all get it, and nothing runs again by itself.
    """

    def __init__(self, together: Callable[[Sequence[Item]], Awaitable[Sequence[Answer]]], *, writers: int = 1) -> None:
        self._together = together
        self._writers = writers
        self._waiting: list[_Waiting[Item, Answer]] = []
        self._writing = 0
        self._tasks: set[asyncio.Task[None]] = set()

    def submit(self, item: Item) -> asyncio.Future[Answer]:
        """The item's answer to be, once its transaction is committed; or the error it raised when run alone.

        Await it shielded: a caller that goes away must cancel nobody's work, its own included.
        """
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self._writing < self._writers and self._is_due(beside=self._writing):
            self._writing += 1
            task = asyncio.create_task(self._write())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return future

    async def drain(self) -> None:
        """Until everything submitted so far is answered."""
        if self._tasks:
            await asyncio.wait(self._tasks)

    def _is_due(self, *, beside: int) -> bool:
        return len(self._waiting) >= (SECOND if beside else 1)

    async def _write(self) -> None:
        while self._is_due(beside=self._writing - 1):
            group, self._waiting = self._waiting[:GROUP], self._waiting[GROUP:]
            error = await self._attempt(group)
            if error is not None and (len(group) == 1 or isinstance(error, CommitUnknown)):
                _refuse(group, error)
            elif error is not None:
                await self._one_by_one(group)
        self._writing -= 1

    async def _one_by_one(self, group: Sequence[_Waiting[Item, Answer]]) -> None:
        for place, one in enumerate(group):
            error = await self._attempt([one])
            if error is not None and _is_away(error):
                _refuse(group[place:], error)
                return
            if error is not None:
                _refuse([one], error)

    async def _attempt(self, group: Sequence[_Waiting[Item, Answer]]) -> Exception | None:
        """Run a group and answer everybody in it; or its error."""
        try:
            answers = await self._together([item for item, _ in group])
        except Exception as error:  # noqa: BLE001 - handed to those who asked
            return error
        for (_, future), answer in zip(group, answers, strict=True):
            if not future.done():
                future.set_result(answer)
        return None


def _refuse(group: "Sequence[_Waiting[Any, Any]]", error: Exception) -> None:
    for _, future in group:
        if not future.done():
            future.set_exception(error)
            future.exception()  # marks it as seen, should the caller have gone away


def _is_away(error: Exception) -> bool:
    """Whether the database could not be reached, twice by now: the next in line would fare no better, and each try may take seconds."""
    return isinstance(error, OSError) or (isinstance(error, DBAPIError) and error.connection_invalidated)
