"""Times of every figure over millions of facts, and rates of consuming, rebuilding and exporting: `make bench-analytics`.

The facts are made by statements, the events of appeals are applied by the service's own consumer. Each figure is a request to the service
in this process, so that its time has no network in it. What other processes of the machine do is part of the wall time.
"""

import argparse
import asyncio
import json
import random
import resource
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from statistics import quantiles
from typing import Any, Final

import psutil
from rich.console import Console
from rich.table import Table
from sqlalchemy import text

from analytics.app import SERVICE, rebuild
from analytics.facts.jobs import Stage, refresh_rollups
from analytics.kpis.service import kpi_definitions, leakage_seconds
from engines import PostgresServer
from shared.clock import FakeClock
from shared.contracts import APPEALS
from shared.server import settle_memory
from shared.service import consumer
from tests.analytics.conftest import World, make_event, world_in
from tests.analytics.facts.random_lives import lives
from tests.benchmarks.many_facts import YEAR, add_many_facts
from tests.databases import Engine

FACTS: Final = 5_000_000
ROUNDS: Final = 20
EVENTS_OF: Final = 40_000  # appeals, about 150 000 events
LIMIT_MS: Final = {"postgres": 50.0, "sqlite": 200.0}
CONSUMED_A_SECOND: Final = 8_000
REBUILT_A_SECOND: Final = 12_000
MEMORY_MB: Final = 150  # more at the end of an export than at its start
REGION: Final = "KZ-43"
NOW: Final = datetime(2026, 1, 2, 6, tzinfo=UTC)


def questions() -> dict[str, tuple[str, dict[str, Any]]]:
    """Return every request of the dashboard by its name: path and parameters."""
    year = {"from": YEAR[0], "to": YEAR[1]}
    found: dict[str, tuple[str, dict[str, Any]]] = {}
    for kpi in kpi_definitions():
        found[kpi] = f"/kpis/{kpi}", {**year, "compare": "previous_year"}
        found[f"{kpi}, region"] = f"/kpis/{kpi}", {**year, "region": REGION, "compare": "previous_year"}
    for group in ("region", "channel", "category", "provider", "month"):
        found[f"complaints by {group}"] = "/kpis/complaints", {**year, "group_by": group}
    for kpi in ("resolved_on_spot", "withdrawn", "answered_in_time", "answer_time_median"):
        found[f"{kpi} of complaints"] = f"/kpis/{kpi}", {**year, "kind": "COMPLAINT", "compare": "previous_year"}
        found[f"{kpi} by region"] = f"/kpis/{kpi}", {**year, "group_by": "region"}
    for interval in ("day", "week", "month"):
        found[f"trend by {interval}"] = "/trends", {**year, "kpi": "received", "interval": interval}
    found["trend of complaints, days in the middle of months"] = "/trends", {
        "kpi": "complaints", "from": "2025-01-15", "to": "2025-11-14", "interval": "month",
    }  # fmt: skip
    return found


async def _milliseconds(world: World, path: str, asked: dict[str, Any]) -> float:
    began = time.perf_counter()
    response = await world.get(path, **asked)
    if response.status_code != 200:
        raise RuntimeError(f"{path} answered {response.status_code}: {response.text}")
    return (time.perf_counter() - began) * 1_000


async def figures(world: World, rounds: int) -> dict[str, dict[str, float]]:
    """Return the median and the 95th percentile of each request in milliseconds."""
    times: dict[str, list[float]] = defaultdict(list)
    asked = questions()
    for path, parameters in asked.values():
        await _milliseconds(world, path, parameters)  # plans and pages are cached
    settle_memory()
    for _ in range(rounds):
        for name, (path, parameters) in asked.items():
            times[name].append(await _milliseconds(world, path, parameters))
    return {
        name: {"least": round(min(found), 1), "p50": _percentile(found, 50), "p95": _percentile(found, 95)} for name, found in times.items()
    }


