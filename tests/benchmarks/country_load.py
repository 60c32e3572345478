"""The load of the country benchmark, from a process of its own: citizens who file appeals, and the people who act on them.

The job comes as a line of JSON on standard input. The process writes its appeals to a file and says `prepared`; the next line starts it,
and a last line, when every appeal is known everywhere, lets it finish. It reports its progress as lines of JSON on standard output.
"""

import asyncio
import json
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from struct import Struct
from typing import Any
from uuid import UUID, uuid4

import uvloop

from suite.demo import figures
from suite.demo.appeals import KnownProvider, stream
from tests.benchmarks.country_people import CONFIRMED, HANDLED_EVERY, Client, HandledAppeal, People, bearer

CREATED = 201
REPORT_SECONDS = 0.5
REQUESTS, SENT = "requests.jsonl", "sent.bin"
SENT_ROW = Struct("<16sdf")
"""An accepted appeal: its id, when it was sent (`time.time`), and the ms until the response."""


@dataclass(frozen=True)
class LoadJob:
    """What to send and who acts. Tokens: of the channels, of each clerk, of each provider that answers, by its id."""

    urls: Mapping[str, str]
    channel: str
    clerks: list[str]
    answering: Mapping[str, str]
    providers: list[list[str]]
    """Each as `KnownProvider`'s fields."""
    appeals: int
    seed: int
    per_second: float | None
    """None: as fast as they are accepted."""
    seconds: float
    """After these no appeal is sent any more."""
    folder: str
    handled: int = 1
    handled_every: int = HANDLED_EVERY
    """Of so many appeals in a row, clerks answer the first `handled`."""
    connections: int = 32


class Citizens:
    """Send the appeals of a file in their order."""

    def __init__(self, job: LoadJob, people: People) -> None:
        self._job, self._people = job, people
        self._client = Client(job.urls["intake"])
        self._folder = Path(job.folder)
        self._until = time.monotonic() + job.seconds
        self.accepted = 0
        self.began = self.ended = 0.0

    async def send_all(self) -> None:
        await self._client.pool.open(self._job.connections)
        self.began = time.time()
        with (self._folder / REQUESTS).open("rb") as requests, (self._folder / SENT).open("wb") as self._sent:
            waiting = self._in_time(enumerate(requests))
            await (self._as_accepted(waiting) if self._job.per_second is None else self._by_clock(waiting, self._job.per_second))
        self.ended = time.time()
        self._client.close()

    def _in_time(self, requests: Iterator[tuple[int, bytes]]) -> Iterator[tuple[int, bytes]]:
        for request in requests:
            if time.monotonic() > self._until:
                return
            yield request

    async def _as_accepted(self, waiting: Iterator[tuple[int, bytes]]) -> None:
        async def send_in_turn() -> None:
            for index, body in waiting:
                await self._send(index, body)

        async with asyncio.TaskGroup() as senders:
            for _ in range(self._job.connections):
                senders.create_task(send_in_turn())

    async def _by_clock(self, waiting: Iterator[tuple[int, bytes]], per_second: float) -> None:
        """Send each at its own time, whether or not the earlier ones are answered."""
        began = time.perf_counter()
        async with asyncio.TaskGroup() as senders:
            for index, body in waiting:
                await asyncio.sleep(max(0.0, began + index / per_second - time.perf_counter()))
                senders.create_task(self._send(index, body))

    async def _send(self, index: int, body: bytes) -> None:
        headers = {"Idempotency-Key": str(uuid4())} | ({} if b'"channel": "WEB"' in body else bearer(self._job.channel))
        head = self._client.head("POST", "/intake/v1/appeals", headers)
        sent, began = time.time(), time.perf_counter()
        status, answer = await self._client.send(head, body.rstrip())
        took = (time.perf_counter() - began) * 1000
        assert status == CREATED, (status, answer)
        receipt = json.loads(answer)
        self._sent.write(SENT_ROW.pack(UUID(receipt["appeal_id"]).bytes, sent, took))
        self.accepted += 1
        round_, place = divmod(index, self._job.handled_every)
        if place < self._job.handled:
            self._people.handle(_handled(round_ * self._job.handled + place, receipt, json.loads(body)))


def _handled(ordinal: int, receipt: Mapping[str, Any], body: Mapping[str, Any]) -> HandledAppeal:
    """Return the appeal for the clerks, with what its applicant will do. `ordinal`: how many were passed to them before it."""
    confirms = ordinal % CONFIRMED[1] < CONFIRMED[0]
    identity = receipt["appeal_id"], receipt["number"], receipt["pin"]
    return HandledAppeal(*identity, body["kind"], body.get("category"), body["language"], confirms)


def prepare(job: LoadJob) -> None:
    """Write the bodies of all requests, a line each."""
    known = [KnownProvider(*each) for each in job.providers]
    with (Path(job.folder) / REQUESTS).open("w") as requests:
        for appeal in stream(job.appeals, job.seed, known):
            requests.write(json.dumps(appeal.body) + "\n")


def expected_figures(job: LoadJob, accepted: int, outcomes: Mapping[str, int]) -> figures.Figures:
    """Return the figures that must follow from the first appeals of the file."""
    with (Path(job.folder) / REQUESTS).open() as requests:
        return figures.expected_after((json.loads(line) for line in islice(requests, accepted)), outcomes)


def report(**content: Any) -> None:
    sys.stdout.write(json.dumps(content) + "\n")
    sys.stdout.flush()


async def work(job: LoadJob) -> None:
    """Send everything, and finish when the next line arrives. An error of any person ends it."""
    orders = await _standard_input()
    people = People(job.urls, job.clerks, job.answering)
    citizens = Citizens(job, people)
    began_work = time.process_time()
    async with asyncio.TaskGroup() as group:
        reporting = group.create_task(_report(citizens, people))
        await citizens.send_all()
        report(sent=True, accepted=citizens.accepted, began=citizens.began, ended=citizens.ended)
        await orders.readline()
        await people.finish()
        reporting.cancel()
    spent = time.process_time() - began_work
    report(
        done=True,
        processor_seconds=spent,
        actions=vars(people.done),
        figures=expected_figures(job, citizens.accepted, people.done.outcomes),
    )


async def _standard_input() -> asyncio.StreamReader:
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    return reader


async def _report(citizens: Citizens, people: People) -> None:
    while True:
        report(accepted=citizens.accepted, closed=people.done.outcomes.total(), inquiries=people.done.inquiries_answered)
        people.check()
        await asyncio.sleep(REPORT_SECONDS)


if __name__ == "__main__":
    given = LoadJob(**json.loads(sys.stdin.readline()))
    prepare(given)
    report(prepared=True)
    sys.stdin.readline()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(work(given))
