"""Operating system helpers of the engines: free ports, and daemon processes."""

import signal
import socket
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import psutil

STOP_SECONDS = 15  # an orderly shutdown takes 1–3 s; after this time the process is killed
LOG_TAIL = 1500  # characters of a log in an error message


class EngineMissing(RuntimeError):
    """A program or library is missing on this machine. The message names the Debian package that contains it."""


class EngineDidNotStart(RuntimeError):
    """The engine ended or was not ready in time. The message contains the end of its log."""


def free_ports(count: int) -> list[int]:
    """Return distinct ports of 127.0.0.1 on which nothing listens at present."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in sockets]


def find_process(pid_file: Path, marker: str) -> psutil.Process | None:
    """Return the process whose id is in `pid_file`, None if it does not exist.

    `marker` must occur in its command line: another process may have the same id by now.
    """
    try:
        process = psutil.Process(int(pid_file.read_text().split()[0]))
        return process if marker in " ".join(process.cmdline()) else None  # a zombie has no command line
    except (OSError, IndexError, ValueError, psutil.NoSuchProcess):
        return None


def tail(log: Path) -> str:
    """Return the end of a log, or an empty string if there is none."""
    return log.read_text(errors="replace")[-LOG_TAIL:] if log.exists() else ""


class Daemon:
    """A process with its own session and a pid file, so that a later command finds it again.

    `marker` is a word that occurs only in its command line: the path of its settings.
    """

    def __init__(self, pid_file: Path, log: Path, marker: str) -> None:
        self.log = log
        self._pid_file = pid_file
        self._marker = marker
        self._child: subprocess.Popen[bytes] | None = None

    def start(self, command: Sequence[str], environment: Mapping[str, str] | None = None) -> None:
        """Start the process. `environment`: its variables, by default those of this process."""
        with self.log.open("ab") as log:
            self._child = subprocess.Popen(  # noqa: S603 - the engine's own command
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment, start_new_session=True
            )
        self._pid_file.write_text(str(self._child.pid))

    def process(self) -> psutil.Process | None:
        if self._child is not None and self._child.poll() is None:  # a new process has no command line yet
            return psutil.Process(self._child.pid)
        return find_process(self._pid_file, self._marker)

    def send(self, signal_number: signal.Signals) -> None:
        """Send a signal. Does nothing if the process has ended."""
        if (process := self.process()) is not None:
            process.send_signal(signal_number)

    def wait(self, seconds: float) -> bool:
        """Wait until the process ends and return whether it did."""
        try:
            if self._child is not None:
                self._child.wait(seconds)
            elif (process := self.process()) is not None:
                process.wait(seconds)
        except (subprocess.TimeoutExpired, psutil.TimeoutExpired):
            return False
        return True

    def stop(self) -> None:
        """Stop the process, by force after STOP_SECONDS."""
        self.send(signal.SIGCONT)  # a suspended process handles no other signal
        self.send(signal.SIGTERM)
        if not self.wait(STOP_SECONDS):
            self.kill()

    def kill(self) -> None:
        """Kill the process, as a power cut would."""
        self.send(signal.SIGKILL)
        self.wait(STOP_SECONDS)
