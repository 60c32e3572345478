"""The suite as several processes: an `api` and a `worker` per service, on the engines that the environment names.

`python -m suite.processes` runs them until a signal arrives. The demo, the benchmarks and the chaos tests use `Processes`. The
processes share a data folder for keys and logs, find each other by `ARYZ_<SERVICE>_URL`, and are stopped in order: apis first,
workers last.
"""

import argparse
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from time import monotonic, sleep
from types import TracebackType
from typing import Final, Literal, Self

import httpx

from shared.private_files import use_private_umask
from shared.tls import authorities
from suite.lock import FolderInUse, locked

Kind = Literal["front", "api", "worker"]

HOST: Final = "127.0.0.1"
SERVICES: Final = ("intake", "provider-contact", "routing", "analytics")
KINDS: Final[tuple[Kind, ...]] = ("front", "api", "worker")
"""The kinds of processes in the order in which they are stopped."""
FRONT: Final = "suite"
FREE_PORTS: Final = range(20_000, 32_000)  # below those that the kernel gives to outgoing connections: a restart finds its port free again
START_SECONDS: Final = 180.0
ANSWERED_SECONDS: Final = 10.0  # then the workers are stopped, even if responses are unfinished
STOP_SECONDS: Final = 30.0
POLL_SECONDS: Final = 0.1
LAST_WORDS: Final = 2000  # characters of a log in an error message


class ProcessEnded(RuntimeError):
    """A process ended or was not ready in time. The message names it and contains the end of its log."""


class Process:
    """One process of a service. It can be restarted any number of times and always uses the same port."""

    def __init__(self, service: str, kind: Kind, port: int, log: Path, environment: Mapping[str, str]) -> None:
        self.service = service
        self.kind = kind
        self.url = f"http://{HOST}:{port}"
        self.log = log
        program = ["suite.front"] if kind == "front" else [service.replace("-", "_"), kind]
        self._command = [sys.executable, "-m", *program, "--host", HOST, "--port", str(port)]
        self._ready_url = f"{self.url}/health/ready" if kind == "front" else f"{self.url}/{service}/health/ready"
        self._environment = environment
        self._running: subprocess.Popen[bytes] | None = None

    def __str__(self) -> str:
        return f"{self.service} {self.kind}"

    @property
    def pid(self) -> int:
        """Return the id of the current process, or of the last one."""
        if self._running is None:
            raise ProcessEnded(f"{self} was not started")
        return self._running.pid

    @property
    def exit_code(self) -> int | None:
        """Return the exit code. None while the process runs and before the first start."""
        return None if self._running is None else self._running.poll()

    @property
    def is_running(self) -> bool:
        return self._running is not None and self._running.poll() is None

    def start(self) -> None:
        """Start the process. `wait_ready` waits until it is ready."""
        with self.log.open("a") as stderr:
            # Its own session: Ctrl-C in a terminal reaches only the supervisor, which stops all processes in order.
            self._running = subprocess.Popen(self._command, stderr=stderr, env=dict(self._environment), start_new_session=True)  # noqa: S603 - our own command

    def is_ready(self) -> bool:
        """Return whether the process reports ready. Raises ProcessEnded."""
        if not self.is_running:
            raise ProcessEnded(f"{self} ended with {self.exit_code}: {self.last_words()}")
        try:
            return httpx.get(self._ready_url, timeout=1.0, trust_env=False, verify=authorities()).is_success
        except httpx.TransportError:
            return False

    def wait_ready(self, patience: float = START_SECONDS) -> None:
        """Wait until the process is ready. Raises ProcessEnded if it ends or is not ready in time."""
        deadline = monotonic() + patience
        while not self.is_ready():
            if monotonic() > deadline:
                raise ProcessEnded(f"{self} is not ready after {patience:.0f} s: {self.last_words()}")
            sleep(POLL_SECONDS)

    def send(self, number: signal.Signals) -> None:
        if self._running is not None and self.is_running:
            self._running.send_signal(number)

    def kill(self) -> None:
        """Kill the process, as a power cut would."""
        self.send(signal.SIGKILL)
        self.wait(STOP_SECONDS)

    def suspend(self) -> None:
        self.send(signal.SIGSTOP)

    def resume(self) -> None:
        self.send(signal.SIGCONT)

    def terminate(self) -> None:
        """Ask the process to shut down in order. `wait` returns its exit code."""
        self.resume()
        self.send(signal.SIGTERM)

    def wait(self, patience: float) -> int | None:
        """Wait for the process and return its exit code. After `patience` seconds it is killed."""
        if self._running is None:
            return None
        try:
            return self._running.wait(max(0.0, patience))
        except subprocess.TimeoutExpired:
            self._running.kill()
            return self._running.wait()

    def last_words(self) -> str:
        return self.log.read_text(errors="replace")[-LAST_WORDS:] if self.log.exists() else ""


