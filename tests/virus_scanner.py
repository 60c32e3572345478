"""A real clamd with one signature; if it is missing, tests skip, or fail on a build server."""

import os
import shutil
import socket
import subprocess
from contextlib import contextmanager

import pytest

from tests.patience import PATIENCE, wait_until
from tests.shared.files.samples import EICAR


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def is_up(port):
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as one:
            one.sendall(b"zPING\0")
            return one.recv(10).startswith(b"PONG")
    except OSError:
        return False


@contextmanager
def running_clamd(folder):
    program = shutil.which("clamd") or shutil.which("clamd", path="/usr/sbin:/usr/local/sbin")
    if program is None:
        if os.environ.get("CI") == "true":
            pytest.fail("clamd is missing (Debian: clamav-daemon)")
        pytest.skip("clamd is missing (Debian: clamav-daemon)")
    port = free_port()
    (folder / "signatures").mkdir()
    (folder / "signatures" / "test.ndb").write_text(f"Synaq.Eicar:0:*:{EICAR.hex()}\n")
    (folder / "clamd.conf").write_text(
        f"DatabaseDirectory {folder / 'signatures'}\nTCPSocket {port}\nTCPAddr 127.0.0.1\nForeground yes\nPidFile {folder / 'pid'}\n"
    )
    with (folder / "log").open("w") as log:
        process = subprocess.Popen([program, "-c", str(folder / "clamd.conf")], stdout=log, stderr=log)
    try:
        wait_until(lambda: is_up(port) or process.poll() is not None)
        assert process.poll() is None, (folder / "log").read_text()
        yield f"127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(PATIENCE)


@pytest.fixture(scope="session")
def clamd(tmp_path_factory):
    """Return the `host:port` of a clamd."""
    with running_clamd(tmp_path_factory.mktemp("clamd")) as address:
        yield address
