"""`make fast-paths`: what each shortcut of docs/fast-paths.md brings, as processor time of its path with it and without it.

Each round runs, for each shortcut, the path as it is and the path with the plain form in place, one after the other. A shortcut's
gain is the processor time saved in the service's process, as a share of the time without it. Of the rounds the lower quartile counts:
other work on the machine only ever adds time. The server's time is the mean, because it is counted in hundredths of a second.
"""

import argparse
import asyncio
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import mean, quantiles
from typing import Any
from unittest.mock import patch

import aiosqlite
import psutil
import uvloop
from fastapi.routing import request_response
from rich.console import Console
from rich.table import Table
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.types import Receive, Scope, Send

import shared.idempotency
import shared.ids
import shared.messaging.consumer
import shared.messaging.envelope
from engines import PostgresServer
from intake.channels.app.api.registration import FastRegisterRoute
from routing.cases.handlers import registered
from shared import rows
from shared.fast import bulk, sqlite
from shared.fast.direct_routes import DirectRoutes
from shared.messaging import inbox, outbox
from shared.postgres import POOL_SIZE
from shared.server import settle_memory
from shared.settings import ServiceSettings
from tests.benchmarks import statements
from tests.benchmarks.paths import Accepting, MeasuredPath, accepting, consuming
from tests.benchmarks.statements import repeating

Without = Callable[[Any], AbstractContextManager[Any]]
"""Puts the plain form of a shortcut in place for a path."""


@dataclass(frozen=True)
class Spent:
    """Processor time of one run in µs per item: of the service's process, and of the database server."""

    own: float
    server: float


@dataclass(frozen=True)
class Pair:
    """Two runs after each other: with the shortcut, and with its plain form."""

    fast: Spent
    plain: Spent


@dataclass(frozen=True)
class Measured:
    """A path: how it is opened, how many items a run has, and its shortcuts by name."""

    open: Callable[[ServiceSettings], AbstractAsyncContextManager[MeasuredPath]]
    count: int
    shortcuts: Mapping[str, Without]
    on_postgres: bool = True


class _CommitPerRequest:
    """The plain form of the group commit: each request has its own transaction, as many at a time as the pool has connections."""

    def __init__(self, together: Callable[[Sequence[Any]], Any]) -> None:
        self._together = together
        self._connections = asyncio.Semaphore(POOL_SIZE)

    def submit(self, item: Any) -> asyncio.Future[Any]:
        return asyncio.ensure_future(self._store(item))

    async def _store(self, item: Any) -> Any:
        async with self._connections:
            (answer,) = await self._together([item])
        return answer


def _without_group_commit(path: Accepting) -> AbstractContextManager[Any]:
    register = path.app.state.intake.register
    return patch.object(register, "_group", _CommitPerRequest(register._register_group))


async def _through_fastapi(direct: DirectRoutes, scope: Scope, receive: Receive, send: Send) -> None:
    await direct.app(scope, receive, send)


def _without_fast_route(path: Accepting) -> AbstractContextManager[Any]:
    """Without both: the plain form of the route needs the stack that DirectRoutes leaves out."""
    (route,) = (each for each in path.app.router.routes if isinstance(each, FastRegisterRoute))
    return _without((route, "app", request_response(route.get_route_handler())), DIRECT)


async def _insert_waiting_by_core(session: AsyncSession) -> None:
    for table, waiting in session.info.pop("waiting", []):
        await rows.insert_rows(session, table, waiting)


@contextmanager
def _without(*replaced: tuple[object, str, object]) -> Iterator[None]:
    with ExitStack() as patches:
        for owner, name, plain in replaced:
            patches.enter_context(patch.object(owner, name, plain))
        yield


def plain(*replaced: tuple[object, str, object]) -> Without:
    """Return a `Without` that replaces attributes of modules."""
    return lambda _path: _without(*replaced)


async def _adapter_each_time(session: AsyncSession) -> Any:
    return (await (await session.connection()).get_raw_connection()).dbapi_connection


async def _locked_by_core(session: AsyncSession, wanted: Sequence[Any]) -> Sequence[Any]:
    table = inbox.consumer_offset.c
    position = (table.topic, table.partition)
    query = inbox.select(*position, table.next_offset).where(rows.equals_any(session, position, wanted))
    return (await session.execute(query.order_by(*position).with_for_update())).all()


async def _parked_by_core(session: AsyncSession) -> set[str]:
    return set((await session.execute(inbox.select(inbox.dead_letter.c.key).distinct())).scalars())


async def _in_thread(connection: Any, work: Callable[[], Any], *, may_wait: bool) -> Any:
    del may_wait
    return await connection._execute(work)


