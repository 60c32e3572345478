"""What can befall the suite on its engines: each fault as what happens, and what a supervisor then does about it."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from random import Random

import httpx
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from engines import KafkaCluster, PostgresServer
from shared.contracts import APPEALS, TOPICS
from suite.processes import SERVICES, Process, ProcessEnded, Processes

STOP_SECONDS = (1.0, 8.0)  # how long a suspended process stays away
POLL_SECONDS = 0.1
READY_POLL_SECONDS = 0.2  # a dozen processes on two cores are asked
SYNC_SECONDS = 120
LEADER_SECONDS = 90
RELAYING = ("intake", "routing", "provider-contact")  # analytics has nothing to say


async def _nothing():
    pass


async def ready(*processes: Process):
    """Wait until all of them say so at the same moment. Raises ProcessEnded if one fell."""
    async with httpx.AsyncClient(timeout=1, trust_env=False) as http:
        while True:
            for each in processes:
                if each.exit_code is not None:
                    raise ProcessEnded(f"{each} ended with {each.exit_code}: {each.last_words()}")
            asked = (http.get(f"{each.url}/{each.service}/health/ready") for each in processes)
            answers = await asyncio.gather(*asked, return_exceptions=True)
            if all(isinstance(each, httpx.Response) and each.is_success for each in answers):
                return
            await asyncio.sleep(READY_POLL_SECONDS)


@dataclass(frozen=True)
class Fault:
    """`mend` begins as soon as it struck; `afterwards` is not part of the recovery: the ground is made whole for the next one."""

    kind: str
    target: str
    strike: Callable[[], Awaitable[object]]
    mend: Callable[[], Awaitable[object]] | None = None
    afterwards: Callable[[], Awaitable[object]] = _nothing


class Ground:
    """The engines and the processes, and how each is struck."""

    def __init__(self, cluster: KafkaCluster, postgres: PostgresServer, running: Processes, prefix: str, random: Random) -> None:
        self.cluster = cluster
        self.postgres = postgres
        self.running = running
        self._prefix = prefix
        self._random = random

    async def choose(self, kind):
        """A fault of this kind with a target chosen by chance among those that fit now."""
        return await KINDS[kind](self, kind)

    # -- processes --

    async def kill_process(self, kind, process=None):
        process = process or self._any(kind)
        return Fault(kind, str(process), _off(process.kill), lambda: self._start(process))

    async def suspend_process(self, kind, process=None):
        process, seconds = process or self._any(kind), self._random.uniform(*STOP_SECONDS)
        return Fault(kind, f"{process} for {seconds:.1f} s", _off(process.suspend), lambda: _resumed(seconds, _off(process.resume)))

    async def kill_leader(self, kind):
        return await self.kill_process(kind, await self._relay_leader())

    async def suspend_leader(self, kind):
        return await self.suspend_process(kind, await self._relay_leader())

    async def join(self, kind):
        """One more, where the fewest are."""
        service = min(SERVICES, key=lambda each: (len(self._workers(each)), self._random.random()))
        process = self.running.add(service, "worker")
        return Fault(kind, f"{service} worker number {len(self._workers(service))}", _nothing, lambda: self._start(process))

    async def leave(self, kind):
        """One of those that are the most is told to end, and ends in order."""
        service = max(SERVICES, key=lambda each: (len(self._workers(each)), self._random.random()))
        process = self._random.choice(self._workers(service))

        self.running.all.remove(process)

        async def ended():
            code = await asyncio.to_thread(process.wait, 30.0)
            assert code == 0, f"{process} did not end in order: {code}\n{process.last_words()}"

        return Fault(kind, f"{process}, one of {len(self._workers(service)) + 1}", _off(process.terminate), ended)

    def _any(self, kind):
        return self._random.choice([each for each in self.running.all if each.kind == kind.split()[0]])

    def _workers(self, service) -> list[Process]:
        return [each for each in self.running.of("worker") if each.service == service]

    async def _start(self, process):
        process.start()
        await ready(process)

    async def _relay_leader(self):
        workers = self._workers(self._random.choice(RELAYING))
        async with asyncio.timeout(LEADER_SECONDS), httpx.AsyncClient(trust_env=False) as http:
            while True:
                for worker in workers:
                    if "aryz_relay_leads 1.0" in (await http.get(f"{worker.url}/{worker.service}/metrics")).text:
                        return worker
                await asyncio.sleep(POLL_SECONDS)

    # -- PostgreSQL --

    async def restart_database(self, kind):
        return Fault(kind, "the server", _off(self.postgres.stop), _off(self.postgres.start))

    async def kill_database(self, kind):
        return Fault(kind, "the server", _off(self.postgres.kill), _off(self.postgres.start))

    # -- Kafka --

    async def kill_broker(self, kind):
        """It comes back only when all goes on without it."""
        node, target = await self._broker(kind)
        return Fault(kind, target, _off(self.cluster.kill, node), afterwards=lambda: self._returned(node))

    async def suspend_broker(self, kind):
        node, target = await self._broker(kind)
        seconds = self._random.uniform(*STOP_SECONDS)
        resume = _off(self.cluster.resume, node)
        strike = _off(self.cluster.suspend, node)
        return Fault(kind, f"{target} for {seconds:.1f} s", strike, lambda: _resumed(seconds, resume), self.in_sync)

    async def _broker(self, kind):
        """Who leads the most partitions, who leads the fewest, or who coordinates a service's group of readers."""
        async with self._administrator() as admin:
            if kind.startswith("coordinator"):
                group = f"{self._prefix}.aryz.{self._random.choice(SERVICES)}"
                node = await admin.find_coordinator(group)
                return node, f"broker {node} of {group}"
            (topic,) = await admin.describe_topics([f"{self._prefix}.{APPEALS}"])
        leads = Counter(dict.fromkeys(self.cluster.nodes, 0))
        leads.update(each["leader"] for each in topic["partitions"])
        ranked = leads.most_common()
        node, many = ranked[0 if kind.startswith("leader") else -1]
        return node, f"broker {node}, leads {many} of {leads.total()}"

    async def _returned(self, node):
        await asyncio.to_thread(self.cluster.restart, node)
        await self.in_sync()

    async def in_sync(self):
        """Wait until each broker has every record: with fewer in sync the next fault would be two at once."""
        names = [f"{self._prefix}.{topic}" for topic in TOPICS] + ["__consumer_offsets"]
        async with asyncio.timeout(SYNC_SECONDS):
            while True:
                try:
                    async with self._administrator() as admin:
                        topics = await admin.describe_topics(names)
                    if all(len(each["isr"]) == len(self.cluster.nodes) for topic in topics for each in topic["partitions"]):
                        return
                except (KafkaError, OSError):
                    pass  # it is still on its way back
                await asyncio.sleep(POLL_SECONDS)

    @asynccontextmanager
    async def _administrator(self):
        admin = AIOKafkaAdminClient(bootstrap_servers=self.cluster.bootstrap, request_timeout_ms=5_000)
        await admin.start()
        try:
            yield admin
        finally:
            await admin.close()


