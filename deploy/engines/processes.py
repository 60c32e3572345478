"""Operating system helpers of the engines: free ports, and daemon processes."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psutil

SERVICE_USER = "postgres"  # the user created by the Debian packages of PostgreSQL and PgBouncer
POLL_SECONDS = 0.05

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


def bring_libraries(pom: Path, libraries: Path, name: str) -> bool:
    """Download Java libraries with Maven unless they are present. Returns whether anything was downloaded. Raises EngineMissing."""
    complete = libraries / "complete"
    if complete.exists() and complete.read_bytes() == pom.read_bytes():
        return False
    maven = shutil.which("mvn")
    if maven is None:
        raise EngineMissing(f"{name}'s libraries come by Maven, which is not installed (Debian: apt-get install maven)")
    shutil.rmtree(libraries, ignore_errors=True)  # files of another version must not stay on the class path
    command = [maven, "-q", "-B", "-f", str(pom), "dependency:copy-dependencies", "-DincludeScope=runtime"]
    run = subprocess.run(  # noqa: S603 - Maven with our own file
        [*command, f"-DoutputDirectory={libraries}"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if run.returncode:
        raise EngineMissing(f"Maven could not bring {name}'s libraries:\n{run.stdout[-1500:]}")
    complete.write_bytes(pom.read_bytes())
    return True


def find_java() -> str:
    """Return the path of the Java that runs the engines: that of JAVA_HOME, else the first in PATH. Raises EngineMissing."""
    home = os.environ.get("JAVA_HOME")
    java = shutil.which("java", path=f"{home}/bin" if home else None)
    if java is None:
        raise EngineMissing("Java 17 is needed, which is not installed (Debian: apt-get install default-jre-headless)")
    return java


def reachable(folder: Path) -> Path:
    """Return `folder`, or one under /var/tmp named after it if the server's user may not enter it (root's home, a private folder)."""
    folder = folder.absolute()
    if os.geteuid() != 0 or all(parent.stat().st_mode & 0o001 for parent in folder.parents if parent.exists()):
        return folder
    return Path("/var/tmp") / ("aryz" + str(folder).replace("/", "-"))  # noqa: S108 - the server's own user owns it, mode 700


def server_user() -> pwd.struct_passwd | None:
    """Return the user of servers that refuse root: the packages' user for root, None (the current one) otherwise. Raises EngineMissing."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam(SERVICE_USER)
    except KeyError:
        raise EngineMissing(
            f"PostgreSQL does not run as root, and there is no user {SERVICE_USER} (Debian: apt-get install postgresql)"
        ) from None


def rights_of(user: pwd.struct_passwd | None) -> dict[str, Any]:
    """Return the arguments of `subprocess` that run a program as `user`."""
    return {} if user is None else {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def write_private(file: Path, content: bytes, user: pwd.struct_passwd | None) -> Path:
    """Write a file that only `user` may read, and return its path."""
    file.touch(mode=0o600)
    file.write_bytes(content)
    if user is not None:
        os.chown(file, user.pw_uid, user.pw_gid)
    return file


class Engine(ABC):
    """A server whose files are under `folder`, and which runs for the duration of its `with` block."""

    folder: Path

    @abstractmethod
    def start(self) -> None:
        """Start the server and wait until it answers. Raises EngineMissing, EngineDidNotStart."""

    @abstractmethod
    def kill_all(self) -> None:
        """Kill every process of the server, as a power cut would."""

    def remove(self) -> None:
        """Kill the server and delete its files."""
        self.kill_all()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.remove()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.remove()


class Daemon:
    """A process with its own session and a pid file, so that a later command finds it again.

    `marker` is a word that occurs only in its command line: the path of its settings.
    """

    def __init__(self, pid_file: Path, log: Path, marker: str) -> None:
        self.log = log
        self._pid_file = pid_file
        self._marker = marker
        self._child: subprocess.Popen[bytes] | None = None

    def start(self, command: Sequence[str], environment: Mapping[str, str] | None = None, *, user: pwd.struct_passwd | None = None) -> None:
        """Start the process as `user`. `environment`: its variables, by default those of this process."""
        with self.log.open("ab") as log:
            self._child = subprocess.Popen(  # noqa: S603 - the engine's own command
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment, start_new_session=True, **rights_of(user)
            )
        self._pid_file.write_text(str(self._child.pid))

    def wait_listening(self, port: int, seconds: float, name: str) -> None:
        """Wait until the process accepts connections on a port of 127.0.0.1. Raises EngineDidNotStart."""
        until = time.monotonic() + seconds
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return
            if self.process() is None or time.monotonic() > until:
                raise EngineDidNotStart(f"{name} did not start: {tail(self.log)}")
            time.sleep(POLL_SECONDS)

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
