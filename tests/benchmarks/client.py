"""A client light enough not to be what is measured: HTTP/1.1 over keep-alive connections, a closed loop on each, in a process of its own.

A job comes as JSON on standard input (`Job`), the outcome goes as JSON to standard output (`Outcome`).
"""

import asyncio
import json
import subprocess
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path
from time import perf_counter
from urllib.parse import urlsplit
from uuid import uuid4

import uvloop


@dataclass(frozen=True)
class Job:
    url: str
    body: str
    headers: dict[str, str] = field(default_factory=dict)
    connections: int = 32
    seconds: float = 15.0
    warm_up: float = 1.0
    expected: int = 201


@dataclass(frozen=True)
class Outcome:
    answers: int
    seconds: float
    p50_ms: float
    p99_ms: float
    bytes_an_answer: int

    @property
    def per_second(self) -> float:
        return self.answers / self.seconds


class Connection(asyncio.Protocol):
    """One request at a time over one connection; answers must carry a Content-Length."""

    def __init__(self) -> None:
        self._received = bytearray()
        self._answer: asyncio.Future[tuple[int, bytes]] | None = None
        self.is_open = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self.is_open = True

    def ask(self, head: bytes, body: bytes) -> asyncio.Future[tuple[int, bytes]]:
        """The status and the body that `head`, a request line with headers but the body's length, is answered with."""
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(head + b"Content-Length: %d\r\n\r\n" % len(body) + body)
        return self._answer

    def close(self) -> None:
        self._transport.abort()

    def data_received(self, data: bytes) -> None:
        self._received += data
        ends = self._received.find(b"\r\n\r\n")
        if ends < 0:
            return
        head = bytes(self._received[:ends]).lower() + b"\r\n"
        start = head.index(b"content-length:") + 15
        whole = ends + 4 + int(head[start : head.index(b"\r", start)])
        if len(self._received) >= whole:
            answer = int(head[9:12]), bytes(self._received[ends + 4 : whole])
            del self._received[:whole]
            assert self._answer is not None
            self._answer.set_result(answer)

    def connection_lost(self, _error: Exception | None) -> None:
        self.is_open = False
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(ConnectionResetError("the server went away"))


class Pool:
    """Keep-alive connections to one server; the one that was used last is used next, so that few stay open."""

    def __init__(self, url: str) -> None:
        self.place = urlsplit(url)
        self._idle: list[Connection] = []

    async def open(self, connections: int) -> None:
        self._idle = [await self._connect() for _ in range(connections)]

    async def ask(self, head: bytes, body: bytes) -> tuple[int, bytes]:
        """Return the status and the body of the answer. The request is repeated if a rested connection was closed: it needs a key."""
        connection = await self._rested()
        try:
            answer = await connection.ask(head, body)
        except ConnectionResetError:  # the server closed a rested connection at that moment; an idempotency key makes the repetition safe
            connection = await self._connect()
            answer = await connection.ask(head, body)
        self._idle.append(connection)
        return answer

    def close(self) -> None:
        for connection in self._idle:
            connection.close()

    async def _rested(self) -> Connection:
        while self._idle:
            if (last := self._idle.pop()).is_open:  # the server closes those that rest for long
                return last
        return await self._connect()

    async def _connect(self) -> Connection:
        return (await asyncio.get_running_loop().create_connection(Connection, self.place.hostname, self.place.port))[1]


async def drive(job: Job) -> Outcome:
    """Send the job's body again and again, each time under an Idempotency-Key of its own. Raises AssertionError for another status."""
    place = urlsplit(job.url)
    given = "".join(f"{name}: {value}\r\n" for name, value in job.headers.items())
    head = f"POST {place.path} HTTP/1.1\r\nHost: {place.netloc}\r\nContent-Type: application/json\r\n{given}Idempotency-Key: ".encode()
    body = job.body.encode()
    took: list[float] = []
    size = 0

    async def loop(until: float, *, counted: bool) -> None:
        nonlocal size
        _, connection = await asyncio.get_running_loop().create_connection(Connection, place.hostname, place.port)
        while (began := perf_counter()) < until:
            status, answer = await connection.ask(head + str(uuid4()).encode() + b"\r\n", body)
            assert status == job.expected, (status, answer)
            if counted:
                took.append(perf_counter() - began)
                size = len(answer)
        connection._transport.close()

    until = perf_counter() + job.warm_up
    await asyncio.gather(*(loop(until, counted=False) for _ in range(job.connections)))
    began = perf_counter()
    await asyncio.gather(*(loop(began + job.seconds, counted=True) for _ in range(job.connections)))
    seconds = perf_counter() - began
    took.sort()
    p50, p99 = (took[min(len(took) - 1, len(took) * percent // 100)] * 1000 for percent in (50, 99))
    return Outcome(len(took), seconds, p50, p99, size)


def in_own_process(job: Job) -> Outcome:
    """Do the job in a process of its own, so that the caller's work is not measured with it."""
    ran = subprocess.run(
        [sys.executable, str(Path(__file__))], input=json.dumps(asdict(job)), text=True, stdout=subprocess.PIPE, check=True
    )
    return Outcome(**json.loads(ran.stdout))


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        sys.stdout.write(json.dumps(asdict(runner.run(drive(Job(**json.load(sys.stdin)))))))
