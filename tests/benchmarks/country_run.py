"""One run of the country benchmark on engines that are there: start the suite, send, wait until everything is counted, measure, verify."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import asdict, astuple, dataclass
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import asyncpg
import psutil

from suite.demo import figures
from suite.demo.surface import Surface
from suite.processes import SERVICES, Processes
from suite.tokens import issue
from suite.verification.stores import Stores
from tests.benchmarks.country_load import SENT, LoadJob
from tests.benchmarks.country_people import CLERKS, HANDLED_EVERY, PROVIDERS_EVERY
from tests.benchmarks.country_result import Outcome, Result, Traffic, result
from tests.benchmarks.country_stages import events_by_type, stages
from tests.benchmarks.country_usage import LOAD, Usage
from tests.benchmarks.end_to_end import KNOWN, database_url
from tests.benchmarks.ground import Ground

PREFIX = "country"
SAMPLER = Path(__file__).parent / "sampler"
SENDING_SHARE = 0.75  # of the minutes: the rest is for what is under way then
POLL_SECONDS = 0.25
CHECK_SECONDS = 1.0
IDLE_SECONDS = 5.0  # without any traffic, before the first appeal
COUNT_SHARE = 0.02  # of the time, at most, goes into counting rows for the progress bar
FIGURES_SECONDS = 60.0
Finding = TypeVar("Finding")


@dataclass(frozen=True)
class Order:
    """What to run. `minutes`: the limit of the run without its verification. `profile`: a folder for what the sampler finds.

    Of `handled_every` appeals in a row, clerks answer the first `handled`. `extra`: workers in addition to one of each service, as
    services.
    """

    appeals: int
    seed: int = 1
    per_second: float | None = None
    minutes: float = 40.0
    profile: Path | None = None
    handled: int = 1
    handled_every: int = HANDLED_EVERY
    extra: Sequence[str] = ()


class OutOfTime(RuntimeError):
    """The run took longer than its limit. The message says how far it was."""


Show = Callable[[Mapping[str, int]], None]
"""Receives the progress: accepted and counted appeals, closed cases."""


class Load:
    """The process that sends and acts."""

    def __init__(self, process: asyncio.subprocess.Process, show: Show) -> None:
        self._process, self._show = process, show
        self.pid = process.pid

    async def until(self, wanted: str) -> Mapping[str, Any]:
        """Return the line with the key `wanted`. Raises AssertionError if the process ends before."""
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            content = json.loads(line)
            if wanted in content:
                return content
            self._show(content)
        raise AssertionError("the load generator ended before its time; its error is above")

    def go_on(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(b"\n")


@asynccontextmanager
async def load(job: LoadJob, show: Show) -> AsyncIterator[Load]:
    """Run the load generator until the end of the block. Its requests are prepared when the block begins."""
    command = [sys.executable, "-m", "tests.benchmarks.country_load"]
    process = await asyncio.create_subprocess_exec(
        *command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, limit=2**22, env=dict(os.environ)
    )
    assert process.stdin is not None
    try:
        process.stdin.write(json.dumps(asdict(job)).encode() + b"\n")
        loading = Load(process, show)
        await loading.until("prepared")
        yield loading
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


@dataclass
class Country:
    """The running suite."""

    ground: Ground
    order: Order
    processes: Processes
    databases: Mapping[str, asyncpg.Connection]
    surface: Surface
    show: Show
    prefix: str = PREFIX

    async def measure(self, folder: Path) -> Result:
        """Send everything, wait until it is counted, and measure."""
        deadline = time.monotonic() + self.order.minutes * 60
        job = await self.in_time(self.job(folder, self.order), deadline)
        before = await figures.read(self.surface)
        async with load(job, self.show) as loading:
            with Usage(self.pids(loading), self.postgres()) as idle:
                await asyncio.sleep(IDLE_SECONDS)
            with Usage(self.pids(loading), self.postgres()) as usage, self._sampled():
                loading.go_on()
                sent = await self.in_time(self._sent(loading), deadline)
                loading.go_on()
                done = await self.in_time(loading.until("done"), deadline)
                await self.in_time(self.quiet(), deadline)
                traffic = Traffic(sent, done, time.time())
        analytics = self.databases["analytics"]
        found = await stages(analytics, await asyncio.to_thread((folder / SENT).read_bytes))
        differences = await self._differences(done["figures"], before)
        outcome = Outcome(found, await events_by_type(analytics), await self._disk(), differences, *await asyncio.to_thread(self._verify))
        return result(self.order.appeals, traffic, outcome, usage, idle)

    async def in_time(self, step: Coroutine[Any, Any, Finding], deadline: float) -> Finding:
        """Return the result of a step. Raises OutOfTime, and ProcessEnded if a process of the suite ends meanwhile."""
        task = asyncio.create_task(step)
        try:
            while not (await asyncio.wait([task], timeout=CHECK_SECONDS))[0]:
                self.processes.check()
                if time.monotonic() > deadline:
                    counts = {service: await self._known(service) for service in KNOWN}
                    raise OutOfTime(f"not done after {self.order.minutes:g} minutes; appeals known by service: {counts}")
            return task.result()
        finally:
            task.cancel()

    async def job(self, folder: Path, order: Order) -> LoadJob:
        """Import the directory of providers, and return the job once intake knows them all."""
        await self.surface.import_directory()
        found = set(await self.surface.directory())  # the search repeats some
        providers = sorted(found, key=lambda each: (each.name_kk, each.name_ru))  # their ids differ in every run
        while await self.databases["intake"].fetchval("SELECT count(*) FROM provider") < len(providers):
            await asyncio.sleep(POLL_SECONDS)
        data = self.ground.data
        answering = [each.provider_id for each in providers[::PROVIDERS_EVERY]]
        return LoadJob(
            urls=self.processes.urls,
            channel=issue(data, "channel"),
            clerks=[issue(data, "operator", subject=f"clerk-{number}", name="Сынақ Клерк") for number in range(CLERKS)],
            answering={each: issue(data, "provider", provider_id=UUID(each)) for each in answering},
            providers=[list(astuple(each)) for each in providers],
            appeals=order.appeals,
            seed=order.seed,
            per_second=order.per_second,
            seconds=order.minutes * 60 * SENDING_SHARE,
            folder=str(folder),
            handled=order.handled,
            handled_every=order.handled_every,
        )

    @contextmanager
    def _sampled(self) -> Iterator[None]:
        """Have the processes sample their stacks during the block, if the order wants a profile."""
        self._switch_sampler()
        yield
        self._switch_sampler()

    def _switch_sampler(self) -> None:
        if self.order.profile is not None:
            for process in self.processes.all:
                process.send(signal.SIGUSR1)

    def pids(self, loading: Load) -> dict[str, psutil.Process]:
        engines = {"Kafka": self.ground.processes()["kafka"], LOAD: psutil.Process(loading.pid)}
        found, alike = {}, Counter[str]()
        for each in self.processes.all:
            alike[str(each)] += 1
            name = str(each) if alike[str(each)] == 1 else f"{each} {alike[str(each)]}"
            found[name] = psutil.Process(each.pid)
        return found | engines

    def postgres(self) -> psutil.Process:
        return self.ground.processes()["postgres"]

    async def _sent(self, loading: Load) -> Mapping[str, Any]:
        """Return what was sent once every service that stores all appeals knows all that follows from each.

        Provider-contact stores few of them: `_quiet` waits for it.
        """
        sending = asyncio.create_task(loading.until("sent"))
        try:
            while not sending.done():
                await self._show_count()
            sent = await sending
            while await self._known("analytics") < sent["accepted"]:
                await self._show_count()
            while min([await self._known(service) for service in KNOWN]) < sent["accepted"]:
                await asyncio.sleep(POLL_SECONDS)
            return sent
        finally:
            sending.cancel()

    async def _show_count(self) -> None:
        """Show how many are counted, then pause so long that counting costs little."""
        began = time.perf_counter()
        self.show({"counted": await self._known("analytics")})
        await asyncio.sleep(max(POLL_SECONDS, (time.perf_counter() - began) / COUNT_SHARE))

    async def _known(self, service: str) -> int:
        return int(await self.databases[service].fetchval(KNOWN[service]))

    async def quiet(self) -> None:
        """Wait until all outboxes are empty and every consumer is at the end of the log."""
        stores = await Stores.open(self.ground.data, **self._engines())
        try:
            while not await stores.is_quiet():
                await asyncio.sleep(POLL_SECONDS)
        finally:
            await stores.close()

    def _engines(self) -> dict[str, str]:
        return {"prefix": self.prefix, "kafka_bootstrap": self.ground.kafka.bootstrap, "database_url": self.ground.postgres.url}

    async def _differences(self, expected: Mapping[str, Mapping[str, int]], before: figures.Figures) -> list[str]:
        """Return the published figures that differ from what was sent."""
        wanted = {kpi: Counter(parts) for kpi, parts in expected.items()}
        deadline = time.monotonic() + FIGURES_SECONDS  # a figure may be served from a short cache
        while True:
            after = await figures.read(self.surface)
            if figures.agree(wanted, before, after) or time.monotonic() > deadline:
                return figures.differences(wanted, before, after)
            await asyncio.sleep(POLL_SECONDS)

    async def _disk(self) -> int:
        """Return the bytes of the suite's databases."""
        query = "SELECT sum(pg_database_size(datname)) FROM pg_database WHERE datname LIKE $1"
        return int(await self.databases["analytics"].fetchval(query, f"{self.prefix}%"))

    def _verify(self) -> tuple[bool, str]:
        """Run `aryz verify`, and return whether it found nothing, with its table."""
        command = [sys.executable, "-m", "suite.cli", "verify", "--data", str(self.ground.data)]
        ran = subprocess.run(command, env=self.processes.environment | {"COLUMNS": "120"}, capture_output=True, text=True, check=False)
        return ran.returncode == 0, ran.stdout + ran.stderr


@asynccontextmanager
async def running(ground: Ground, order: Order, show: Show, prefix: str = PREFIX) -> AsyncIterator[Country]:
    """Run the suite on the engines during the block. `prefix`: of its databases and topics."""
    environment = ground.environment(prefix) | {"ARYZ_CONNECTIONS_PER_ADDRESS": "0"}
    if order.profile is not None:
        environment |= {"PYTHONPATH": str(SAMPLER), "ARYZ_SAMPLER_FOLDER": str(order.profile.resolve())}
    suite = Processes(ground.data, environment=environment)
    for service in order.extra:
        suite.add(service, "worker")
    with suite as processes:
        databases = {service: await asyncpg.connect(database_url(ground, prefix, service)) for service in SERVICES}
        surface = Surface(processes.urls, lambda role, _provider: issue(ground.data, role))
        try:
            yield Country(ground, order, processes, databases, surface, show, prefix)
        finally:
            await surface.close()
            for database in databases.values():
                await database.close()


async def run(ground: Ground, order: Order, folder: Path, show: Show) -> Result:
    """Start the suite on the engines, run the order, and stop the suite. `folder` holds the requests. Raises OutOfTime."""
    async with running(ground, order, show) as country:
        return await country.measure(folder)
