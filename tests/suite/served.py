"""The whole suite in a thread of this process, on a port of its own and by a clock that a test may move."""

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import uvicorn

from shared.clock import SystemClock
from suite.app import Suite, create_suite
from tests.patience import PATIENCE


class MovableClock(SystemClock):
    """A clock that begins at a time and goes on as the machine's does, and that a test may move forward."""

    def __init__(self, beginning: datetime) -> None:
        self._ahead = beginning - super().now()

    def now(self) -> datetime:
        return super().now() + self._ahead

    def advance(self, by: timedelta) -> None:
        self._ahead += by

    def advance_to(self, at: datetime) -> None:
        """Move forward to a time. A time in the past is a mistake of the test."""
        assert at > self.now()
        self._ahead += at - self.now()


@dataclass(frozen=True)
class ServedSuite:
    url: str
    data: Path
    clock: MovableClock
    issue: Callable[..., str] | None
    """Issue a token by the suite's clock: `issue("operator", region="KZ-43")`. None with an OIDC provider."""


@contextmanager
def served(data: Path, beginning: datetime, *, port: int = 0, **given: Any) -> Iterator[ServedSuite]:
    """Serve a suite until the block ends. `port`: 0 for a free one. `given` overrides settings of all services."""
    clock, ready = MovableClock(beginning), threading.Event()
    failed: list[BaseException] = []
    with socket.create_server(("127.0.0.1", port)) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        server: list[uvicorn.Server] = []
        suites: list[Suite] = []

        async def serve() -> None:
            suite = create_suite(data, clock=clock, public_url=url, **given)
            suites.append(suite)
            server.append(uvicorn.Server(uvicorn.Config(suite, log_config=None, access_log=False, lifespan="off", ws="none")))
            async with suite.running():
                ready.set()
                await server[0].serve(sockets=[listening])

        def run() -> None:
            try:
                asyncio.run(serve())
            except BaseException as error:  # noqa: BLE001 - the test's thread raises it
                failed.append(error)
                ready.set()

        thread = threading.Thread(target=run)
        thread.start()
        assert ready.wait(PATIENCE)
        try:
            assert not failed, failed
            issuer = suites[0].foundation.issuer
            yield ServedSuite(url, data, clock, issuer.issue if issuer else None)
        finally:
            if server:
                server[0].should_exit = True
            thread.join(PATIENCE)
    assert not failed, failed
