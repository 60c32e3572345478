"""A small service for tests of messaging. The test provides the `log`; the database is that of `engine`."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
import structlog
from sqlalchemy import Column, Integer, MetaData, String, Table, Uuid, insert, select

from shared.clock import Clock, FakeClock
from shared.contracts import TOPICS, CaseClaimed, CaseClosed
from shared.database import Database
from shared.ids import RandomIds
from shared.messaging import outbox, tables
from shared.messaging.consumer import Consumer
from shared.messaging.handling import Batch, Handlers
from shared.messaging.log import EventLog
from shared.messaging.relay import Relay
from shared.sealing import KeyRing, Pepper, Sealer
from shared.telemetry import Metrics
from shared.unit_of_work import UnitOfWork, UnitsOfWork
from tests.patience import PATIENCE

NOW = datetime(2026, 2, 2, 9, 0, tzinfo=UTC)

metadata = MetaData()
seen = Table("seen", metadata, Column("id", Integer, primary_key=True), Column("appeal_id", Uuid), Column("fact", String))


def units_of_work(database: Database, clock: Clock, audit: Table | None = None) -> UnitsOfWork:
    """Return the units of work of a test's own service."""
    sealer, pepper = Sealer(KeyRing("k1", {"k1": b"1" * 32})), Pepper(b"2" * 32)
    return UnitsOfWork(database, clock=clock, ids=RandomIds(), sealer=sealer, pepper=pepper, audit=audit)


class Desk:
    """Records the events it receives. It can be set to fail for some appeals."""

    def __init__(self, database: Database, log: EventLog, clock: FakeClock) -> None:
        self.database, self.log, self.clock = database, log, clock
        self.units = units_of_work(database, clock)
        self.broken: set[UUID] = set()
        self.down = False
        self.metrics = Metrics("routing")
        self.handlers: Handlers = {CaseClaimed: self._record, CaseClosed: self._record}
        self.consumer = self.another_consumer()

    def another_consumer(self) -> Consumer:
        return Consumer(self.units, self.log, TOPICS, self.handlers, {}, metrics=self.metrics)

    async def _record(self, work: UnitOfWork, batch: Batch[CaseClaimed | CaseClosed]) -> None:
        if self.down:
            raise ConnectionError
        for one in batch.received:
            if one.event.appeal_id in self.broken:
                raise ValueError("cannot be applied")
        rows = [{"appeal_id": one.event.appeal_id, "fact": one.event.FACT} for one in batch.received]
        await work.session.execute(insert(seen), rows)

    async def consumed(self, appeal_id: UUID | None = None) -> list[str]:
        async with self.database.read() as session:
            query = select(seen.c.fact).order_by(seen.c.id)
            rows = await session.execute(query if appeal_id is None else query.where(seen.c.appeal_id == appeal_id))
            return list(rows.scalars())

    async def count(self, table: Table) -> int:
        async with self.database.read() as session:
            return len((await session.execute(select(table))).all())

    async def emit(self, *events: CaseClaimed | CaseClosed) -> None:
        async with self.database.write() as session:
            for event in events:
                outbox.append(session, event)

    async def relay_all(self) -> None:
        relay = Relay(self.database, self.log, self.clock, self.metrics)
        while await relay.step():
            pass
        await relay.release()


@pytest.fixture
def eventually():
    async def wait(condition: Callable[[], Awaitable[bool]], seconds: float = PATIENCE) -> None:
        async with asyncio.timeout(seconds):
            while not await condition():
                await asyncio.sleep(0.01)

    return wait


@pytest.fixture
def running():
    """Run a loop in the background of the test and cancel it at the end. An error of the loop is raised here."""

    @asynccontextmanager
    async def in_background(run: Callable[[], Awaitable[None]]) -> AsyncIterator[asyncio.Task[None]]:
        task = asyncio.create_task(run())
        yield task
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    return in_background


@pytest.fixture(autouse=True)
def _quiet_logs():
    """Log without rendered tracebacks, which are slow."""
    with structlog.testing.capture_logs():
        yield


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(NOW)


@pytest.fixture
async def desk(engine, tmp_path, log, clock) -> AsyncIterator[Desk]:
    database = Database(engine.url(tmp_path, "shared"), service="routing", clock=clock, ids=RandomIds())
    await engine.create(database, tables.metadata, metadata)
    yield Desk(database, log, clock)
    await database.close()


@pytest.fixture
def appeal_id() -> UUID:
    return uuid4()
