"""The scripted attack aimed at services that run as processes behind the front: the matrix of roles, extreme headers, the fuzz.

`make attack-deployed` starts them on secured engines and runs the whole of it; `tests/e2e/test_secured.py` runs a part.
"""

import argparse
import asyncio
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Self
from zlib import crc32

import httpx
import requests

from suite.app import create_suite
from suite.processes import FRONT, Processes
from tests.e2e.conftest import People
from tests.patience import LONG_PATIENCE
from tests.secured import SecuredEngines
from tests.security.extreme_requests import Ask, of_headers
from tests.security.fuzz import RETRY_SECONDS, UNLIMITED, Fuzz, write_line
from tests.security.roles import CLAIMS, COLUMNS, PASSES, Call, calls_of, expected, verdict
from tests.telegram_double import TelegramDouble

OPEN = UNLIMITED | {"ARYZ_INTAKE_SMS_SECRET": "whsec_" + "QUFB" * 8}
AT_ONCE = 4  # requests of the matrix
TRIES = 4  # of a request without an answer, or with 503
GUARDED = {"POST /intake/v1/channels/telegram/webhook"}  # by a secret of its own, which the deployed bot has
PROBED = ("/", "/intake/", "/intake/v1/appeals/2026-43-9999999-6", "/routing/desk", "/analytics/v1/kpis", "/provider-contact/v1/providers")
"""Of each service a page or an operation that reads headers."""


class Front:
    """The front of running processes as an ASGI application: every call is a request over the network.

    A request without an answer, or with 503, is sent again: a busy machine is no fault of a process.
    """

    def __init__(self, url: str) -> None:
        self._http = httpx.AsyncClient(base_url=url, trust_env=False, timeout=LONG_PATIENCE)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        target = scope["raw_path"] + (b"?" + scope["query_string"] if scope["query_string"] else b"")
        url = httpx.URL(self._http.base_url).copy_with(raw_path=target)
        body = (await receive())["body"]
        for left in reversed(range(TRIES)):
            try:
                async with self._http.stream(scope["method"], url, headers=scope["headers"], content=body) as answer:
                    if not left or answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
                        headers = [(name.lower(), value) for name, value in answer.headers.raw]
                        await send({"type": "http.response.start", "status": answer.status_code, "headers": headers})
                        return
            except httpx.TransportError:
                if not left:
                    raise
            await asyncio.sleep(RETRY_SECONDS)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self._http.aclose()


def every_call(folder: Path) -> list[Call]:
    """Return the operations and pages of the product. A suite is built over an empty folder for that, and not started."""
    return list(calls_of(create_suite(folder, worker=False)))


async def attack_roles(people: People, calls: list[Call], *, whole: bool) -> tuple[int, list[str]]:
    """Ask each call as every role, or, if not `whole`, as one that may and one that may not; return count and faults."""
    right = expected()
    tokens: dict[str, str] = {}
    for column, (role, claims) in CLAIMS.items():
        tokens[column] = people.bearer(role, **claims)["Authorization"].partition(" ")[2]
    guarded = [call for call in calls if call.name not in GUARDED]
    asked = [(call, column) for call in guarded for column in (COLUMNS if whole else _some_columns(call, right[call.key]))]
    free = asyncio.Semaphore(AT_ONCE)
    faults: list[str] = []

    async def ask(front: Front, call: Call, column: str) -> None:
        async with free:
            try:
                found = await verdict(front, call, tokens.get(column))
            except AssertionError as error:  # a server error
                found = str(error)
        if found != right[call.key][column]:
            faults.append(f"{call.name} {call.variant} as {column}: {found}, not {right[call.key][column]}")

    async with Front(people.suite.url) as front, asyncio.TaskGroup() as group:
        for call, column in asked:
            group.create_task(ask(front, call, column))
    return len(asked), faults


def _some_columns(call: Call, row: dict[str, str]) -> list[str]:
    """Return one of those who may and one of those who may not, which the name of the call decides."""
    chosen = []
    for may in (True, False):
        columns = [column for column in COLUMNS if (row[column] == PASSES) is may]
        if columns:
            chosen.append(columns[crc32(call.name.encode()) % len(columns)])
    return chosen


def attack_headers(people: People, step: int | None = None) -> tuple[int, list[str]]:
    """Send headers as long as allowed to pages and operations of each service; return count and answers of 500 and more.

    `step`: one value of each header, another one each step; None: all.
    """
    asked, faults = 0, []
    for path in PROBED:
        for ask in of_headers(Ask("GET", path, template=path), step):
            asked += 1
            try:
                status = people.http.get(
                    path, headers=[(name, value.encode("latin-1", "replace")) for name, value in ask.headers.items()]
                ).status_code
            except httpx.LocalProtocolError:  # no client sends that
                continue
            except httpx.TransportError as error:
                faults.append(f"{ask.named}: {type(error).__name__}")
                continue
            if status >= httpx.codes.INTERNAL_SERVER_ERROR:
                faults.append(f"{ask.named}: {status}")
    return asked, faults


@contextmanager
def fuzz_of(people: People, seed: int) -> Iterator[Fuzz]:
    """Yield the fuzz of running processes."""
    with requests.Session() as session:
        session.trust_env = False
        yield Fuzz(people, seed, session, write_line, tries=TRIES)


@contextmanager
def deployed(engines: SecuredEngines, data: Path) -> Iterator[Processes]:
    """Run the services as processes behind the front on secured engines, without limits of frequency."""
    with TelegramDouble() as telegram:
        environment = engines.settings | OPEN | telegram.environment
        with Processes(data, environment=environment, front_port=random.randrange(12_000, 19_000)) as running:
            yield running


@contextmanager
def people_of(running: Processes) -> Iterator[People]:
    """Yield clients of the front."""
    suite: Any = SimpleNamespace(url=running.process(FRONT, "front").url, data=running.data)
    with httpx.Client(base_url=suite.url, timeout=LONG_PATIENCE, trust_env=False) as http:
        yield People(suite, http)


def main() -> int:
    """Run the whole attack; prints the seed first and the faults last."""
    parser = argparse.ArgumentParser(prog="python -m tests.security.deployed")
    parser.add_argument("--requests", type=int, default=10_000, help="of the fuzz")
    parser.add_argument("--seconds", type=float, default=3600.0, help="the fuzz ends after so long")
    parser.add_argument("--seed", type=int, default=random.randrange(2**32))
    chosen = parser.parse_args()
    write_line(f"seed {chosen.seed}")
    with (
        tempfile.TemporaryDirectory() as folder,
        SecuredEngines(Path(folder) / "engines") as engines,
        deployed(engines, Path(folder) / "data") as running,
        people_of(running) as people,
    ):
        faults = []
        for name, (asked, found) in {
            "roles": asyncio.run(attack_roles(people, every_call(Path(folder) / "calls"), whole=True)),
            "headers": attack_headers(people),
        }.items():
            write_line(f"{name}: {asked} requests, {len(found)} faults")
            faults += found
        deadline = time.monotonic() + chosen.seconds
        with fuzz_of(people, chosen.seed) as fuzz:
            while fuzz.report.requests < chosen.requests and time.monotonic() < deadline:
                fuzz.round(until=chosen.requests, deadline=deadline)
        running.check()
    write_line("\n".join([*faults, str(fuzz.report)]))
    return 1 if faults or fuzz.report.failures else 0


if __name__ == "__main__":
    sys.exit(main())
