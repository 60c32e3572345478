"""`aryz up`: the suite behind uvicorn in this process."""

import asyncio
import socket
from collections.abc import Callable
from pathlib import Path

from shared import server
from shared.connections import ConnectionLimits
from suite.app import create_suite
from suite.demo import fill


def up(data: Path, host: str, port: int, *, demo: bool, announce: Callable[[str], None]) -> None:
    """Serve until a signal ends it. `announce` gets the suite's URL once it answers. Raises PortBusy or FolderInUse."""
    with server.listen(host, port) as listening:
        url = f"http://{host}:{listening.getsockname()[1]}"
        server.run(_serve(data, listening, url, demo=demo, announce=announce))


async def _serve(data: Path, listening: socket.socket, url: str, *, demo: bool, announce: Callable[[str], None]) -> None:
    suite = create_suite(data)
    filling: list[asyncio.Task[None]] = []

    def ready() -> None:
        announce(url)
        if demo:
            filling.append(asyncio.create_task(fill(url, data)))

    async with suite.running():
        server.settle_memory()
        try:
            await server.serve(suite, listening, ready, ConnectionLimits.of(suite.settings))
        finally:
            for task in filling:
                task.cancel()
            await asyncio.gather(*filling, return_exceptions=True)
