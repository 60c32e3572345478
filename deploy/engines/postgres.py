"""A PostgreSQL server on loopback with disposable data, by default as durable as in production.

`initdb` refuses root, so for a superuser it runs as the user of the package.
"""

import os
import secrets
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

import psutil

from engines.authority import Certificate
from engines.processes import (
    Engine,
    EngineDidNotStart,
    EngineMissing,
    find_process,
    free_ports,
    reachable,
    rights_of,
    server_user,
    tail,
    write_private,
)

ROLE = "aryz"
WAIT_SECONDS = 90
DEBIAN = Path("/usr/lib/postgresql")

SETTINGS = """
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = ''
max_connections = 200
password_encryption = 'scram-sha-256'
fsync = on
synchronous_commit = on
full_page_writes = on
commit_delay = 300
commit_siblings = 2
shared_buffers = '256MB'
max_wal_size = '2GB'
timezone = 'UTC'
log_timezone = 'UTC'
log_checkpoints = off
log_statement = 'none'
log_min_error_statement = 'panic'
log_error_verbosity = 'terse'
"""  # the delay: docs/operations/processes.md; the last three keep statements and row values out of the server's log


UNSYNCED = """
fsync = off
commit_delay = 0
"""
"""A commit waits for the operating system alone: a killed server loses nothing, a machine without power may."""

TLS = """
ssl = on
ssl_cert_file = '{0}/server.pem'
ssl_key_file = '{0}/server.key'
ssl_min_protocol_version = 'TLSv1.2'
"""


def find_binaries() -> Path:
    """Return the folder of `initdb` and `pg_ctl`: the one in PATH, else Debian's newest. Raises EngineMissing."""
    if (found := shutil.which("initdb")) is not None:
        return Path(found).resolve().parent
    installed = sorted(DEBIAN.glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if not installed:
        raise EngineMissing("PostgreSQL is not installed (Debian: apt-get install postgresql)")
    return installed[-1].parent


class PostgresServer(Engine):
    """A server under `folder` that listens on 127.0.0.1 only. Its single role is a superuser with a password.

    An existing folder keeps its port, password and data, and a second object over it finds the running server. One that is not
    `synced` does not wait for the disk. With a `certificate` it accepts connections over TLS alone.
    """

    def __init__(self, folder: Path, *, port: int = 0, synced: bool = True, certificate: Certificate | None = None) -> None:
        self.folder = reachable(folder)
        self._data = self.folder / "data"
        self._log = self.folder / "server.log"
        self._address = self.folder / "url"
        self._port = port
        self._synced = synced
        self._certificate = certificate

    @property
    def url(self) -> str:
        """Return `postgresql://role:password@127.0.0.1:port` without a database name. Available once the server was started."""
        return self._address.read_text()

    @property
    def process(self) -> psutil.Process | None:
        """Return the server's first process, None if it does not run."""
        return find_process(self._data / "postmaster.pid", str(self._data))

    def start(self) -> None:
        """Start the server unless it runs, and wait until it answers. Raises EngineMissing, EngineDidNotStart."""
        if self.process is not None:
            return
        if not self._address.exists():
            self._initialise()
        self._run("pg_ctl", "start", "-D", str(self._data), "-l", str(self._log), "-w", "-t", str(WAIT_SECONDS))

    def stop(self) -> None:
        """Shut the server down, closing its sessions. The data stay."""
        if (process := self.process) is not None:
            self._signal_all(process, signal.SIGCONT)
            self._run("pg_ctl", "stop", "-D", str(self._data), "-m", "fast", "-w", "-t", str(WAIT_SECONDS))

    def restart(self) -> None:
        """Stop and start the server. Every session is closed."""
        self.stop()
        self.start()

    def kill(self) -> None:
        """Kill all processes, as a power cut would. The next start recovers from the write-ahead log."""
        if (process := self.process) is not None:
            killed = self._signal_all(process, signal.SIGKILL)
            psutil.wait_procs(killed, WAIT_SECONDS)

    def suspend(self) -> None:
        """Suspend all processes with SIGSTOP: connections stay open and nothing answers."""
        if (process := self.process) is not None:
            self._signal_all(process, signal.SIGSTOP)

    def resume(self) -> None:
        if (process := self.process) is not None:
            self._signal_all(process, signal.SIGCONT)

    def kill_all(self) -> None:
        self.kill()

    @staticmethod
    def _signal_all(process: psutil.Process, signal_number: signal.Signals) -> list[psutil.Process]:
        """Send a signal to all processes of the server, the first process first, so that it starts no new ones."""
        processes = [process]
        process.send_signal(signal_number)
        for child in process.children(recursive=True):
            try:
                child.send_signal(signal_number)
            except psutil.NoSuchProcess:
                continue
            processes.append(child)
        return processes

    def _initialise(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)  # the remains of an incomplete start
        self.folder.mkdir(parents=True, mode=0o700)
        user = server_user()
        if user is not None:
            os.chown(self.folder, user.pw_uid, user.pw_gid)
        password = secrets.token_urlsafe(24)
        with tempfile.NamedTemporaryFile("w", dir=self.folder) as secret:
            secret.write(password)
            secret.flush()
            if user is not None:
                os.chown(secret.name, user.pw_uid, user.pw_gid)
            self._run(
                "initdb", "-D", str(self._data), "--username", ROLE, "--pwfile", secret.name,
                "--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C.UTF-8",
            )  # fmt: skip
        port = self._port or free_ports(1)[0]
        with (self._data / "postgresql.conf").open("a") as settings:
            settings.write(SETTINGS.format(port=port) + ("" if self._synced else UNSYNCED))
            if self._certificate is not None:
                settings.write(TLS.format(self._data))
        if self._certificate is not None:
            write_private(self._data / "server.pem", self._certificate.chain, user)
            write_private(self._data / "server.key", self._certificate.key, user)
            write_private(self._data / "pg_hba.conf", b"hostssl all all 127.0.0.1/32 scram-sha-256\n", user)
        self._address.touch(mode=0o600)
        self._address.write_text(f"postgresql://{ROLE}:{password}@127.0.0.1:{port}")

    def _run(self, program: str, *arguments: str) -> None:
        """Run one of the server's programs as its user. Raises EngineMissing, and EngineDidNotStart with the program's output."""
        user = server_user()
        command = [str(find_binaries() / program), *arguments]
        run = subprocess.run(  # noqa: S603 - the server's own programs
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
            cwd=self.folder, env={**os.environ, "LC_ALL": "C.UTF-8"}, **rights_of(user),
        )  # fmt: skip
        if run.returncode:
            raise EngineDidNotStart(f"PostgreSQL's {program} failed: {run.stdout[-1500:]}{tail(self._log)}")
