"""Accepted appeals a second on PostgreSQL, over a bare endpoint with one INSERT, in rounds run in turn."""

import argparse
import asyncio
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlsplit

import asyncpg

from suite.tokens import issue
from tests.benchmarks.client import Job, Outcome, in_own_process

BODY = {
    "channel": "CALL_1414",
    "language": "kk",
    "kind": "CONSULTATION",
    "topic": "PAY_METHODS",
    "region": "KZ-43",
    "text": "Жұмыс істемеймін, МӘМС жарнасын өзім қалай төлеймін? Банк қосымшасы арқылы бола ма?",
    "applicant": {"full_name": "Сынақ Айбек", "phone": "+77010000000"},
    "consents": ["PROCESSING"],
}
START_SECONDS = 120
PREFIX = "bench"
QUIET = {"ARYZ_LOG_LEVEL": "WARNING"}  # no line a request, as the bare one writes none


def run(postgres_url: str, rounds: int = 3, seconds: float = 15.0) -> dict[str, Any]:
    """Measure on a PostgreSQL server (`postgresql://…`); makes the database `bench_aryz_intake` there and drops it in the end.

    `accept_ratio`: the median over the rounds of appeals a second over the bare endpoint's a second, each round's own pair.
    """
    with ExitStack() as open_things:
        folder = Path(open_things.enter_context(tempfile.TemporaryDirectory(prefix="aryz-bench-")))
        database = open_things.enter_context(_database(postgres_url))
        environment = QUIET | {"ARYZ_DATA": str(folder), "ARYZ_DATABASE_URL": postgres_url, "ARYZ_PREFIX": PREFIX}
        subprocess.run([sys.executable, "-m", "intake", "migrate"], env=os.environ | environment, check=True, stdout=subprocess.DEVNULL)
        ours = _job(open_things.enter_context(_serving(["-m", "intake", "api"], environment)), issue(folder, "channel"))
        trial = in_own_process(replace(ours, seconds=1.0))
        arguments = [str(Path(__file__).with_name("bare.py")), "--url", database, "--answer-bytes", str(trial.bytes_an_answer)]
        bare = _job(open_things.enter_context(_serving(arguments, {})), "")
        bare, ours = (replace(each, seconds=seconds) for each in (bare, ours))
        pairs = [(in_own_process(bare), in_own_process(ours)) for _ in range(rounds)]
    return {
        "accept_ratio": round(median(ours.per_second / bare.per_second for bare, ours in pairs), 3),
        "accept_per_second": round(median(ours.per_second for _, ours in pairs), 1),
        "accept_p99_ratio": round(median(ours.p99_ms / bare.p99_ms for bare, ours in pairs), 3),
        "accept_rounds": [{"bare": _figures(bare), "aryz": _figures(ours)} for bare, ours in pairs],
    }


def _figures(outcome: Outcome) -> dict[str, float]:
    return {"per_second": round(outcome.per_second, 1), "p50_ms": round(outcome.p50_ms, 2), "p99_ms": round(outcome.p99_ms, 2)}


def _job(address: str, token: str) -> Job:
    return Job(f"{address}/intake/v1/appeals", json.dumps(BODY), {"Authorization": f"Bearer {token}"})


@contextmanager
def _database(server: str) -> Iterator[str]:
    """A database of its own on the server, as asyncpg's URL."""
    name = f"{PREFIX}_aryz_intake"

    async def execute(*statements: str) -> None:
        connection = await asyncpg.connect(server, database="postgres")
        for statement in statements:
            await connection.execute(statement)
        await connection.close()

    drop = f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"
    asyncio.run(execute(drop, f"CREATE DATABASE {name}"))
    yield urlsplit(server)._replace(path=f"/{name}").geturl()
    asyncio.run(execute(drop))


@contextmanager
def _serving(arguments: list[str], environment: Mapping[str, str]) -> Iterator[str]:
    """A server process on a free port for the length of the block."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, *arguments, "--port", str(port)]
    process = subprocess.Popen(command, env=os.environ | environment, stdout=subprocess.DEVNULL)
    try:
        _wait_for(port, process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(START_SECONDS)


def _wait_for(port: int, process: "subprocess.Popen[bytes]") -> None:
    for _ in range(START_SECONDS * 20):
        if process.poll() is not None:
            raise RuntimeError("the server ended before it answered")
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError("the server did not answer in time")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", required=True, help="postgresql://… of a server")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=15.0)
    chosen = parser.parse_args()
    sys.stdout.write(json.dumps(run(chosen.url, chosen.rounds, chosen.seconds), indent=2) + "\n")


if __name__ == "__main__":
    main()
