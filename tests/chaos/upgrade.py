"""A rolling upgrade of running processes while appeals arrive: readers before writers, migrations that expand first and contract last.

The steps are those of docs/operations/processes.md. `test_processes.py` runs the short form, `make rolling-upgrade` the whole.
"""

import random
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from time import monotonic
from types import TracebackType
from typing import Final, Self
from uuid import uuid4

import httpx

from suite.processes import Kind, Process, Processes
from suite.tokens import issue
from tests.chaos.later_version import environment_of, second, third
from tests.patience import LONG_PATIENCE, PATIENCE
from tests.traffic import BODY

SENDERS: Final = 8  # more than requests that wait for a process which is exchanged
RETRY_SECONDS: Final = 0.2
VERIFICATIONS: Final = 4  # each waits up to a minute for events that are under way
AFTERWARDS: Final = 20  # appeals that the last version alone has to register
READERS_FIRST: Final = ("analytics", "provider-contact", "intake", "routing")


@dataclass
class Load:
    """Appeals at a fixed rate to one address. Each is sent until it is acknowledged, under one idempotency key."""

    url: str
    token: str
    per_second: float
    numbers: list[str] = field(default_factory=list)
    """Of the acknowledged appeals."""
    repeated: int = 0
    """Requests that got no acknowledgement."""
    longest: float = 0.0
    """Seconds from the first request of an appeal to its acknowledgement."""
    _stop: Event = field(default_factory=Event)

    def __enter__(self) -> Self:
        self._pool = ThreadPoolExecutor(SENDERS)
        self._sending = [self._pool.submit(self._send_all, position) for position in range(SENDERS)]
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stop.set()
        self._pool.shutdown()
        if error is None:
            for each in self._sending:
                each.result()

    def wait_for(self, more: int) -> None:
        """Wait until so many more appeals were acknowledged."""
        wanted, deadline = len(self.numbers) + more, monotonic() + LONG_PATIENCE
        while len(self.numbers) < wanted:
            assert monotonic() < deadline, f"{len(self.numbers)} of {wanted} appeals were acknowledged"
            assert not any(each.done() for each in self._sending)
            self._stop.wait(RETRY_SECONDS)

    def _send_all(self, position: int) -> None:
        interval = SENDERS / self.per_second
        due = monotonic() + interval * position / SENDERS
        with httpx.Client(base_url=self.url, timeout=PATIENCE, trust_env=False, headers={"Authorization": f"Bearer {self.token}"}) as http:
            while not self._stop.wait(max(0.0, due - monotonic())):
                self._send(http)
                due = max(due + interval, monotonic() - interval)

    def _send(self, http: httpx.Client) -> None:
        key, began = str(uuid4()), monotonic()
        while True:
            try:
                answer = http.post("/intake/v1/appeals", json=BODY, headers={"Idempotency-Key": key})
            except httpx.TransportError:
                answer = None
            if answer is not None and answer.status_code in {httpx.codes.OK, httpx.codes.CREATED}:
                self.numbers.append(answer.json()["number"])
                self.longest = max(self.longest, monotonic() - began)
                return
            assert answer is None or answer.status_code >= httpx.codes.INTERNAL_SERVER_ERROR, answer.text
            assert monotonic() - began < LONG_PATIENCE
            self.repeated += 1
            Event().wait(RETRY_SECONDS * random.uniform(0.5, 1.5))


class RollingUpgrade:
    """Exchanges the processes of a running suite for those of two later versions, one by one."""

    def __init__(self, running: Processes, folder: Path, front: str) -> None:
        self._running = running
        self._second = second(folder / "second")
        self.last = third(folder / "third", self._second)
        self._front = front

    def run(self, *, per_second: float, whole: bool) -> Load:
        """Upgrade under load and return it. `whole`: every process; else the workers, and the api that registers the appeals."""
        kinds: Mapping[str, Sequence[Kind]] = {
            service: ("worker", "api") if whole or service == "intake" else ("worker",) for service in READERS_FIRST
        }
        with Load(self._front, issue(self._running.data, "channel"), per_second) as load:
            load.wait_for(AFTERWARDS)
            self._migrate(self._second, "analytics")
            for service, chosen in kinds.items():
                for kind in chosen:
                    self._exchange(service, kind, self._second)
            load.wait_for(AFTERWARDS)
            self._migrate(self.last, "analytics")
            for kind in kinds["analytics"]:
                self._exchange("analytics", kind, self.last)
            load.wait_for(AFTERWARDS)
        self._running.check()
        return load

    def verify(self, environment: Mapping[str, str]) -> None:
        """Run `aryz verify` of the last version, again while events are under way."""
        for left in reversed(range(VERIFICATIONS)):
            said = self._command(
                self.last, "suite.cli", "verify", "--data", str(self._running.data), environment=environment, may_fail=left > 0
            )
            if "Not quiet" not in said:
                return

    def _migrate(self, version: Path, service: str) -> None:
        self._command(version, service, "migrate", environment={})

    def _exchange(self, service: str, kind: Kind, version: Path) -> None:
        """Workers overlap. An api keeps its address: it ends first, and whoever calls it tries again."""
        former = self._running.process(service, kind)
        later = self._running.replace(former, environment_of(version, {}), same_port=kind == "api")
        if kind == "api":
            self._end(former)
        later.start()
        later.wait_ready()
        if kind == "worker":
            self._end(former)

    @staticmethod
    def _end(process: Process) -> None:
        process.terminate()
        code = process.wait(PATIENCE)
        assert code == 0, f"{process} ended with {code}: {process.last_words()}"

    def _command(self, version: Path, *arguments: str, environment: Mapping[str, str], may_fail: bool = False) -> str:
        given = environment_of(version, {**self._running.environment, **environment})
        done = subprocess.run(
            [sys.executable, "-m", *arguments], env=given, capture_output=True, text=True, timeout=LONG_PATIENCE, check=False
        )
        said = done.stdout[-3000:] + done.stderr[-3000:]
        assert done.returncode == 0 or (may_fail and "Not quiet" in said), said
        return said
