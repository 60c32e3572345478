"""The demo's appeals over 32 keep-alive connections, from a process of its own: as fast as they are accepted, or by the clock.

A job comes as JSON on standard input, what was sent goes as JSON to standard output.
"""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from uuid import uuid4

import uvloop

from suite.demo.appeals import KnownProvider, generate
from tests.benchmarks.client import Pool

CREATED = 201


@dataclass(frozen=True)
class Job:
    """What to send: `count` appeals of the published mix, `per_second` of them by the clock, or as fast as they are accepted."""

    url: str
    token: str
    providers: Sequence[Sequence[str]]
    """Each as `KnownProvider`'s fields."""
    count: int
    seed: int = 1
    per_second: float | None = None
    connections: int = 32


@dataclass(frozen=True)
class Sent:
    """When the first appeal was sent and the last one accepted (`time.time`), every answer's time in ms, ascending, and its own work."""

    began: float
    ended: float
    appeal_ids: list[str]
    took_ms: list[float]
    processor_seconds: float


class Sender:
    """Sends the appeals of a job and notes how long each answer took."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._pool = Pool(job.url)
        self.appeal_ids: list[str] = []
        self.took_ms: list[float] = []

    async def run(self) -> Sent:
        providers = [KnownProvider(*each) for each in self._job.providers]
        requests = list(self._requests(providers))
        await self._pool.open(self._job.connections)
        began, began_work = time.time(), time.process_time()
        await (self._as_accepted(requests) if self._job.per_second is None else self._by_clock(requests, self._job.per_second))
        return Sent(began, time.time(), self.appeal_ids, sorted(self.took_ms), time.process_time() - began_work)

    def _requests(self, providers: Sequence[KnownProvider]) -> Iterator[tuple[bytes, bytes]]:
        path = f"POST /intake/v1/appeals HTTP/1.1\r\nHost: {self._pool.place.netloc}\r\nContent-Type: application/json\r\n"
        for appeal in generate(self._job.count, self._job.seed, providers):
            bearer = "" if appeal.channel == "WEB" else f"Authorization: Bearer {self._job.token}\r\n"
            yield f"{path}{bearer}Idempotency-Key: {uuid4()}\r\n".encode(), json.dumps(appeal.body).encode()

    async def _send(self, request: tuple[bytes, bytes]) -> None:
        began = time.perf_counter()
        status, answer = await self._pool.ask(*request)
        assert status == CREATED, (status, answer)
        self.took_ms.append((time.perf_counter() - began) * 1000)
        self.appeal_ids.append(json.loads(answer)["appeal_id"])

    async def _as_accepted(self, requests: Sequence[tuple[bytes, bytes]]) -> None:
        waiting = iter(requests)

        async def one_after_another() -> None:
            for request in waiting:
                await self._send(request)

        await asyncio.gather(*(one_after_another() for _ in range(self._job.connections)))

    async def _by_clock(self, requests: Sequence[tuple[bytes, bytes]], per_second: float) -> None:
        """Each at its own moment, whether or not the earlier ones are answered."""
        began = time.perf_counter()
        async with asyncio.TaskGroup() as under_way:
            for place, request in enumerate(requests):
                await asyncio.sleep(max(0.0, began + place / per_second - time.perf_counter()))
                under_way.create_task(self._send(request))


def in_own_process(job: Job) -> Sent:
    """Send from a process of its own, so that the caller's work is not measured with it."""
    command = [sys.executable, "-m", "tests.benchmarks.traffic"]
    ran = subprocess.run(command, input=json.dumps(asdict(job)), text=True, stdout=subprocess.PIPE, check=True)
    return Sent(**json.loads(ran.stdout))


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        json.dump(asdict(runner.run(Sender(Job(**json.load(sys.stdin))).run())), sys.stdout)