def _percentile(values: Sequence[float], percent: int) -> float:
    return round(quantiles(values, n=100)[percent - 1], 1) if len(values) > 1 else round(values[0], 1)


def processor_seconds(server: PostgresServer | None) -> tuple[float, float]:
    """Return the processor time of this process, and of the database server with its sessions."""
    if server is None:
        return time.process_time(), 0.0
    master = psutil.Process(int((server.folder / "data" / "postmaster.pid").read_text().split()[0]))
    own = master.cpu_times()
    spent = own.user + own.system + own.children_user + own.children_system
    for session in master.children():
        with suppress(psutil.NoSuchProcess):
            times = session.cpu_times()
            spent += times.user + times.system
    return time.process_time(), spent


def _rates(events: int, seconds: float, before: tuple[float, float], after: tuple[float, float]) -> dict[str, float]:
    """Return events a second, and the processor time of an event in microseconds here and in the database."""
    own, database = (1e6 * (later - earlier) / max(1, events) for earlier, later in zip(before, after, strict=True))
    return {"events": events, "a_second": round(events / seconds), "own_us": round(own, 1), "database_us": round(database, 1)}


async def consumption(world: World, appeals: int, seed: int, server: PostgresServer | None) -> dict[str, float]:
    """Append the events of appeals to the log; return the rate at which the consumer applies them."""
    events = lives(make_event, random.Random(seed), seed * 10_000_000, appeals)
    for start in range(0, len(events), 5_000):
        await world.parts.log.append(APPEALS, events[start : start + 5_000])
    del events
    settle_memory()  # as a worker does when it has started; it never holds the events of a whole log
    end = sum((await world.parts.log.end_offsets(APPEALS)).values())
    task = asyncio.create_task(consumer(SERVICE, world.parts).run())
    try:
        began, first, before = time.perf_counter(), await _consumed(world), processor_seconds(server)
        while (done := await _consumed(world)) < end:
            if task.done():
                task.result()
            await asyncio.sleep(0.1)
        return _rates(done - first, time.perf_counter() - began, before, processor_seconds(server))
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _consumed(world: World) -> int:
    async with world.parts.database.read() as session:
        return int((await session.execute(text("SELECT coalesce(sum(next_offset), 0) FROM consumer_offset"))).scalar_one())


async def export(world: World, file_format: str) -> dict[str, float]:
    """Read a whole export; return its rows a second, seconds and the growth of memory in MB."""
    asked = {"from": "2021-01-01", "to": "2025-12-31"}
    headers = {"Authorization": f"Bearer {world.token('analyst')}"}
    began, size, memory = time.perf_counter(), 0, 0
    async with world.client.stream("GET", f"/analytics/v1/exports/facts.{file_format}", params=asked, headers=headers) as response:
        async for chunk in response.aiter_bytes():
            size += len(chunk)
            memory = memory or _memory_mb()
    return {"seconds": round(time.perf_counter() - began, 1), "bytes": size, "memory_growth_mb": _memory_mb() - memory}


def _memory_mb() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


async def run(server: PostgresServer | None, folder: Path, facts: int, rounds: int, appeals: int, parts: Sequence[str]) -> dict[str, Any]:
    """Measure on one engine."""
    found: dict[str, Any] = {}
    report = Console(stderr=True).log
    async with world_in(Engine(server and server.url), folder, FakeClock(NOW)) as world:
        if "consume" in parts:
            found["consumed_empty"] = await consumption(world, appeals, 1, server)
            report(found)
        if "rebuild" in parts:
            before = after = processor_seconds(server)

            def note(stage: Stage, *_: int) -> None:
                nonlocal after
                after = processor_seconds(server) if stage is Stage.READING else after

            rebuilt = await rebuild(world.parts).run(note)
            found["rebuilt"] = _rates(rebuilt.events, rebuilt.seconds, before, after)
            found["locked_seconds"] = round(rebuilt.locked_seconds, 2)
            report(found)
        await add_many_facts(world.parts.database.engine, facts)
        async with world.parts.database.write() as session:
            await session.execute(text("DELETE FROM rollup_state"))
        began = time.perf_counter()
        await refresh_rollups(world.parts.units, leakage_seconds())
        found["rollups_seconds"] = round(time.perf_counter() - began, 1)
        await _analyse(world)
        report(found)
        if "figures" in parts:
            found["figures"] = await figures(world, rounds)
        if "consume" in parts:
            found["consumed_full"] = await consumption(world, appeals, 2, server)
        if "export" in parts:
            found["export"] = {each: await export(world, each) for each in ("parquet", "csv")}
    return found


