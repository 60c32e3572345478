"""`python -m <service> api|worker|migrate|replay`: the command line of every service; of some also `rebuild`.

An `api` serves HTTP. A `worker` runs the relay, the consumer and the jobs. Several processes of each kind may run, on any
machine.
"""

import argparse
import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from socket import socket
from typing import Any, TypeVar

import structlog
from fastapi import FastAPI

from shared import migrations, postgres, sealing, server
from shared.auth import LocalIssuerForbidden
from shared.connections import ConnectionLimits
from shared.database_start import DatabaseUnreachable, is_migrated
from shared.edge import HostsNotNamed, edge
from shared.files.settings import StoreRefused
from shared.logging import configure_logging
from shared.messaging.log import LogError
from shared.private_files import use_private_umask
from shared.service import (
    Foundation,
    Parts,
    RebuildRefused,
    Service,
    build_parts,
    consumer,
    runtime,
    worker_app,
)
from shared.settings import BadSettings, MissingSetting, ServiceSettings
from shared.tracing import export_spans

log = structlog.get_logger()

S = TypeVar("S", bound=ServiceSettings)

REFUSALS = (
    migrations.NotMigrated,
    MissingSetting,
    BadSettings,
    DatabaseUnreachable,
    postgres.TransactionPooling,
    RebuildRefused,
    LogError,
    LocalIssuerForbidden,
    HostsNotNamed,
    sealing.BadKeys,
    sealing.WrongKeys,
    server.PortBusy,
    StoreRefused,
)
"""Errors that an operator has to fix before the process can run. The command prints one sentence and exits with code 1."""


def main(service: Service[S], settings_class: Callable[[], S], create_app: Callable[[S], FastAPI]) -> None:
    """Run the command given on the command line. Exits with code 1 and a sentence if it cannot run."""
    chosen = _arguments(service)
    use_private_umask()
    try:
        settings = settings_class()
        configure_logging(settings.log_level, service=service.name)
        export_spans(settings, service.name)
        _do(chosen, service, settings, create_app)
    except REFUSALS as error:
        raise SystemExit(f"{service.package}: {error}") from None
    except Exception:  # crash with a log line of type and location: an error's message may contain personal data
        log.exception("the process failed")
        raise SystemExit(1) from None


def _arguments(service: Service[S]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog=f"python -m {service.package}", description=service.title)
    verbs = parser.add_subparsers(dest="verb", required=True)
    api = verbs.add_parser("api", help="serve HTTP")
    api.add_argument("--port", type=int, default=8000)
    worker = verbs.add_parser("worker", help="relay, consumer and jobs")
    worker.add_argument("--port", type=int, help="serve health and metrics here; by default nowhere")
    for each in (api, worker):
        each.add_argument("--host", default="127.0.0.1")
    verbs.add_parser("migrate", help="bring the database to the newest revision")
    replay = verbs.add_parser("replay", help="apply parked events again, in order")
    replay.add_argument("--key", help="one appeal's id; default: all")
    if service.rebuild is not None:
        verbs.add_parser("rebuild", help="build the tables again from the log, and switch to them")
    return parser.parse_args()


def _do(chosen: argparse.Namespace, service: Service[S], settings: S, create_app: Callable[[S], FastAPI]) -> None:
    if chosen.verb == "api":
        with server.listen(chosen.host, chosen.port) as listening:
            server.run(_serve(create_app(settings.model_copy(update={"worker": False})), settings, listening, chosen.host))
    elif chosen.verb == "worker":
        if chosen.port is None:
            server.run(_work(service, settings.model_copy(update={"worker": True}), None))
        else:
            with server.listen(chosen.host, chosen.port) as listening:
                server.run(_work(service, settings.model_copy(update={"worker": True}), listening))
    elif chosen.verb == "migrate":
        asyncio.run(_migrate(service, settings))
        print(f"{service.name}: the database is at revision {migrations.head(service.package)}")  # noqa: T201 - the command's answer
    elif chosen.verb == "rebuild":
        print("\n".join(asyncio.run(_rebuild(service, settings))))  # noqa: T201 - the command's answer
    else:
        print(f"{asyncio.run(_replay(service, settings, chosen.key))} events applied")  # noqa: T201 - the command's answer


async def _serve(app: FastAPI, settings: ServiceSettings, listening: socket, host: str) -> None:
    behind = edge(app, settings, host)
    async with app.router.lifespan_context(app):
        _check(migrated=app.state.migrated)
        server.settle_memory()
        await server.serve(behind, listening, limits=ConnectionLimits.of(settings))


async def _work(service: Service[S], settings: S, listening: socket | None) -> None:
    async with _started(service, settings) as parts:
        await service.check(parts)
        loops = runtime(service, parts, restart=False)
        working = [loops.run()]
        if listening is not None:
            working.append(server.serve(worker_app(service, settings, parts, loops), listening, limits=ConnectionLimits.of(settings)))
        server.settle_memory()
        await _until_one_ends(working)


async def _until_one_ends(working: Sequence[Coroutine[Any, Any, None]]) -> None:
    """Run the coroutines concurrently until one ends or fails, then cancel the others. Raises the error of a failed one."""
    tasks = [asyncio.create_task(each) for each in working]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        ends = await asyncio.gather(*tasks, return_exceptions=True)
    for end in ends:
        if isinstance(end, Exception):
            raise end


async def _migrate(service: Service[S], settings: S) -> None:
    parts = build_parts(service, settings, Foundation.build(settings))
    try:
        if not await is_migrated(service, parts.database):
            await migrations.migrate(parts.database, service.package)
    finally:
        await parts.database.close()


async def _replay(service: Service[S], settings: S, key: str | None) -> int:
    async with _started(service, settings) as parts:
        server.settle_memory()
        return await consumer(service, parts).replay(key)


async def _rebuild(service: Service[S], settings: S) -> Sequence[str]:
    async with _started(service, settings) as parts:
        return [] if service.rebuild is None else await service.rebuild(parts)


@asynccontextmanager
async def _started(service: Service[S], settings: S) -> AsyncIterator[Parts[S]]:
    """Yield the service's parts with the log started and the database reachable. Raises NotMigrated, DatabaseUnreachable or LogError."""
    foundation = Foundation.build(settings)
    parts = build_parts(service, settings, foundation)
    try:
        _check(migrated=await is_migrated(service, parts.database))
        await foundation.start()
        yield parts
    finally:
        await parts.database.close()
        await foundation.stop()


def _check(*, migrated: bool) -> None:
    if not migrated:
        raise migrations.NotMigrated("the database is not at the newest revision; run `migrate` first")
