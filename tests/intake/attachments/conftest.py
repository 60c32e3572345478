"""Fixtures of attachments: a real clamd, and a double of S3."""

import subprocess
import sys

import httpx
import pytest

from tests.patience import PATIENCE, wait_until
from tests.severing import wire
from tests.virus_scanner import clamd, free_port  # noqa: F401 - pytest finds fixtures by name

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
