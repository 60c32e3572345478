"""A Docker of the rehearsal alone: its daemon runs in a network, a mount and a process namespace that end with it."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

NAMESPACES: Final = ("unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc")
UNIFIED: Final = Path("/sys/fs/cgroup/unified")  # of a machine with both versions of control groups, which runtimes do not understand
START_SECONDS: Final = 60.0
POLL_SECONDS: Final = 0.5
BRIDGE: Final = "172.29.0.1/24"


class DockerMissing(RuntimeError):
    """Docker or Compose is missing, or does not start. The message says what to install."""


@contextmanager
def daemon(folder: Path) -> Iterator[None]:
    """Run a daemon with its data in `folder`, and let `docker` find it. Only in the namespaces of NAMESPACES, as root."""
    if UNIFIED.is_mount():
        subprocess.run(["umount", UNIFIED], check=True)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    folder.mkdir(parents=True, exist_ok=True)
    socket = f"unix://{folder}/docker.sock"
    folders = {"--data-root": "data", "--exec-root": "exec", "--pidfile": "pid"}
    command = ["dockerd", "--host", socket, "--bip", BRIDGE, *(f"{option}={folder / name}" for option, name in folders.items())]
    os.environ["DOCKER_HOST"] = socket
    with (folder / "dockerd.log").open("w") as log:
        try:
            running = subprocess.Popen(command, stdout=log, stderr=log)
        except FileNotFoundError:
            raise DockerMissing("there is no dockerd (Debian: apt-get install docker.io)") from None
    try:
        _wait(running, folder / "dockerd.log")
        yield
    finally:
        running.send_signal(signal.SIGTERM)
        running.wait()


def _wait(running: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while subprocess.run(["docker", "info"], capture_output=True, check=False).returncode:
        if running.poll() is not None or time.monotonic() > until:
            raise DockerMissing(f"dockerd does not start: {log.read_text(errors='replace')[-1500:]}")
        time.sleep(POLL_SECONDS)
    if subprocess.run(["docker", "compose", "version"], check=False).returncode:
        raise DockerMissing("there is no docker compose 2.26 or newer (Debian 13: apt-get install docker-compose)")
