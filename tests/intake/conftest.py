"""Intake on each engine: a real database, real HTTP in process, a clock moved by hand."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial

import httpx
import pytest

from intake.app import SERVICE, create_app
from intake.settings import Settings
from shared.clock import FakeClock
from shared.service import Foundation, build_parts
from tests.stored_protection import check_stored_rows

NOW = datetime(2026, 2, 2, 9, 15, tzinfo=UTC)  # a Monday, 14:15 in Kyzylorda


class Desk:
    """A running intake, and the ways to call it."""

    def __init__(self, app, client, foundation, clock, engine):
        self.app = app
        self.client = client
        self.foundation = foundation
        self.clock = clock
        self.engine = engine

    @property
    def parts(self):
        return self.app.state.parts

    def token(self, role, **claims):
        return {"Authorization": f"Bearer {self.foundation.issuer.issue(role, **claims)}"}

    async def file(self, headers=None, **changes):
        return await self.client.post("/intake/v1/appeals", json=appeal(**changes), headers=headers)

    async def track(self, number, pin=None, headers=None):
        return await self.client.get(f"/intake/v1/appeals/{number}", headers={**({"Appeal-Pin": pin} if pin else {}), **(headers or {})})

    async def rows(self, table):
        async with self.parts.database.read() as session:
            return (await session.execute(table.__table__.select())).all()


def appeal(**changes):
    return {
        "region": "KZ-43",
        "text": "Жүрек дәрігеріне жазылу мүмкін болмады",
        "applicant": {"full_name": "Сынақ Азамат", "iin": "991231501014", "phone": "8 701 000 00 00", "email": "synaq@mail.example"},
        "consents": ["PROCESSING"],
    } | changes


def open_connections(desk):
    """Return how many connections to intake's database are in use, each by a transaction or a snapshot."""
    database = desk.parts.database
    return sum(pool.checkedout() for pool in {database.engine.pool, database._reader.pool})


@asynccontextmanager
async def running(engine, folder, *, clock=None, **chosen):
    settings = Settings(data=folder, **engine.settings, **{"worker": False, "anonymous_per_minute": 0, **chosen})
    clock = clock or FakeClock(NOW)
    foundation = Foundation.build(settings, clock=clock)
    await foundation.start()
    parts = build_parts(SERVICE, settings, foundation)
    await engine.migrate(parts.database, SERVICE.package)
    await parts.database.close()
    app = create_app(settings, foundation)
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app, client=("192.0.2.1", 40000))
        async with httpx.AsyncClient(transport=transport, base_url="http://aryz.example") as client:
            yield Desk(app, client, foundation, clock, engine)
        await check_stored_rows("intake", app.state.parts.database)
    await foundation.stop()


@pytest.fixture
async def desk(engine, tmp_path) -> AsyncIterator[Desk]:
    async with running(engine, tmp_path) as running_desk:
        yield running_desk


@pytest.fixture
def neighbour(desk):
    """A second process of intake over the same data: what it shares with the first is the database alone."""

    @asynccontextmanager
    async def start():
        settings = Settings(data=desk.parts.settings.data, **desk.engine.settings, worker=False, anonymous_per_minute=0)
        app = create_app(settings, desk.foundation)
        async with app.router.lifespan_context(app):
            transport = httpx.ASGITransport(app, client=("192.0.2.2", 40000))
            async with httpx.AsyncClient(transport=transport, base_url="http://aryz.example") as client:
                yield Desk(app, client, desk.foundation, desk.clock, desk.engine)

    return start


@pytest.fixture
def start(engine):
    """`running`, for a test that chooses settings."""
    return partial(running, engine)


@pytest.fixture
def start_on():
    """`running`, for a test that brings an engine."""
    return running
