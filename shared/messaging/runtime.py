"""Background loops of a service: relay, consumer and jobs. Failed loops are restarted with backoff and reported by readiness.

In a process of its own a failed loop ends the process (crash loudly, resume exactly). Inside the one-machine suite it is
restarted. Both wait for a database or a log that is briefly unavailable.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from datetime import timedelta
from time import monotonic
from typing import Any, TypeVar

import structlog

from shared.database_errors import is_transient
from shared.messaging.log import LogError

RESTART_SECONDS = (0.5, 30.0)
LONGEST_WAIT_SECONDS = 2.0  # for an unavailable engine: work resumes soon after it is back
FINISH_SECONDS = 5.0  # a batch takes a fraction of this; a batch that waits for an engine is cancelled and read again

T = TypeVar("T")

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Loop:
    """A coroutine that runs until it is cancelled."""

    name: str
    run: Callable[[], Awaitable[None]]
    trouble: Callable[[], str | None] = lambda: None
    """Return why the running loop cannot work at present, None if it can."""


def every(period: timedelta, name: str, job: Callable[[], Awaitable[None]]) -> Loop:
    """Return a loop that runs a job, sleeps for `period`, and runs it again. The job must be safe to run twice."""

    async def run() -> None:
        while True:
            await job()
            await asyncio.sleep(period.total_seconds())

    return Loop(name, run)


async def finish(step: Coroutine[Any, Any, T]) -> T:
    """Await `step`. If the caller is cancelled, the step may still finish within FINISH_SECONDS."""
    task = asyncio.ensure_future(step)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task], timeout=FINISH_SECONDS)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        raise


class Runtime:
    """Runs the loops of a service. With `restart=False` the first loop that fails ends `run()` with its error."""

    def __init__(self, loops: Sequence[Loop], *, restart: bool) -> None:
        self._loops = loops
        self._restart = restart
        self._fallen: dict[str, str] = {}
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def fallen(self) -> dict[str, str]:
        """Return the loops that are down or cannot work at present, with the reason."""
        troubled = {loop.name: trouble for loop in self._loops if (trouble := loop.trouble()) is not None}
        return troubled | self._fallen

    def start(self) -> None:
        self._tasks = [asyncio.create_task(self._supervise(loop), name=loop.name) for loop in self._loops]

    async def stop(self) -> None:
        """Cancel every loop and wait until each has ended."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []

    async def run(self) -> None:
        """Start the loops and run until one fails for good or the caller is cancelled."""
        self.start()
        try:
            await asyncio.gather(*self._tasks)
        finally:
            await self.stop()

    async def _supervise(self, loop: Loop) -> None:
        shortest, longest = RESTART_SECONDS
        rest = shortest
        while True:
            began = monotonic()
            at_most = longest
            try:
                await loop.run()
            except LogError as error:  # an operator has to act: another try would fail as well
                self._fallen[loop.name] = str(error)
                log.error("loop stopped", worker=loop.name, reason=str(error))  # noqa: TRY400 - the sentence says what to do
                if not self._restart:
                    raise
                return
            except Exception as error:
                self._fallen[loop.name] = type(error).__name__
                if _is_away(error):
                    log.warning("loop waits for an engine", worker=loop.name, reason=type(error).__name__)
                    at_most = LONGEST_WAIT_SECONDS
                else:
                    log.exception("loop failed", worker=loop.name)
                    if not self._restart:
                        raise
            rest = shortest if monotonic() - began > longest else min(rest * 2, at_most)
            await asyncio.sleep(rest)
            self._fallen.pop(loop.name, None)


def _is_away(error: Exception) -> bool:
    """Return whether a database or a log is unavailable at present. Any other error is a defect or needs an operator."""
    kafka = sys.modules.get("aiokafka.errors")  # a process that has not imported the client raises none of its errors
    if kafka is not None and isinstance(error, kafka.KafkaError):
        return bool(error.retriable) or isinstance(error, kafka.KafkaTimeoutError)
    return is_transient(error)
