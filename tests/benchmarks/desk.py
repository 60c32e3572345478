"""Times of the desk's lists, searches, counts, cases and pages over many cases on PostgreSQL: `make bench-desk`.

The cases are made by one statement, 95 % of them closed; those that are read whole arrive as events. Each call is a request to the
service in this process, so that its time has no network in it; the calls of all kinds take turns.
"""

import argparse
import asyncio
import json
import random
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from statistics import quantiles
from typing import Final
from uuid import UUID

from rich.console import Console
from rich.table import Table

from engines import PostgresServer
from shared.server import settle_memory
from shared.web.session import COOKIE
from tests.databases import Engine
from tests.processor_time import Pace
from tests.routing.many_cases import add_many_cases
from tests.routing.support import Desk, desk_in

CASES: Final = 1_000_000
ROUNDS: Final = 200
LIMIT_MS: Final = 50.0  # the 95th percentile of every kind of call
CONTENTS_LIMIT_MS: Final = 100.0  # of a call that reads the contents of an appeal from intake
READ_WHOLE: Final = 30  # cases
ROLES: Final = {"specialist": "KZ-43", "operator": None, "expert": None}
PROVIDER: Final = "00000000-0000-4000-8000-000000000004"
LISTS: Final = {
    "list: mine": {"scope": "mine"},
    "list: not taken": {"scope": "queue"},
    "list: overdue": {"overdue": "true"},
    "list: news": {"has_news": "true"},
    "list: not taken, latest received": {"scope": "queue", "sort": "received"},
    "list: not taken, latest changed": {"scope": "queue", "sort": "updated"},
    "list: not taken complaints in Kazakh": {"scope": "queue", "kind": "COMPLAINT", "language": "kk"},
    "list: one provider": {"provider_id": PROVIDER},
    "list: open of a colleague": {"assignee": "clerk-3", "open": "true"},
    "list: open by age": {"open": "true", "received_from": "2026-01-12", "received_to": "2026-01-27"},
    "list: everything": {},
}
COLLEAGUES: Final = "colleagues with their open cases"
TEAM: Final = "page of a team"
PAGE: Final = "page with all counts"
CASE: Final = "case"
CASE_PAGE: Final = "page of a case with its contents"


async def measure(desk: Desk, rounds: int, cases: Sequence[UUID], pace: Pace) -> dict[str, list[float]]:
    """Return the milliseconds of every call by its kind. `cases`: those that are read whole."""
    times: dict[str, list[float]] = defaultdict(list)
    chance = random.Random(7)
    for _ in range(rounds):
        for role, region in ROLES.items():
            pace.sample()
            claims = {"region": region, "subject": f"clerk-{chance.randrange(0, 200, 3)}"}
            token = desk.token(role, **claims)
            for name, wanted in LISTS.items():
                times[name].append(await _timed(desk, "GET", "/routing/v1/cases", token, params={"limit": 25, **wanted}))
            serial = chance.randrange(1, 1_000_000)
            for name, query in (("search: a whole number", f"2026-43-{serial:07d}-0"), ("search: the end of a number", f"{serial}0")):
                times[name].append(await _timed(desk, "POST", "/routing/v1/cases/search", token, json={"query": query}))
            cookie = {"Cookie": f"{COOKIE}={desk.foundation.issuer.issue(role, **claims)}", "Accept": "text/html"}
            times[PAGE].append(await _timed(desk, "GET", "/routing/desk?tab=queue", cookie))
            case = chance.choice(cases)
            admin = {"Cookie": f"{COOKIE}={desk.foundation.issuer.issue('admin', subject='admin')}", "Accept": "text/html"}
            times[CASE].append(await _timed(desk, "GET", f"/routing/v1/cases/{case}", desk.token("admin", subject="admin")))
            times[CASE_PAGE].append(await _timed(desk, "GET", f"/routing/desk/{case}", admin))
            times[COLLEAGUES].append(await _timed(desk, "GET", "/routing/v1/colleagues", token))
        head = desk.foundation.issuer.issue("head", region="KZ-43", subject="head")
        times[TEAM].append(await _timed(desk, "GET", "/routing/desk/team", {"Cookie": f"{COOKIE}={head}", "Accept": "text/html"}))
    return times


async def _timed(desk: Desk, method: str, path: str, headers: dict[str, str], **more: object) -> float:
    start = time.perf_counter()
    answer = await desk.client.request(method, path, headers=headers, **more)  # type: ignore[arg-type]  # the arguments of httpx
    if answer.status_code != 200:
        raise RuntimeError(f"{path} answered {answer.status_code}")
    return (time.perf_counter() - start) * 1_000


async def run(cases: int, rounds: int) -> tuple[dict[str, dict[str, float]], float]:
    """Return the median and the 95th percentile in milliseconds of each kind of call over so many cases, and how slow the processor was."""
    pace = Pace()
    with tempfile.TemporaryDirectory(prefix="aryz-bench-desk-") as folder, PostgresServer(Path(folder) / "postgres") as server:
        async with desk_in(Engine(server.url), Path(folder)) as desk:
            await add_many_cases(desk.parts.database.engine, cases)
            whole = [await desk.open(number=f"2027-43-{serial:07d}-0") for serial in range(READ_WHOLE)]
            await measure(desk, 3, whole, Pace())  # plans and pages are cached
            settle_memory()  # as the commands that serve do when they have started
            times = await measure(desk, rounds, whole, pace)
    return {name: {"p50": _percentile(found, 50), "p95": _percentile(found, 95)} for name, found in times.items()}, pace.slowness


def _percentile(values: list[float], percent: int) -> float:
    return round(quantiles(values, n=100)[percent - 1], 1)


def main() -> int:
    """Measure, print the table, write the figures, and return 1 if a 95th percentile is over the limit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=CASES)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--output", type=Path, default=Path(".run/bench-desk.json"))
    asked = parser.parse_args()
    figures, slowness = asyncio.run(run(asked.cases, asked.rounds))
    table = Table("call", "p50 ms", "p95 ms", title=f"{asked.cases:,} cases, 5 % open; processor {slowness:.1f} times slower than usual")
    for name, row in figures.items():
        table.add_row(name, str(row["p50"]), str(row["p95"]))
    Console().print(table)
    asked.output.parent.mkdir(parents=True, exist_ok=True)
    asked.output.write_text(
        json.dumps({"cases": asked.cases, "rounds": asked.rounds, "slowness": round(slowness, 2), "calls": figures}, indent=2) + "\n"
    )
    return int(any(row["p95"] > (CONTENTS_LIMIT_MS if name == CASE_PAGE else LIMIT_MS) for name, row in figures.items()))


if __name__ == "__main__":
    sys.exit(main())
