"""Faults strike the suite on its engines while appeals come in: nothing acknowledged is lost, nothing is done twice, and soon all goes on.

`make chaos [FAULTS=50 APPEALS=10000 SEED=n]` is the long form. A fault comes when the one before is over and its share of appeals is in.
"""

import asyncio
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from time import monotonic

import httpx
import pytest

from engines.kafka import LIBRARIES
from engines.postgres import find_binaries
from suite.demo import directory
from suite.process import UNLIMITED
from suite.processes import SERVICES, Processes
from suite.tokens import issue
from suite.verification import verify
from tests.chaos.faults import MAIN, Ground, ready, schedule
from tests.chaos.probes import Probes
from tests.chaos.report import Recovery, Run, all_percentiles, written
from tests.chaos.senders import Clerk, Senders, complaint, consultation
from tests.patience import PATIENCE

pytestmark = pytest.mark.alone

FAULTS = int(os.environ.get("ARYZ_CHAOS_FAULTS", "6"))
APPEALS = int(os.environ.get("ARYZ_CHAOS_APPEALS", "200"))
SEED = int(os.environ.get("ARYZ_CHAOS_SEED", "1"))
REPORT = os.environ.get("ARYZ_CHAOS_REPORT")
PREFIX = "chaos"
A_SECOND = 8  # appeals besides the probes: two cores have the processes to start again besides
SENDER_SECONDS = 3.0  # a channel does not wait longer: an api may be stopped for 8
DOUBLED = SERVICES if len(MAIN) < FAULTS else ("routing",)  # services with a second worker: each costs a few seconds at the start
RECOVERY_SECONDS = 90  # then the run has failed
P95_SECONDS = 15.0
ENOUGH_FOR_P95 = 20
CLERK = "chaos-clerk"
CLAIMED_EVERY = 20


def _write_line(sentence):
    sys.stdout.write(f"{sentence}\n")
    sys.stdout.flush()


def _body(index):
    """Every fourth names a provider that is in no directory: a clerk would have to choose."""
    return complaint(index, "Тестовая поликлиника № 901") if index % 4 == 0 else consultation(index)


@pytest.fixture
def ground(tmp_path, kafka_cluster, postgres):
    """The processes run; at the end each of them stops in order."""
    settings = {"ARYZ_KAFKA_BOOTSTRAP": kafka_cluster.bootstrap, "ARYZ_DATABASE_URL": postgres.url, "ARYZ_PREFIX": PREFIX}
    running = Processes(tmp_path, environment=UNLIMITED | settings)
    for service in DOUBLED:
        running.add(service, "worker")
    try:
        with running:
            yield Ground(kafka_cluster, postgres, running, PREFIX, Random(SEED))
            codes = running.stop()
        assert set(codes.values()) == {0}, "some did not end in order"
    finally:
        postgres.start()  # other tests use it too


def _bearer(data, role, subject=None):
    return {"Authorization": f"Bearer {issue(data, role, subject=subject or f'chaos-{role}')}"}


async def _import_directory(running):
    headers = _bearer(running.data, "admin") | {"Content-Type": "text/csv"}
    async with httpx.AsyncClient(base_url=running.url_of("provider-contact"), headers=headers, timeout=30, trust_env=False) as http:
        answer = await http.post("/provider-contact/v1/providers/imports", content=directory.as_csv().encode())
    assert answer.status_code == httpx.codes.OK, answer.text


async def _received(running):
    """What the figures say was received, of all days."""
    headers = _bearer(running.data, "analyst")
    async with httpx.AsyncClient(base_url=running.url_of("analytics"), headers=headers, timeout=PATIENCE, trust_env=False) as http:
        answer = await http.get("/analytics/v1/kpis/received", params={"from": "2000-01-01", "to": "2099-12-31"})
    return answer.json()["value"]


async def _suffer(ground, probes, kind, began):
    """One fault, from the stroke until everything goes on."""
    fault = await ground.choose(kind)
    struck = monotonic()

    async with asyncio.timeout(RECOVERY_SECONDS), asyncio.TaskGroup() as recovering:
        await fault.strike()
        recovering.create_task(probes.pass_through())
        if fault.mend is not None:
            await fault.mend()
            recovering.create_task(probes.pass_through())
        recovering.create_task(ready(*ground.running.all))
    recovery = Recovery(kind, fault.target, struck - began, monotonic() - struck)
    _write_line(f"{recovery.at:6.0f}  {kind:30}{recovery.seconds:6.1f}  {fault.target}")
    await fault.afterwards()
    ground.running.check()
    return recovery


async def _all_faults(ground, probes, senders, began):
    recoveries = []
    for place, kind in enumerate(schedule(FAULTS, Random(SEED)), 1):
        while len(senders.acknowledged) < APPEALS * place // (FAULTS + 1):
            await asyncio.sleep(0.05)
        recoveries.append(await _suffer(ground, probes, kind, began))
    return recoveries


