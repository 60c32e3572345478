"""`make slow-clients`: 500 slow connections at one process of the suite, while appeals are sent by the clock.

Half-sent headers, headers without end, bodies a byte at a time and readers that do not read come from fifty addresses; a connection that
the server closes is opened again. Measured: the time of each appeal, and the server's memory once a second.
"""

import argparse
import asyncio
import json
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import uuid4

import psutil
import uvloop

from suite import process
from suite.tokens import issue
from tests.benchmarks.client import Connection

CREATED: Final = 201
SECONDS: Final = 60.0
PER_SECOND: Final = 50.0
SETTLE_SECONDS: Final = 3.0
ADDRESSES: Final = 50
SLOW: Final = {"half-header": 200, "endless-header": 50, "slow-body": 125, "slow-reader": 125}
READ_BUFFER: Final = 4_096  # bytes that the kernel holds for a reader that does not read
POST: Final = b"POST /intake/v1/appeals HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
APPEAL: Final = {
    "channel": "APP",
    "language": "ru",
    "kind": "COMPLAINT",
    "category": "REFUSAL_APPOINTMENT",
    "region": "KZ-43",
    "text": "Отказали в приёме, сказали, талонов нет. " * 5,
    "applicant": {},
}


@dataclass
class Attack:
    """Slow connections, held open until cancelled."""

    host: str
    port: int
    opened: Counter[str] = field(default_factory=Counter)

    async def run(self) -> None:
        kinds = [kind for kind, count in SLOW.items() for _ in range(count)]
        async with asyncio.TaskGroup() as group:
            for index, kind in enumerate(kinds):
                group.create_task(self._again(kind, f"127.0.0.{2 + index % ADDRESSES}"))

    async def _again(self, kind: str, address: str) -> None:
        await asyncio.sleep(random.random())
        while True:
            with suppress(OSError, RuntimeError):  # uvloop's word for a write to a closed transport
                await self._open_client(kind, address)
            await asyncio.sleep(0.5)

    async def _open_client(self, kind: str, address: str) -> None:
        reader, writer = await asyncio.open_connection(self.host, self.port, local_addr=(address, 0), limit=READ_BUFFER)
        self.opened[kind] += 1
        try:
            if kind == "slow-reader":
                writer.transport.pause_reading()
                writer.write(b"GET /intake/docs/assets/swagger-ui-bundle.js HTTP/1.1\r\nHost: localhost\r\n\r\n")
                while not writer.transport.is_closing():
                    await asyncio.sleep(1)
                    writer.write(b"\r\n")  # an error says that the server is gone
            elif kind == "slow-body":
                writer.write(POST + b"Content-Length: 100000\r\n\r\n{")
                await self._drip(reader, writer, b" ")
            else:
                writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: a")
                await self._drip(reader, writer, b"a" * (65_536 if kind == "endless-header" else 1))
        finally:
            writer.transport.abort()

    async def _drip(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, drop: bytes) -> None:
        while not reader.at_eof():
            writer.write(drop)
            await writer.drain()
            await asyncio.sleep(1)