DIRECT = (DirectRoutes, "__call__", _through_fastapi)
WAITING = (
    (outbox, "insert_waiting", _insert_waiting_by_core),
    (shared.messaging.consumer, "insert_waiting", _insert_waiting_by_core),
)
NEW = tuple((module, "insert_new_rows", rows.insert_new_rows) for module in (shared.idempotency, inbox))
UPDATED = ((inbox, "update_rows", rows.update_rows),)
POSITIONS = ((inbox, "_locked", _locked_by_core), (inbox, "parked_keys", _parked_by_core))
INSERTED = ((bulk, "insert_rows", rows.insert_rows),)
BULK: Mapping[str, Without] = {"shared.fast.bulk": plain(*WAITING, *NEW, *UPDATED, *POSITIONS)}
UUIDS: Mapping[str, Without] = {
    "the driver's UUID class": plain(
        (shared.messaging.envelope, "read_uuid", uuid.UUID),
        (registered, "read_uuid", lambda written: uuid.UUID(bytes=written)),
        (shared.ids, "read_uuid", lambda written: uuid.UUID(bytes=written)),
    )
}
ROUTE: Mapping[str, Without] = {"DirectRoutes": plain(DIRECT), "FastRegisterRoute and DirectRoutes": _without_fast_route}
GROUP: Mapping[str, Without] = {"group commit": _without_group_commit}
DRIVER: Mapping[str, Without] = {
    "statements in the calling thread": plain((sqlite.OneTripConnection, "run", _in_thread)),
    "one trip to the thread per statement": plain((sqlite.OneTripConnection, "cursor", aiosqlite.Connection.cursor)),
}
PATHS: Mapping[str, Measured] = {
    "accepting on PostgreSQL, per appeal": Measured(accepting, 96, GROUP | ROUTE | BULK),
    "the same with one caller": Measured(partial(accepting, callers=1), 20, ROUTE | BULK),
    "routing's consumer, batches of 20, per event": Measured(partial(consuming, batch=20), 100, BULK | UUIDS),
    "routing's consumer, batches of 500, per event": Measured(partial(consuming, batch=500), 500, BULK | UUIDS),
    "accepting on SQLite, per appeal": Measured(accepting, 64, GROUP | DRIVER, on_postgres=False),
    "accepting on SQLite with one caller": Measured(partial(accepting, callers=1), 20, DRIVER, on_postgres=False),
    "a row read by its key on SQLite": Measured(partial(repeating, operation=statements.read_row), 200, DRIVER, on_postgres=False),
    "500 events into the outbox": Measured(partial(repeating, operation=statements.insert_events), 4, {"COPY": plain(*INSERTED)}),
    "rows of three tables, 16 each": Measured(
        partial(repeating, operation=statements.insert_appeals),
        20,
        {"one statement, not Core": plain((statements, "insert_waiting", _insert_waiting_by_core)), "not COPY": plain((bulk, "FEW", 0))},
    ),
    "16 Idempotency-Keys": Measured(partial(repeating, operation=statements.claim_keys), 20, {"arrays": plain(*NEW)}),
    "20 ids of applied events": Measured(partial(repeating, operation=statements.mark_applied), 20, {"arrays": plain(*NEW)}),
    "12 positions moved": Measured(partial(repeating, operation=statements.move_positions), 20, {"arrays": plain(*UPDATED)}),
    "12 positions locked, parked keys read": Measured(
        partial(repeating, operation=statements.read_positions),
        20,
        {"by the driver": plain(*POSITIONS), "connection cached": plain((bulk, "adapter_of", _adapter_each_time))},
    ),
}


async def run(settings: ServiceSettings, measured: Measured, server: psutil.Process | None, rounds: int) -> dict[str, list[Pair]]:
    """Return the pairs of each shortcut. The first round fills caches and is not counted."""
    found: dict[str, list[Pair]] = {name: [] for name in measured.shortcuts}
    async with measured.open(settings) as path:
        for number in range(rounds + 1):
            for name, without in measured.shortcuts.items():
                pair = {}
                for is_fast in (True, False) if number % 2 else (False, True):
                    path.prepare(measured.count)
                    with nullcontext() if is_fast else without(path):
                        pair[is_fast] = await _spent(path, measured.count, server)
                found[name] += [Pair(pair[True], pair[False])] if number else []
    return found


async def _spent(path: MeasuredPath, count: int, server: psutil.Process | None) -> Spent:
    before, server_before = time.process_time(), _server_seconds(server)
    await path.run()
    own = time.process_time() - before
    server_spent = sum(seconds - server_before.get(pid, 0.0) for pid, seconds in _server_seconds(server).items())
    return Spent(own / count * 1e6, server_spent / count * 1e6)


def _server_seconds(server: psutil.Process | None) -> Mapping[int, float]:
    """Return the processor time of each living process of the server."""
    found = {}
    for process in () if server is None else (server, *server.children(recursive=True)):
        with suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            found[process.pid] = times.user + times.system
    return found


def table_of(title: str, found: Mapping[str, Sequence[Pair]]) -> Table:
    """Return a table of a path's shortcuts."""
    table = Table(title, "µs with", "without", "gain %", "server µs with", "without")
    for column in table.columns[1:]:
        column.justify = "right"
    for name, pairs in found.items():
        with_it, without = (quantiles(own, n=4)[0] for own in zip(*((pair.fast.own, pair.plain.own) for pair in pairs), strict=True))
        servers = (mean(spent) for spent in zip(*((pair.fast.server, pair.plain.server) for pair in pairs), strict=True))
        gain = 100 * (1 - with_it / without)
        table.add_row(name, f"{with_it:.0f}", f"{without:.0f}", f"{gain:.1f}", *(f"{each:.0f}" for each in servers))
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=25)
    parser.add_argument("--path", choices=PATHS, action="append")
    chosen = parser.parse_args()
    console = Console(width=140)
    settle_memory()
    with tempfile.TemporaryDirectory(prefix="aryz-fast-") as folder, PostgresServer(Path(folder) / "postgres") as server:
        for number, (name, measured) in enumerate(PATHS.items()):
            if chosen.path and name not in chosen.path:
                continue
            data = Path(folder) / f"data-{number}"
            data.mkdir()
            given = {"database_url": server.url, "prefix": f"fast{number}"} if measured.on_postgres else {}
            settings = ServiceSettings(data=data, log_level="WARNING", **given)
            process = server.process if measured.on_postgres else None
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                console.print(table_of(name, runner.run(run(settings, measured, process, chosen.rounds))))


if __name__ == "__main__":
    main()
