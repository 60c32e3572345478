"""A service's background work: relay, consumer and jobs, each restarted with patience when it falls, each visible in readiness.

In a process of its own a fallen loop ends the process (crash loudly, resume exactly); inside the one-machine suite it is started again.
A database or a log that is away for a moment is waited for in both.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from datetime import timedelta
from time import monotonic
from typing import Any, TypeVar

import structlog
from aiokafka.errors import KafkaError, KafkaTimeoutError

from shared.database_errors import will_pass
from shared.messaging.log import LogError

RESTART_SECONDS = (0.5, 30.0)
LONGEST_WAIT_SECONDS = 2.0  # for an engine that is away: work goes on soon after it is back
FINISH_SECONDS = 5.0  # a batch takes a fraction of this; one that waits for an engine is given up and comes again

T = TypeVar("T")

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Loop:
    """Something that runs until it is cancelled."""

    name: str
    run: Callable[[], Awaitable[None]]
    trouble: Callable[[], str | None] = lambda: None
    """What keeps it from its work although it runs."""


def every(period: timedelta, name: str, job: Callable[[], Awaitable[None]]) -> Loop:
    """A job as a loop: run, rest, run again. A job is safe to run twice."""

    async def run() -> None:
        while True:
            await job()
            await asyncio.sleep(period.total_seconds())

    return Loop(name, run)


async def finish(step: Coroutine[Any, Any, T]) -> T:
    """What a loop's step gives. Cancelled meanwhile, the step in hand still comes to its end, if that is near."""
    task = asyncio.ensure_future(step)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task], timeout=FINISH_SECONDS)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        raise


class Runtime:
    """Keeps a service's loops alive. `restart=False`: the first one that falls ends `run()` with its error."""

    def __init__(self, loops: Sequence[Loop], *, restart: bool) -> None:
        self._loops = loops
        self._restart = restart
        self._fallen: dict[str, str] = {}
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def fallen(self) -> dict[str, str]:
        """Loops that are down or kept from their work at this moment, and why."""
        troubled = {loop.name: trouble for loop in self._loops if (trouble := loop.trouble()) is not None}
        return troubled | self._fallen

    def start(self) -> None:
        self._tasks = [asyncio.create_task(self._keep(loop), name=loop.name) for loop in self._loops]

    async def stop(self) -> None:
        """Cancel every loop and wait until each has let go."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []

    async def run(self) -> None:
        """Start, and stay until a loop falls for good or we are cancelled."""
        self.start()
        try:
            await asyncio.gather(*self._tasks)
        finally:
            await self.stop()

    async def _keep(self, loop: Loop) -> None:
        shortest, longest = RESTART_SECONDS
        rest = shortest
        while True:
            began = monotonic()
            at_most = longest
            try:
                await loop.run()
            except LogError as error:  # a person has to look: another try would find the same
                self._fallen[loop.name] = str(error)
                log.error("loop stops", worker=loop.name, reason=str(error))  # noqa: TRY400 - the sentence says what to do
                if not self._restart:
                    raise
                return
            except Exception as error:
                self._fallen[loop.name] = type(error).__name__
                if _is_away(error):
                    log.warning("loop waits", worker=loop.name, reason=type(error).__name__)
                    at_most = LONGEST_WAIT_SECONDS
                else:
                    log.exception("loop fell", worker=loop.name)
                    if not self._restart:
                        raise
            rest = shortest if monotonic() - began > longest else min(rest * 2, at_most)
            await asyncio.sleep(rest)
            self._fallen.pop(loop.name, None)


def _is_away(error: Exception) -> bool:
    """Whether a database or a log does not answer now; whatever else it is lies with us, or with a person."""
    if isinstance(error, KafkaError):
        return bool(error.retriable) or isinstance(error, KafkaTimeoutError)
    return isinstance(error, OSError) or will_pass(error)
