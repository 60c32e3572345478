"""Group commit: requests that arrive while a transaction is being written share the next one: one flush of the disk for all."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

Item = TypeVar("Item")
Answer = TypeVar("Answer")

GROUP = 64  # larger groups win nothing on two cores and make the first in the group wait longer


class GroupCommit(Generic[Item, Answer]):
    """Runs `together` on groups of items, one group at a time.

    `together` opens one transaction for its items and returns an answer for each, in order. When it raises, nothing of the group is kept
    and each item runs alone, so that only the one at fault gets the error. A caller that goes away cancels nobody's work, its own included.
    """

    def __init__(self, together: Callable[[Sequence[Item]], Awaitable[Sequence[Answer]]]) -> None:
        self._together = together
        self._waiting: list[tuple[Item, asyncio.Future[Answer]]] = []
        self._writer: asyncio.Task[None] | None = None

    async def submit(self, item: Item) -> Answer:
        """The item's answer, once its transaction is committed; or the error it raised when run alone."""
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write())
        return await asyncio.shield(future)

    async def drain(self) -> None:
        """Until everything submitted so far is answered."""
        if self._writer is not None:
            await asyncio.wait([self._writer])

    async def _write(self) -> None:
        while self._waiting:
            group, self._waiting = self._waiting[:GROUP], self._waiting[GROUP:]
            if not await self._attempt(group) and len(group) > 1:
                for one in group:
                    await self._attempt([one])

    async def _attempt(self, group: Sequence[tuple[Item, "asyncio.Future[Answer]"]]) -> bool:
        """Run a group; answers everybody on success, and on failure only a group of one."""
        try:
            answers = await self._together([item for item, _ in group])
        except Exception as error:  # noqa: BLE001 - handed to the one who asked
            if len(group) == 1:
                future = group[0][1]
                future.set_exception(error)
                future.exception()  # marks it as seen, should the caller have gone away
            return False
        for (_, future), answer in zip(group, answers, strict=True):
            future.set_result(answer)
        return True
