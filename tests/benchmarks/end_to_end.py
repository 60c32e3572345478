"""Appeals a second through all four services, an api and a worker process of each, and how long one waits until it is routed.

Full speed: from the first appeal sent to the moment at which every service knows the last one. By the clock: an open loop.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, fields
from datetime import datetime
from statistics import median
from typing import Any

import asyncpg
import httpx
import psutil

from shared.contracts import APPEALS, AppealRegistered, AppealRouted
from shared.domain.regions import regions
from shared.messaging.envelope import read_envelope, type_of
from shared.messaging.log import EventLog
from shared.service import Foundation
from suite.demo.appeals import KnownProvider
from suite.demo.directory import as_csv
from suite.processes import SERVICES, Processes
from suite.tokens import issue
from tests.benchmarks.ground import Ground, processor_seconds
from tests.benchmarks.traffic import Job, Sent, in_own_process

APPEALS_SENT = 20_000
PER_SECOND = 100.0
CLOCKED_SECONDS = 15.0
CLOCKED_ROUNDS = 3
WARM_UP = 500
LOOK_SECONDS = 0.05
KNOWN_PROVIDER = tuple(each.name for each in fields(KnownProvider))
PATIENCE_SECONDS = 120
# What each service has of an appeal once it knows all that follows from it. Provider-contact stores nothing of most appeals.
KNOWN = {
    "intake": "SELECT count(*) FROM tracking WHERE tier IS NOT NULL AND NOT due_provisional",
    "routing": "SELECT count(*) FROM appeal_case",
    "analytics": "SELECT count(*) FROM fact WHERE routed_at IS NOT NULL",
}


@dataclass
class Suite:
    """The processes, and what the benchmark knows of them."""

    ground: Ground
    prefix: str
    processes: Processes
    databases: Mapping[str, asyncpg.Connection]
    job: Mapping[str, Any]
    """What every sender is told."""

    def pids(self) -> dict[str, psutil.Process]:
        return {str(each): psutil.Process(each.pid) for each in self.processes.all} | dict(self.ground.processes())

    async def known(self) -> int:
        """Appeals of which every service knows that stores all of them."""
        return min([await self.databases[service].fetchval(question) for service, question in KNOWN.items()])

    async def play(self, count: int, per_second: float | None = None) -> "Played":
        """Send, and wait until every service knows the last one."""
        before, spent = await self.known(), processor_seconds(self.pids())
        job = Job(count=count, seed=before + 1, per_second=per_second, **self.job)
        sent = await asyncio.to_thread(in_own_process, job)
        deadline = time.time() + PATIENCE_SECONDS
        while (now_known := await self.known()) < before + count:
            assert time.time() < deadline, f"{now_known - before} of {count} appeals are known everywhere"
            self.processes.check()
            await asyncio.sleep(LOOK_SECONDS)
        await self._until_read("provider-contact", deadline)
        ended = time.time()
        after = processor_seconds(self.pids())
        work = {name: round((after[name] - spent[name]) / count * 1000, 3) for name in after}
        work["client"] = round(sent.processor_seconds / count * 1000, 3)
        return Played(sent, ended, work, await self._routed(sent))

    async def _until_read(self, service: str, deadline: float) -> None:
        """Wait until a service has read the appeals' topic to its present end."""
        async with self._log() as log:
            end = sum((await log.end_offsets(APPEALS)).values())
        read = "SELECT coalesce(sum(next_offset), 0) FROM consumer_offset WHERE topic = $1"
        while (offset := await self.databases[service].fetchval(read, APPEALS)) < end:
            assert time.time() < deadline, f"{service} has read {offset} of {end} records"
            self.processes.check()
            await asyncio.sleep(LOOK_SECONDS)

    @asynccontextmanager
    async def _log(self) -> AsyncIterator[EventLog]:
        log = Foundation.build(self.ground.settings(self.prefix)).log
        await log.start()
        try:
            yield log
        finally:
            await log.stop()

    async def _routed(self, sent: Sent) -> list[float]:
        """Milliseconds from registered to routed, ascending: the events' own times."""
        registered: dict[str, datetime] = {}
        routed: list[float] = []
        wanted = set(sent.appeal_ids)
        async with self._log() as log:
            async for page in log.scan(APPEALS):
                for record in page:
                    if record.key not in wanted or type_of(record.headers) not in {AppealRegistered.TYPE, AppealRouted.TYPE}:
                        continue
                    envelope = read_envelope(record.headers, record.value)
                    if envelope.type == AppealRegistered.TYPE:
                        registered.setdefault(envelope.key, envelope.time)
                    else:
                        routed.append((envelope.time - registered[envelope.key]).total_seconds() * 1000)
        assert len(routed) >= len(wanted), f"{len(wanted) - len(routed)} appeals were not routed"
        return sorted(routed)