async def _analyse(world: World) -> None:
    if not world.parts.database.is_sqlite:
        async with world.parts.database.engine.connect() as connection:
            free = await connection.execution_options(isolation_level="AUTOCOMMIT")
            for name in ("rollup_day", "rollup_month"):
                await free.execute(text(f"VACUUM ANALYZE {name}"))


def main() -> int:
    """Measure, print the tables, write the figures, and return 1 if a limit is not held."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--facts", type=int, default=FACTS)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--appeals", type=int, default=EVENTS_OF)
    parser.add_argument("--engines", default="postgres,sqlite")
    parser.add_argument("--parts", default="figures,consume,rebuild,export")
    parser.add_argument("--output", type=Path, default=Path(".run/bench-analytics.json"))
    asked = parser.parse_args()
    results: dict[str, Any] = {}
    problems: list[str] = []
    for name in asked.engines.split(","):
        with tempfile.TemporaryDirectory(prefix="aryz-bench-analytics-") as folder:
            if name == "sqlite":
                wanted = [part for part in asked.parts.split(",") if part == "figures"]
                results[name] = asyncio.run(run(None, Path(folder), asked.facts, asked.rounds, asked.appeals, wanted))
            else:
                with PostgresServer(Path(folder) / "postgres") as server:
                    given = (asked.facts, asked.rounds, asked.appeals, asked.parts.split(","))
                    results[name] = asyncio.run(run(server, Path(folder), *given))
        problems += _show(name, asked.facts, results[name])
        asked.output.parent.mkdir(parents=True, exist_ok=True)
        asked.output.write_text(json.dumps({"facts": asked.facts, "rounds": asked.rounds, **results}, indent=2) + "\n")
    for problem in problems:
        print(problem)  # noqa: T201 - the command's answer
    return int(bool(problems))


def _show(name: str, facts: int, result: dict[str, Any]) -> list[str]:
    """Print a result; return the limits that it does not hold."""
    table = Table("figure", "least ms", "p50 ms", "p95 ms", title=f"{name}, {facts:,} facts")
    measured: dict[str, dict[str, float]] = result.get("figures", {})
    for figure, row in sorted(measured.items(), key=lambda item: -item[1]["p95"]):
        table.add_row(figure, *(str(row[column]) for column in ("least", "p50", "p95")))
    Console().print(table)
    Console().print({key: value for key, value in result.items() if key != "figures"})
    problems = [f"{name}: {figure} takes {row['p95']} ms" for figure, row in measured.items() if row["p95"] > LIMIT_MS[name]]
    for key, least in (("consumed_empty", CONSUMED_A_SECOND), ("consumed_full", CONSUMED_A_SECOND), ("rebuilt", REBUILT_A_SECOND)):
        if key in result and result[key]["a_second"] < least:
            problems.append(f"{name}: {key}: {result[key]['a_second']} events a second")
    for file_format, row in result.get("export", {}).items():
        if row["memory_growth_mb"] > MEMORY_MB:
            problems.append(f"{name}: the export as {file_format} takes {row['memory_growth_mb']} MB more at its end")
    return problems


if __name__ == "__main__":
    sys.exit(main())