@dataclass
class Clock:
    """Appeals at their own moments, whether or not the earlier ones are answered."""

    url: str
    token: str
    took_ms: list[float] = field(default_factory=list)
    _idle: list[Connection] = field(default_factory=list)

    async def run(self, seconds: float, per_second: float) -> None:
        began = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for index in range(round(seconds * per_second)):
                await asyncio.sleep(max(0.0, began + index / per_second - time.perf_counter()))
                group.create_task(self._send())
        for connection in self._idle:
            connection.close()
        await asyncio.sleep(0.1)  # a loop that ends before a connection is lost cannot be closed

    async def _send(self) -> None:
        began = time.perf_counter()
        head = POST + f"Authorization: Bearer {self.token}\r\n".encode()
        request = head + f"Idempotency-Key: {uuid4()}\r\n".encode(), json.dumps(APPEAL).encode()
        connection = self._rested() or await self._connect()
        try:
            status, answer = await connection.ask(*request)
        except ConnectionResetError:  # the server closed it meanwhile, as it had rested for long: sent again, as any client does
            connection = await self._connect()
            status, answer = await connection.ask(*request)
        assert status == CREATED, (status, answer)
        self._idle.append(connection)
        self.took_ms.append((time.perf_counter() - began) * 1000)

    def _rested(self) -> Connection | None:
        while self._idle:
            if (last := self._idle.pop()).is_open:
                return last
        return None

    async def _connect(self) -> Connection:
        place = urlsplit(self.url)
        source = f"127.0.1.{random.randrange(1, ADDRESSES)}"
        loop = asyncio.get_running_loop()
        return (await loop.create_connection(Connection, place.hostname, place.port, local_addr=(source, 0)))[1]


@dataclass
class Server:
    """The process under attack; memory in MB, processor time in seconds."""

    process: psutil.Process
    memory: list[float] = field(default_factory=list)

    def resident(self) -> float:
        return self.process.memory_info().rss / 2**20

    def processor(self) -> float:
        times = self.process.cpu_times()
        return times.user + times.system

    def held(self) -> int:
        return sum(each.status == psutil.CONN_ESTABLISHED for each in self.process.net_connections("tcp"))

    async def watch(self) -> None:
        while True:
            self.memory.append(self.resident())
            await asyncio.sleep(1)


async def measure(url: str, token: str, pid: int, seconds: float, per_second: float) -> dict[str, Any]:
    """Send for `seconds` in peace, then as long under attack."""
    place = urlsplit(url)
    server, attack = psutil.Process(pid), Attack(place.hostname or "", place.port or 0)
    await Clock(url, token).run(SETTLE_SECONDS, per_second)
    peace = await _phase(server, Clock(url, token), seconds, per_second)
    attacking = asyncio.create_task(attack.run())
    await asyncio.sleep(SETTLE_SECONDS)
    try:
        under_attack = await _phase(server, Clock(url, token), seconds, per_second)
        if attacking.done():
            attacking.result()
    finally:
        attacking.cancel()
        await asyncio.gather(attacking, return_exceptions=True)
    return {"peace": peace, "attack": under_attack | {"opened": dict(attack.opened)}}


async def _phase(process_: psutil.Process, clock: Clock, seconds: float, per_second: float) -> dict[str, Any]:
    server = Server(process_)
    spent = server.processor()
    watching = asyncio.create_task(server.watch())
    try:
        await clock.run(seconds, per_second)
    finally:
        watching.cancel()
    took = sorted(clock.took_ms)
    return {
        "appeals": len(took),
        "p50_ms": _percentile(took, 50),
        "p99_ms": _percentile(took, 99),
        "longest_ms": round(took[-1], 1),
        "processor_ms_an_appeal": round((server.processor() - spent) * 1000 / len(took), 2),
        "connections_at_the_end": server.held(),
        "memory_mb": [round(server.memory[0], 1), round(max(server.memory), 1)],
    }


def _percentile(ascending: Sequence[float], percent: int) -> float:
    return round(ascending[min(len(ascending) - 1, len(ascending) * percent // 100)], 1)


def run(data: Path, seconds: float = SECONDS, per_second: float = PER_SECOND) -> dict[str, Any]:
    """The figures of a suite of its own over `data`."""
    environment = {"ARYZ_INTAKE_ANONYMOUS_PER_MINUTE": "0", "ARYZ_LOG_LEVEL": "WARNING"}
    with process.running(data, environment=environment) as suite, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(measure(suite.url, issue(data, "channel"), suite.process.pid, seconds, per_second))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--per-second", type=float, default=PER_SECOND)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        json.dump(run(Path(folder), chosen.seconds, chosen.per_second), sys.stdout, indent=2)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