def _off(do, *arguments):
    """Off the event loop: what waits for a process to end must not stop the senders."""
    return lambda: asyncio.to_thread(do, *arguments)


async def _resumed(seconds, resume):
    await asyncio.sleep(seconds)
    await resume()


KINDS = {
    "api killed": Ground.kill_process,
    "api suspended": Ground.suspend_process,
    "worker killed": Ground.kill_process,
    "worker suspended": Ground.suspend_process,
    "relay leader killed": Ground.kill_leader,
    "relay leader suspended": Ground.suspend_leader,
    "worker joins": Ground.join,
    "worker leaves": Ground.leave,
    "leader broker killed": Ground.kill_broker,
    "leader broker suspended": Ground.suspend_broker,
    "follower broker killed": Ground.kill_broker,
    "follower broker suspended": Ground.suspend_broker,
    "coordinator broker killed": Ground.kill_broker,
    "coordinator broker suspended": Ground.suspend_broker,
    "database restarted": Ground.restart_database,
    "database killed": Ground.kill_database,
}
MAIN = ("api killed", "worker suspended", "relay leader killed", "leader broker killed", "database restarted", "worker joins")
"""One of each sort, for a short run."""


def schedule(faults: int, random: Random) -> list[str]:
    """Kinds in random order, each as often as any other, or once more."""
    kinds = MAIN if faults <= len(MAIN) else tuple(KINDS)
    drawn: list[str] = []
    while len(drawn) < faults:
        drawn += random.sample(kinds, len(kinds))
    return drawn[:faults]
