"""`aryz up`: serves the suite with uvicorn in this process."""

import asyncio
import socket
from collections.abc import Callable
from pathlib import Path

from shared import server
from shared.connections import ConnectionLimits
from shared.edge import EVERY_ADDRESS, edge
from suite.app import create_suite


def up(data: Path, host: str, port: int, *, demo: bool, announce: Callable[[str], None]) -> None:
    """Serve until a signal arrives. Calls `announce` with the suite's URL once it answers.

    Raises PortBusy, FolderInUse or HostsNotNamed.
    """
    with server.listen(host, port) as listening:
        url = f"http://{_reached_at(host)}:{listening.getsockname()[1]}"
        server.run(_serve(data, listening, host, url, demo=demo, announce=announce))


async def _serve(data: Path, listening: socket.socket, host: str, url: str, *, demo: bool, announce: Callable[[str], None]) -> None:
    suite = create_suite(data, demo=demo)
    behind = edge(suite, suite.foundation.settings, host)
    filling: list[asyncio.Task[None]] = []

    def ready() -> None:
        announce(url)
        if demo:
            from suite.demo import fill  # noqa: PLC0415 - a Kafka client and more that a start without demo data does not need

            filling.append(asyncio.create_task(fill(url, data)))

    async with suite.running():
        server.settle_memory()
        try:
            await server.serve(behind, listening, ready, ConnectionLimits.of(suite.settings))
        finally:
            for task in filling:
                task.cancel()
            await asyncio.gather(*filling, return_exceptions=True)


def _reached_at(host: str) -> str:
    """Return the address under which this machine reaches a server that listens on `host`."""
    if host in EVERY_ADDRESS:
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host
