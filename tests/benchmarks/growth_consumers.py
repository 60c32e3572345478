"""What an event costs each service's consumer, in samples of about a second.

The processor time of the service's worker and of its own database sessions, divided by the events that it consumed meanwhile. A worker
also publishes what follows from the events and runs the jobs of its service; that is part of the cost.
"""

import asyncio
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from types import TracebackType
from typing import Self

import asyncpg
import psutil

SAMPLE_SECONDS = 1.0
FEWEST_EVENTS = 100  # a sample with fewer is joined with the next one: mostly polling would be measured
NANOSECONDS_PER_MICROSECOND = 1000
_SESSION_PORT = re.compile(r"^postgres: .*\((\d+)\)")


@dataclass(frozen=True)
class ConsumerCost:
    """Microseconds of processor time for each consumed event: the median of the samples, and over all of them."""

    median_us: float
    mean_us: float
    database_us: float
    """The part of the sessions in `mean_us`."""
    samples: int
    events: int


@dataclass(frozen=True)
class _Reading:
    events: int
    worker: int
    """Nanoseconds."""
    sessions: Mapping[int, int]
    """Nanoseconds by process id."""


@dataclass(frozen=True)
class _Sample:
    events: int
    worker: int
    database: int


class Consumers:
    """Samples the consumers from a task. As an asynchronous context manager it measures the block."""

    def __init__(self, workers: Mapping[str, int], databases: Mapping[str, asyncpg.Connection], postgres: psutil.Process) -> None:
        """`workers`: process ids by service. `databases`: connections that nobody else uses meanwhile."""
        self._workers, self._databases, self._postgres = workers, databases, postgres
        self._samples: dict[str, list[_Sample]] = {service: [] for service in workers}

    async def __aenter__(self) -> Self:
        self._last = {service: await self._read(service) for service in self._workers}
        self._task = asyncio.create_task(self._sample_forever())
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._task.done():
            self._task.result()
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task

    def costs(self) -> dict[str, ConsumerCost]:
        """Return the cost of an event for every consumer. Raises AssertionError if one has no sample: too few appeals were sent."""
        assert all(self._samples.values()), f"a consumer has consumed fewer than {FEWEST_EVENTS} events"
        return {service: cost_of(found) for service, found in self._samples.items()}

    async def _sample_forever(self) -> None:
        while True:
            await asyncio.sleep(SAMPLE_SECONDS)
            for service in self._workers:
                await self._sample(service)

    async def _sample(self, service: str) -> None:
        before, now = self._last[service], await self._read(service)
        if (events := now.events - before.events) < FEWEST_EVENTS:
            return
        self._last[service] = now
        database = sum(spent - before.sessions.get(pid, 0) for pid, spent in now.sessions.items())
        self._samples[service].append(_Sample(events, now.worker - before.worker, database))

    async def _read(self, service: str) -> _Reading:
        events = int(await self._databases[service].fetchval("SELECT coalesce(sum(next_offset), 0) FROM consumer_offset"))
        worker = self._workers[service]
        ports = {each.laddr.port for each in psutil.Process(worker).net_connections(kind="tcp") if each.laddr}
        sessions = {pid: _nanoseconds(pid) for port, pid in self._sessions() if port in ports}
        return _Reading(events, _nanoseconds(worker), sessions)

    def _sessions(self) -> Iterator[tuple[int, int]]:
        """Yield the client's port and the process id of every session."""
        for session in self._postgres.children():
            with suppress(psutil.Error):
                if (found := _SESSION_PORT.match(" ".join(session.cmdline()))) is not None:
                    yield int(found[1]), session.pid


def cost_of(samples: list[_Sample]) -> ConsumerCost:
    """Return the cost of an event over samples of a consumer, at least one."""
    events = sum(each.events for each in samples)
    worker, database = sum(each.worker for each in samples), sum(each.database for each in samples)
    return ConsumerCost(
        median_us=_micro(median((each.worker + each.database) / each.events for each in samples)),
        mean_us=_micro((worker + database) / events),
        database_us=_micro(database / events),
        samples=len(samples),
        events=events,
    )


def _micro(nanoseconds: float) -> float:
    return round(nanoseconds / NANOSECONDS_PER_MICROSECOND, 1)


def _nanoseconds(pid: int) -> int:
    """Return the processor time of a process, to the nanosecond: the kernel's account of its threads. 0 if it has ended."""
    spent = 0
    with suppress(OSError):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            spent += int((thread / "schedstat").read_text().split()[0])
    return spent