@dataclass(frozen=True)
class Played:
    """One run: what was sent, when everybody knew (`time.time`), processor seconds per 1000 appeals, and the way to the desk in ms."""

    sent: Sent
    ended: float
    processor_seconds: Mapping[str, float]
    routed_ms: list[float]

    @property
    def figures(self) -> dict[str, Any]:
        count = len(self.sent.appeal_ids)
        return {
            "appeals": count,
            "per_second": round(count / (self.ended - self.sent.began), 1),
            "accepted_per_second": round(count / (self.sent.ended - self.sent.began), 1),
            "accepted_p99_ms": round(percentile(self.sent.took_ms, 99), 1),
            "routed_p50_ms": round(percentile(self.routed_ms, 50), 1),
            "routed_p99_ms": round(percentile(self.routed_ms, 99), 1),
            "processor_seconds_per_1000": dict(self.processor_seconds),
        }


async def run(
    ground: Ground, appeals: int = APPEALS_SENT, clocked_rounds: int = CLOCKED_ROUNDS, clocked_seconds: float = CLOCKED_SECONDS
) -> dict[str, Any]:
    """Full speed once, then rounds by the clock, on processes of their own."""
    async with suite(ground, "bench_all") as running:
        await running.play(min(WARM_UP, appeals))
        full = (await running.play(appeals)).figures
        clocked = [(await running.play(round(PER_SECOND * clocked_seconds), PER_SECOND)).figures for _ in range(clocked_rounds)]
    return {
        "end_to_end_per_second": full["per_second"],
        "routed_p99_ms_full": full["routed_p99_ms"],
        "routed_p99_ms_at_100": median(each["routed_p99_ms"] for each in clocked),
        "end_to_end_rounds": [full],
        "at_100_rounds": clocked,
    }


@asynccontextmanager
async def suite(ground: Ground, prefix: str) -> AsyncIterator[Suite]:
    """All processes with the demo's directory of providers, known to intake too."""
    with Processes(ground.data, environment=ground.environment(prefix)) as processes:
        databases = {service: await asyncpg.connect(database_url(ground, prefix, service)) for service in SERVICES}
        try:
            known = await _directory(processes.url_of("provider-contact"), issue(ground.data, "admin"))
            while await databases["intake"].fetchval("SELECT count(*) FROM provider") < len(known):
                processes.check()
                await asyncio.sleep(LOOK_SECONDS)
            job = {"url": processes.url_of("intake"), "token": issue(ground.data, "channel"), "providers": known}
            yield Suite(ground, prefix, processes, databases, job)
        finally:
            for database in databases.values():
                await database.close()


async def _directory(url: str, token: str) -> list[tuple[str, ...]]:
    """The demo's organisations, imported and read back with their ids."""
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "text/csv"}
    async with httpx.AsyncClient(base_url=f"{url}/provider-contact/v1", headers=headers, timeout=30, trust_env=False) as http:
        (await http.post("/providers/imports", content=as_csv().encode())).raise_for_status()
        answers = [await http.get("/providers", params={"region": region, "limit": 200}) for region in regions()]
    found = [item for answer in answers for item in answer.raise_for_status().json()["items"]]
    return sorted({tuple(item[name] for name in KNOWN_PROVIDER) for item in found})


def database_url(ground: Ground, prefix: str, service: str) -> str:
    return f"{ground.postgres.url}/{prefix}_aryz_{service.replace('-', '_')}"


def percentile(ascending: list[float], percent: int) -> float:
    """The nearest-rank percentile."""
    return ascending[max(0, -(-len(ascending) * percent // 100) - 1)]