class Processes:
    """An api and a worker of every service. As a context manager it migrates and starts them, and stops them in order.

    `environment` is added to this process's own: `ARYZ_KAFKA_BOOTSTRAP`, `ARYZ_DATABASE_URL`, `ARYZ_PREFIX`, limits. With
    `front_port` a front serves all services under one address. All other ports are free ones.
    """

    def __init__(self, data: Path, *, environment: Mapping[str, str] | None = None, front_port: int | None = None) -> None:
        self.data = data.resolve()
        self._logs = self.data / "logs"
        wanted = [(service, kind) for kind in KINDS if kind != "front" for service in SERVICES]
        ports = _free_ports(len(wanted))
        self.urls: dict[str, str] = {service: f"http://{HOST}:{port}" for service, port in zip(SERVICES, ports, strict=False)}
        addresses = {f"ARYZ_{service.replace('-', '_').upper()}_URL": url for service, url in self.urls.items()}
        self._given = {**os.environ, **(environment or {}), **addresses, "ARYZ_DATA": str(self.data)}
        # Only the front sends requests for others, so the services trust its headers. Whom the front trusts is set by the operator.
        self.environment = {**self._given, "ARYZ_TRUSTED_PROXIES": json.dumps([f"{HOST}/32"])}
        self.all = [self._make(service, kind, port) for (service, kind), port in zip(wanted, ports, strict=True)]
        if front_port is not None:
            self.all.append(self._make(FRONT, "front", front_port))
        self._held = ExitStack()

    def url_of(self, service: str) -> str:
        return self.urls[service]

    def process(self, service: str, kind: Kind) -> Process:
        """Return the first process of a service and kind."""
        return next(each for each in self.all if (each.service, each.kind) == (service, kind))

    def add(self, service: str, kind: Kind) -> Process:
        """Add another process of a service and kind on a free port, without starting it."""
        [port] = _free_ports(1)
        self.all.append(self._make(service, kind, port))
        return self.all[-1]

    def replace(self, former: Process, environment: Mapping[str, str], *, same_port: bool) -> Process:
        """Put another process in the place of one, without ending that or starting this. `environment` is added to the usual one."""
        port = httpx.URL(former.url).port if same_port else None
        given = {**(self._given if former.kind == "front" else self.environment), **environment}
        later = self._make(former.service, former.kind, port or _free_ports(1)[0], given)
        self.all[self.all.index(former)] = later
        return later

    def start(self) -> None:
        """Migrate, start all processes and wait until they are ready. Raises ProcessEnded and FolderInUse."""
        self._held.enter_context(locked(self.data))
        try:
            self._logs.mkdir(mode=0o700, exist_ok=True)
            self.migrate()
            for each in self.all:
                each.start()
            for each in self.all:
                each.wait_ready()
        except BaseException:
            self.stop()
            raise

    def migrate(self) -> None:
        """Migrate every database to its newest revision. Raises ProcessEnded."""
        command = [sys.executable, "-m", "suite.cli", "migrate"]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False)  # noqa: S603 - our own command
        if done.returncode:
            raise ProcessEnded(f"the databases could not be migrated: {done.stderr[-LAST_WORDS:]}")

    def check(self) -> None:
        """Raise ProcessEnded if a started process has ended."""
        for each in self.all:
            if each.exit_code is not None:
                raise ProcessEnded(f"{each} ended with {each.exit_code}: {each.last_words()}")

    def stop(self) -> dict[str, int | None]:
        """Stop the front and the apis, then the workers, all within STOP_SECONDS. Returns the exit codes."""
        began = monotonic()
        for kind, longest in zip(KINDS, (ANSWERED_SECONDS / 2, ANSWERED_SECONDS, 0.0), strict=True):
            for each in self.of(kind):
                each.terminate()
            while any(each.is_running for each in self.of(kind)) and monotonic() - began < longest:
                sleep(POLL_SECONDS / 2)
        codes = {str(each): each.wait(began + STOP_SECONDS - monotonic()) for each in self.all}
        self._held.close()
        return codes

    def of(self, kind: Kind) -> list[Process]:
        return [each for each in self.all if each.kind == kind]

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def _make(self, service: str, kind: Kind, port: int, environment: Mapping[str, str] | None = None) -> Process:
        environment = environment or (self._given if kind == "front" else self.environment)
        return Process(service, kind, port, self._logs / f"{service}-{kind}-{port}.log", environment)


def _free_ports(count: int) -> Sequence[int]:
    found: set[int] = set()
    while len(found) < count:
        port = random.choice(FREE_PORTS)  # noqa: S311 - nothing secret
        with socket.socket() as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if trial.connect_ex((HOST, port)) != 0:
                found.add(port)
    return sorted(found)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m suite.processes", description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("ARYZ_DATA", ".run/data")), help="for keys and logs")
    parser.add_argument("--port", type=int, default=8000, help="of the one address for all of them")
    parser.add_argument("--demo", action="store_true", help="demo users to sign in as")
    chosen = parser.parse_args()
    use_private_umask()
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    try:
        return _supervise(Processes(chosen.data, environment={"ARYZ_DEMO": str(chosen.demo)}, front_port=chosen.port), stopping)
    except (ProcessEnded, FolderInUse) as error:
        print(f"aryz: {error}", file=sys.stderr)  # noqa: T201 - a person asked
        return 1


def _supervise(processes: Processes, stopping: threading.Event) -> int:
    with processes:
        for each in processes.all:
            print(f"{each!s:24} {each.url}  process {each.pid}  log {each.log}")  # noqa: T201 - a person asked
        url = processes.process(FRONT, "front").url
        doors = f"appeals {url}/intake/  desk {url}/routing/desk  figures {url}/analytics/dashboard"
        print(f"Aryz is ready: {url}/  {doors}", flush=True)  # noqa: T201 - a person asked
        while not stopping.wait(POLL_SECONDS):
            processes.check()
        codes = processes.stop()
    return 1 if any(codes.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
