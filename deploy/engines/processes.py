"""What both engines need of the operating system: free ports, and processes that outlive whoever started them."""

import signal
import socket
import subprocess
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import psutil

STOP_SECONDS = 15  # an orderly end takes 1–3 s; whoever needs longer is killed
LOG_TAIL = 1500  # characters of a log that go into a refusal


class EngineMissing(RuntimeError):
    """A program or library is not on this machine; the message names the Debian package that brings it."""


class EngineDidNotStart(RuntimeError):
    """The engine ended, or was not ready in time; the message carries the end of its log."""


def free_ports(count: int) -> list[int]:
    """Ports of 127.0.0.1 that nobody listens on at this moment, all different."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in sockets]


def find_process(pid_file: Path, marker: str) -> psutil.Process | None:
    """The living process whose id is in `pid_file`, or None; `marker` in its command line tells it from a later one with the same id."""
    try:
        process = psutil.Process(int(pid_file.read_text().split()[0]))
        return process if marker in " ".join(process.cmdline()) else None  # a zombie has no command line
    except (OSError, IndexError, ValueError, psutil.NoSuchProcess):
        return None


def tail(log: Path) -> str:
    """The end of a log, or nothing when there is none."""
    return log.read_text(errors="replace")[-LOG_TAIL:] if log.exists() else ""


class Daemon:
    """A process with a session of its own and a pid file, so that another run of the command finds it again.

    `marker` is a word of its command line that no other process has: the path of its settings.
    """

    def __init__(self, pid_file: Path, log: Path, marker: str) -> None:
        self.log = log
        self._pid_file = pid_file
        self._marker = marker
        self._child: subprocess.Popen[bytes] | None = None

    def start(self, command: Sequence[str]) -> None:
        with self.log.open("ab") as log:
            self._child = subprocess.Popen(  # noqa: S603 - the engine's own command
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        self._pid_file.write_text(str(self._child.pid))

    def process(self) -> psutil.Process | None:
        if self._child is not None and self._child.poll() is None:  # a moment after its start it has no command line yet to be told by
            return psutil.Process(self._child.pid)
        return find_process(self._pid_file, self._marker)

    def send(self, signal_number: signal.Signals) -> None:
        """Send a signal; nothing happens when the process has gone."""
        if (process := self.process()) is not None:
            process.send_signal(signal_number)

    def wait(self, seconds: float) -> bool:
        """Wait for its end, and say whether it came."""
        try:
            if self._child is not None:
                self._child.wait(seconds)
            elif (process := self.process()) is not None:
                process.wait(seconds)
        except (subprocess.TimeoutExpired, psutil.TimeoutExpired):
            return False
        return True

    def stop(self) -> None:
        """End it in order, or by force after STOP_SECONDS."""
        self.send(signal.SIGCONT)  # a suspended process hears nothing else
        self.send(signal.SIGTERM)
        if not self.wait(STOP_SECONDS):
            self.kill()

    def kill(self) -> None:
        """End it as a power cut would."""
        self.send(signal.SIGKILL)
        self.wait(STOP_SECONDS)