@pytest.mark.chaos
@pytest.mark.timeout(900 + 180 * FAULTS + APPEALS // 4)
class TestFaults:
    async def test_nothing_is_lost_or_doubled_and_all_goes_on(self, ground):
        running, began = ground.running, monotonic()
        _write_line(f"\nseed {SEED}: {FAULTS} faults, {APPEALS} appeals")
        await _import_directory(running)
        clerk = Clerk(running.url_of("routing"), _bearer(running.data, "operator", CLERK), CLERK)
        async with Senders(running.url_of("intake"), _bearer(running.data, "channel"), SENDER_SECONDS) as senders:
            recoveries = await self._play(ground, senders, clerk, began)
            totals = await self._kept_promises(senders, clerk)
        checks = await self._verified(ground, len(senders.acknowledged))
        run = Run(SEED, f"{datetime.now(UTC):%Y-%m-%d}", _ground(ground), monotonic() - began, recoveries, totals, checks)
        _write_line(written(run))
        if REPORT and len(recoveries) >= ENOUGH_FOR_P95:
            Path(REPORT).write_text(written(run))  # noqa: ASYNC240 - nothing else is going on any more
        _, p95, _ = all_percentiles(each.seconds for each in recoveries)
        assert len(recoveries) < ENOUGH_FOR_P95 or p95 < P95_SECONDS
        # A short run may strike api and database at no bad moment; a long one that nobody noticed proved nothing.
        assert len(recoveries) < ENOUGH_FOR_P95 or senders.repeats

    async def _play(self, ground, senders, clerk, began):
        """Faults while people work; the people stop when the last fault is over and all appeals are in."""
        probes = Probes(senders, ground.postgres.url, ground.running.data, PREFIX)
        over = asyncio.Event()
        handed_out = []

        def enough():
            return over.is_set() and len(senders.acknowledged) >= APPEALS

        def next_for_clerk():
            """Every twentieth consultation, once it is acknowledged."""
            known = [receipt for key, receipt in senders.acknowledged.items() if senders.bodies[key]["kind"] == "CONSULTATION"]
            if len(known) <= len(handed_out) * CLAIMED_EVERY:
                return None
            handed_out.append(known[len(handed_out) * CLAIMED_EVERY]["appeal_id"])
            return handed_out[-1]

        try:
            async with asyncio.TaskGroup() as people:
                people.create_task(senders.traffic(_body, name="chaos", enough=enough, a_second=A_SECOND))
                people.create_task(clerk.work(next_for_clerk, enough))
                await asyncio.wait_for(probes.pass_through(), RECOVERY_SECONDS)
                recoveries = await _all_faults(ground, probes, senders, began)
                over.set()
        finally:
            await probes.close()
        return recoveries

    async def _kept_promises(self, senders, clerk):
        """Every promise made to somebody outside, looked at from outside."""
        repeats = senders.repeats.total()
        assert senders.refused == {}, "valid requests were refused"
        assert clerk.refused == {}, "valid moves were refused"
        assert clerk.claimed, "the clerk did nothing"
        assert await senders.lost() == []
        assert await senders.answered_otherwise(every=10) == []
        assert await clerk.lost() == []
        numbers = {receipt["number"] for receipt in senders.acknowledged.values()}
        assert len(numbers) == len(senders.acknowledged)
        return {
            "appeals acknowledged, each with a number of its own": len(numbers),
            "found by number and PIN": len(numbers),
            "requests that had to be repeated": repeats,
            "sent once more and answered alike": len(range(0, len(numbers), 10)),
            "cases claimed by a clerk, all still claimed": len(clerk.claimed),
        }

    async def _verified(self, ground, appeals):
        engines = {"kafka_bootstrap": ground.cluster.bootstrap, "database_url": ground.postgres.url, "prefix": PREFIX}
        is_quiet, checks = await verify(ground.running.data, **engines)
        assert is_quiet
        assert {check.name: check.wrong for check in checks if not check.holds} == {}
        [accepted] = [check for check in checks if check.name == "every accepted appeal is registered in the log once"]
        assert accepted.looked_at == appeals, "a repeated request made a second appeal"
        assert await _received(ground.running) == appeals
        return checks


def _ground(ground):
    (kafka,) = LIBRARIES.glob("kafka_2.13-*.jar")
    services = f"{len(ground.running.of('api'))} api and {len(ground.running.of('worker'))} worker processes at the end"
    postgres = find_binaries().parent.name
    return f"Apache Kafka {kafka.stem.rpartition('-')[2]} on {len(ground.cluster.nodes)} brokers, PostgreSQL {postgres}, {services}"
