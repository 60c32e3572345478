"""Fixtures of attachments: a real clamd with one signature (if it is missing, tests skip, or fail on a build server) and a double of S3."""

import os
import shutil
import socket
import subprocess
import sys
from contextlib import contextmanager

import httpx
import pytest

from tests.intake.attachments.samples import EICAR
from tests.patience import PATIENCE, wait_until
from tests.severing import wire


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


BUCKET = "synaq-files"


@pytest.fixture(scope="session")
def moto(tmp_path_factory):
    """Return the address of moto's server, a double of Amazon's S3 in its own process, with one bucket."""
    port, log = free_port(), tmp_path_factory.mktemp("moto") / "log"
    with log.open("w") as target:
        process = subprocess.Popen([sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)], stdout=target, stderr=target)
    try:
        url = f"http://127.0.0.1:{port}"
        wait_until(lambda: _has_bucket(url) or process.poll() is not None)
        assert process.poll() is None, log.read_text()
        yield url
    finally:
        process.terminate()
        process.wait(PATIENCE)


def _has_bucket(url):
    try:
        return httpx.put(f"{url}/{BUCKET}", trust_env=False).is_success
    except httpx.TransportError:
        return False


@pytest.fixture
async def bucket(moto, monkeypatch):
    """Configure a bucket behind a connection that can be cut. Read from it in a thread: the connection runs in this event loop."""
    async with wire(moto) as line:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{line.port}")
        monkeypatch.setenv("AWS_REGION", "us-east-1")
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.setenv(name, "synaq")
        yield line
