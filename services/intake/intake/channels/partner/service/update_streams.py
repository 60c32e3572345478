"""Update streams of this process: which are open, and which have something new to read."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Final

from intake.channels.partner import repository
from shared import server
from shared.errors import TooMany
from shared.unit_of_work import UnitsOfWork

POLL_SECONDS: Final = 0.5  # between two queries, each for all streams of a process together
RETRY_AFTER_SECONDS: Final = 30  # until the server has noticed that a client with too many streams lost one of them


class UpdateStreams:
    """Signals the open streams when their appeals have updates. One polling task serves all streams of the process."""

    def __init__(self, units: UnitsOfWork, limit: int) -> None:
        """`limit`: streams that one owner may have open."""
        self._units, self._limit = units, limit
        self._streams: dict[bytes, dict[asyncio.Event, datetime | None]] = {}
        self._polling: asyncio.Task[None] | None = None
        self._starting = asyncio.Lock()
        self._last_position = 0

    @property
    def is_over(self) -> bool:
        """Whether nothing polls any more, because the process stops or its database is away. Streams end then, and clients reconnect."""
        return self._polling is None or self._polling.done()

    def has_expired(self, until: datetime | None) -> bool:
        return until is not None and until <= self._units.clock.now()

    @asynccontextmanager
    async def open(self, owner: bytes, until: datetime | None = None) -> AsyncIterator[asyncio.Event]:
        """Open a stream; yield an event that is set when there may be something to read, and once `until` has passed.

        Polling starts before the caller's first read, so that no update is missed. Raises TooMany for an owner with too many open streams.
        """
        if len(self._streams.get(owner, ())) >= self._limit:
            raise TooMany(RETRY_AFTER_SECONDS, "You have as many streams open as are allowed.")
        signal = asyncio.Event()
        self._streams.setdefault(owner, {})[signal] = until
        try:
            async with self._starting:  # streams that open together, as after a restart, share one first query
                if self.is_over:
                    async with self._units.read() as work:
                        self._last_position = await repository.last_position(work.session)
                    self._polling = asyncio.create_task(self._poll(), name="update-streams")
            yield signal
        finally:
            del self._streams[owner][signal]
            if not self._streams[owner]:
                del self._streams[owner]
            if not self._streams and self._polling is not None:
                self._polling.cancel()
                await asyncio.gather(self._polling, return_exceptions=True)

    async def _poll(self) -> None:
        try:
            while not server.is_stopping():
                await asyncio.sleep(POLL_SECONDS)
                async with self._units.read() as work:
                    self._last_position, owners = await repository.owners_of_updates(work.session, self._last_position)
                for owner in owners & self._streams.keys():
                    self._signal(owner)
                self._signal_expired()
        finally:
            asyncio.get_running_loop().call_soon(self._signal_all)  # after this task is done, so that the streams see `is_over`

    def _signal_expired(self) -> None:
        for streams in self._streams.values():
            for signal, until in streams.items():
                if self.has_expired(until):
                    signal.set()

    def _signal_all(self) -> None:
        for owner in self._streams:
            self._signal(owner)

    def _signal(self, owner: bytes) -> None:
        for signal in self._streams[owner]:
            signal.set()
