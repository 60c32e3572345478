"""`aryz up`: the suite behind uvicorn in this process."""

import asyncio
import gc
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
import uvloop
from uvicorn.server import HANDLED_SIGNALS

from suite.app import create_suite
from suite.demo import fill

RARELY = (50_000, 20, 20)  # objects between two collections: requests and batches make many and hardly a cycle (it was 12 % of the time)
STOP_SECONDS = 20  # for answers under way; the loops need a moment more, and all of it stays within 30 s


class PortBusy(RuntimeError):
    """Somebody else listens there."""


class _Server(uvicorn.Server):
    """Says when it really serves, and leaves the end to the suite: uvicorn would let the signal end the process before the loops rest."""

    def __init__(self, config: uvicorn.Config, announce: Callable[[], None]) -> None:
        super().__init__(config)
        self._announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._announce()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for signal in HANDLED_SIGNALS:
            loop.add_signal_handler(signal, self.handle_exit, signal, None)
        try:
            yield
        finally:
            for signal in HANDLED_SIGNALS:
                loop.remove_signal_handler(signal)


def listen(host: str, port: int) -> socket.socket:
    """A socket on `port`, or on a free one for 0. Raises PortBusy."""
    listening = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(2048)  # at once: two who start together must not both believe the port to be theirs
    except OSError as error:
        listening.close()
        raise PortBusy(f"{host}:{port} cannot be used ({error.strerror}). Stop what listens there, or choose another --port.") from None
    return listening


def up(data: Path, host: str, port: int, *, demo: bool, announce: Callable[[str], None]) -> None:
    """Serve until a signal ends it. `announce` gets the suite's URL once it answers. Raises PortBusy or FolderInUse."""
    listening = listen(host, port)
    url = f"http://{host}:{listening.getsockname()[1]}"
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner, listening:
        runner.run(_serve(data, listening, url, demo=demo, announce=announce))


async def _serve(data: Path, listening: socket.socket, url: str, *, demo: bool, announce: Callable[[str], None]) -> None:
    suite = create_suite(data)
    config = uvicorn.Config(
        suite,
        lifespan="off",
        access_log=False,
        log_config=None,
        ws="none",
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=STOP_SECONDS,
    )
    filling: list[asyncio.Task[None]] = []

    def ready() -> None:
        announce(url)
        if demo:
            filling.append(asyncio.create_task(fill(url, data)))

    async with suite.running():
        gc.collect()
        gc.freeze()  # what was made at start lives as long as the process: no collection need look at it again
        gc.set_threshold(*RARELY)
        try:
            await _Server(config, ready).serve(sockets=[listening])
        finally:
            for task in filling:
                task.cancel()
            await asyncio.gather(*filling, return_exceptions=True)
