"""A suite as a separate process, for the demo, the benchmarks and the end-to-end tests."""

import os
import re
import select
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

START_SECONDS = 120  # seconds: a busy machine is slow, and only a fault takes this long
STOP_SECONDS = 30
UNLIMITED = {
    "ARYZ_CONNECTIONS_PER_ADDRESS": "0",
    "ARYZ_INTAKE_ANONYMOUS_PER_MINUTE": "0",
    "ARYZ_LOG_LEVEL": "WARNING",
}  # all requests come from one address, and logging would double the cost


class SuiteDidNotStart(RuntimeError):
    """The process ended or was not ready in time. The message contains the end of its log."""


@dataclass(frozen=True)
class RunningSuite:
    url: str
    data: Path
    process: subprocess.Popen[str]
    log: Path

    def kill(self) -> None:
        """Kill the process, as a power cut would."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> int:
        """Stop the process and return its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(STOP_SECONDS)


def start(data: Path, *, port: int = 0, environment: Mapping[str, str] | None = None, arguments: tuple[str, ...] = ()) -> RunningSuite:
    """Start `aryz up` over `data` and wait for its ready line. Raises SuiteDidNotStart."""
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    log = data / "suite.log"
    command = [sys.executable, "-m", "suite.cli", "up", "--port", str(port), "--data", str(data), *arguments]
    with log.open("a") as stderr:
        process = subprocess.Popen(  # noqa: S603 - our own command
            command, stdout=subprocess.PIPE, stderr=stderr, text=True, env={**os.environ, **(environment or UNLIMITED)}
        )
    assert process.stdout is not None  # noqa: S101 - it is a pipe
    ready, _, _ = select.select([process.stdout], [], [], START_SECONDS)
    line = process.stdout.readline() if ready else ""
    found = re.search(r"http://\S+?(?=/\s)", line)
    if found is None:
        process.kill()
        process.wait()
        process.stdout.close()
        raise SuiteDidNotStart(f"the suite did not start: {line}{log.read_text()[-2000:]}")
    return RunningSuite(found[0], data, process, log)


@contextmanager
def running(data: Path, *, environment: Mapping[str, str] | None = None, arguments: tuple[str, ...] = ()) -> Iterator[RunningSuite]:
    """Run a suite for the duration of the block."""
    suite = start(data, environment=environment, arguments=arguments)
    try:
        yield suite
    finally:
        try:
            suite.stop()
        except subprocess.TimeoutExpired:
            suite.kill()
        if suite.process.stdout is not None:
            suite.process.stdout.close()
