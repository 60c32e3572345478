"""What keeps the streams of a process informed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Final

from intake.channels.partner import repository
from shared import server
from shared.errors import TooMany
from shared.service import Parts

LOOK_SECONDS: Final = 0.5  # between two looks for all streams of a process together
AGAIN_SECONDS: Final = 30  # after which whoever has all its streams open may find that a lost one was noticed


class Watch:
    """Wakes the streams of this process when something happened to their appeals: one look at the database for all of them."""

    def __init__(self, parts: Parts, each: int) -> None:
        """`each`: streams that one owner may have open."""
        self._parts, self._each = parts, each
        self._streams: dict[bytes, dict[asyncio.Event, datetime | None]] = {}
        self._looking: asyncio.Task[None] | None = None
        self._starting = asyncio.Lock()
        self._seen = 0

    @property
    def is_over(self) -> bool:
        """Nobody looks any more: the process ends, or its database is away. Streams end too, and clients come again."""
        return self._looking is None or self._looking.done()

    def is_past(self, until: datetime | None) -> bool:
        return until is not None and until <= self._parts.clock.now()

    @asynccontextmanager
    async def listen(self, owner: bytes, until: datetime | None = None) -> AsyncIterator[asyncio.Event]:
        """What is set when there may be something to read, and once `until` is past; begins before the first read: nothing falls between.

        Raises TooMany for an owner who has as many streams open as are allowed.
        """
        if len(self._streams.get(owner, ())) >= self._each:
            raise TooMany(AGAIN_SECONDS, "You have as many streams open as are allowed.")
        woken = asyncio.Event()
        self._streams.setdefault(owner, {})[woken] = until
        try:
            async with self._starting:  # streams that come at once, as after a restart, share one look
                if self.is_over:
                    async with self._parts.database.read() as session:
                        self._seen = await repository.last_position(session)
                    self._looking = asyncio.create_task(self._look(), name="watch")
            yield woken
        finally:
            del self._streams[owner][woken]
            if not self._streams[owner]:
                del self._streams[owner]
            if not self._streams and self._looking is not None:
                self._looking.cancel()
                await asyncio.gather(self._looking, return_exceptions=True)

    async def _look(self) -> None:
        try:
            while not server.is_stopping():
                await asyncio.sleep(LOOK_SECONDS)
                async with self._parts.database.read() as session:
                    self._seen, owners = await repository.owners_of_updates(session, self._seen)
                for owner in owners & self._streams.keys():
                    self._wake(owner)
                self._wake_expired()
        finally:
            asyncio.get_running_loop().call_soon(self._wake_all)  # once this task is done, so that they see that it is over

    def _wake_expired(self) -> None:
        for streams in self._streams.values():
            for woken, until in streams.items():
                if self.is_past(until):
                    woken.set()

    def _wake_all(self) -> None:
        for owner in self._streams:
            self._wake(owner)

    def _wake(self, owner: bytes) -> None:
        for each in self._streams[owner]:
            each.set()
