"""Group commit: concurrent requests share one database transaction, and with it one flush to disk."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Generic, TypeAlias, TypeVar

from sqlalchemy.exc import DBAPIError

from shared.database_errors import CommitUnknown

Item = TypeVar("Item")
Answer = TypeVar("Answer")
_Waiting: TypeAlias = tuple[Item, asyncio.Future[Answer]]

GROUP = 64  # items; larger groups gain nothing on two cores and delay the first item of the group
SECOND = 16  # waiting items that justify another concurrent transaction: half of a transaction's cost is fixed


class GroupCommit(Generic[Item, Answer]):
    """Runs `together` on groups of items: one group at a time, and up to `writers` groups at a time while many items wait.

    `together` opens one transaction for its items and returns one answer for each, in order. When it raises, the transaction of
    the group is rolled back and each item runs alone, so that only the faulty item gets the error. If the database is
    unreachable, all remaining items of the group fail at once. CommitUnknown is the exception: the group may be stored, so all
    items get the error and none runs again.
    """

    def __init__(self, together: Callable[[Sequence[Item]], Awaitable[Sequence[Answer]]], *, writers: int = 1) -> None:
        self._together = together
        self._writers = writers
        self._waiting: list[_Waiting[Item, Answer]] = []
        self._writing = 0
        self._tasks: set[asyncio.Task[None]] = set()

    def submit(self, item: Item) -> asyncio.Future[Answer]:
        """Add an item and return a future of its answer, or of the error that the item raised when it ran alone.

        Await the future shielded: a caller that is cancelled must not cancel the work.
        """
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self._writing < self._writers and self._is_due(others_writing=self._writing):
            self._writing += 1
            task = asyncio.create_task(self._write())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return future

    async def drain(self) -> None:
        """Wait until all items submitted so far are answered."""
        if self._tasks:
            await asyncio.wait(self._tasks)

    def _is_due(self, *, others_writing: int) -> bool:
        return len(self._waiting) >= (SECOND if others_writing else 1)

    async def _write(self) -> None:
        while self._is_due(others_writing=self._writing - 1):
            group, self._waiting = self._waiting[:GROUP], self._waiting[GROUP:]
            error = await self._attempt(group)
            if error is not None and (len(group) == 1 or isinstance(error, CommitUnknown)):
                _refuse(group, error)
            elif error is not None:
                await self._write_individually(group)
        self._writing -= 1

    async def _write_individually(self, group: Sequence[_Waiting[Item, Answer]]) -> None:
        for index, waiting in enumerate(group):
            error = await self._attempt([waiting])
            if error is not None and _is_away(error):
                _refuse(group[index:], error)
                return
            if error is not None:
                _refuse([waiting], error)

    async def _attempt(self, group: Sequence[_Waiting[Item, Answer]]) -> Exception | None:
        """Run a group and resolve the futures of its items. Returns the error if it failed."""
        try:
            answers = await self._together([item for item, _ in group])
        except Exception as error:  # noqa: BLE001 - the callers get it
            return error
        for (_, future), answer in zip(group, answers, strict=True):
            if not future.done():
                future.set_result(answer)
        return None


def _refuse(group: "Sequence[_Waiting[Any, Any]]", error: Exception) -> None:
    for _, future in group:
        if not future.done():
            future.set_exception(error)
            future.exception()  # marks the exception as retrieved in case the caller was cancelled


def _is_away(error: Exception) -> bool:
    """Return whether the database was unreachable. Then the next item would fail as well, and each try may take seconds."""
    return isinstance(error, OSError) or (isinstance(error, DBAPIError) and error.connection_invalidated)
