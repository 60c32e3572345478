"""The life of a server process: it listens, serves, handles termination signals and shuts down within a bounded time."""

import asyncio
import gc
import os
import socket
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from threading import Event, Timer
from typing import Any

import structlog
import uvicorn
import uvloop
from starlette.types import ASGIApp
from uvicorn.server import HANDLED_SIGNALS

from shared.connections import ConnectionLimits, Connections, ServerConfig

RARELY = (50_000, 20, 20)  # objects between two collections: requests create many and hardly a cycle (collection took 12 % of the time)
ANSWER_SECONDS = 20  # for responses in progress; the loops need some time after them
SUPPORTED_PYTHON = (3, 11, 10)  # the first with fixes of http.cookies (CVE-2024-7592) and ipaddress (CVE-2024-4032)
STOP_SECONDS = 28.0  # then the process exits at once: every process may be killed at any time, and nobody waits longer than 30 s

log = structlog.get_logger()
_stopping = Event()


def is_stopping() -> bool:
    """Return whether the server is shutting down. An endless response must end itself then."""
    return _stopping.is_set()


class PortBusy(RuntimeError):
    """Another process listens on the port."""


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens on `port`, or on a free port for 0. Raises PortBusy."""
    listening = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(2048)  # listen at once: of two processes that start together only one may get the port
    except OSError as error:
        listening.close()
        raise PortBusy(f"{host}:{port} cannot be used ({error.strerror}). Stop what listens there, or choose another --port.") from None
    return listening


def run(work: Coroutine[Any, Any, None]) -> None:
    """Run `work` until it ends or until SIGTERM or SIGINT cancels it. The cancellation is not an error."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_until_signalled(work))


async def serve(
    app: ASGIApp, listening: socket.socket, announce: Callable[[], None] = lambda: None, limits: ConnectionLimits | None = None
) -> None:
    """Serve `app` until a signal arrives, then finish the responses in progress. The caller manages the app's lifespan.

    `announce` is called once connections are accepted. `limits` apply to the connections of clients (default: the settings'
    defaults).
    """
    warn_of_old_python()
    connections = Connections(limits or ConnectionLimits())
    config = ServerConfig(
        app,
        connections,
        lifespan="off",
        access_log=False,
        log_config=None,
        ws="none",  # uvicorn would log a refused web socket with its path and client address
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=ANSWER_SECONDS,
    )
    watching = asyncio.create_task(connections.watch())
    try:
        await _Server(config, announce).serve(sockets=[listening])
    finally:
        watching.cancel()


def warn_of_old_python(running: tuple[int, ...] = sys.version_info[:3]) -> None:
    """Log a warning when the interpreter lacks security fixes that the supported patch levels have (docs/operations/processes.md)."""
    if running < SUPPORTED_PYTHON:
        log.warning(
            "python-without-security-fixes",
            version=".".join(map(str, running)),
            reason=f"use {'.'.join(map(str, SUPPORTED_PYTHON))} or a newer patch level",
        )


def settle_memory() -> None:
    """Exclude all existing objects from later garbage collections. Call this when the process has finished its start.

    There is no collection before: it took a twentieth of a start and freed one megabyte of half a million objects' memory.
    """
    gc.freeze()
    gc.enable()  # `shared.start` disables it during the start
    gc.set_threshold(*RARELY)


class _Server(uvicorn.Server):
    """uvicorn's server that reports when it accepts connections and leaves the end of the process to its caller.

    With uvicorn's own handling the signal would end the process before the loops have stopped.
    """

    def __init__(self, config: uvicorn.Config, announce: Callable[[], None]) -> None:
        super().__init__(config)
        self._announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._announce()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Handle signals like `run`, also during shutdown: a second signal changes nothing."""
        _on_signals(self._stop)
        yield

    def _stop(self) -> None:
        if not self.should_exit:
            _end_within(STOP_SECONDS)
            self.should_exit = True
            _stopping.set()


async def _until_signalled(work: Coroutine[Any, Any, None]) -> None:
    task = asyncio.get_running_loop().create_task(work)
    asked = False

    def stop() -> None:
        nonlocal asked
        if not asked:
            asked = True
            _end_within(STOP_SECONDS)
            task.cancel()

    _on_signals(stop)
    try:
        await task
    except asyncio.CancelledError:
        if not asked:
            raise


def _on_signals(answer: Callable[[], None]) -> None:
    loop = asyncio.get_running_loop()
    for signal in HANDLED_SIGNALS:
        loop.add_signal_handler(signal, answer)


def _end_within(seconds: float) -> None:
    def give_up() -> None:
        log.error("the process did not shut down in time and exits", seconds=seconds)
        os._exit(1)

    timer = Timer(seconds, give_up)  # in a thread: the event loop itself may be what hangs
    timer.daemon = True
    timer.start()
