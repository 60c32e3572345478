"""Work in several steps holds its key by a lease: a dead holder is followed, and a late one stores nothing."""

import asyncio

import pytest
from pydantic import BaseModel
from sqlalchemy import select

from shared.clock import FakeClock
from shared.database import Database
from shared.errors import Unavailable
from shared.idempotency import Idempotency
from shared.idempotency_steps import LEASE, Steps, StepsDone
from shared.ids import RandomIds
from shared.messaging import tables
from shared.sealing import KeyRing, Pepper, Sealer
from tests.desk import NOW, units_of_work


class Note(BaseModel):
    text: str


@pytest.fixture
def clock():
    return FakeClock(NOW)


@pytest.fixture
async def database(engine, tmp_path, clock):
    database = Database(engine.url(tmp_path, "shared"), service="intake", clock=clock, ids=RandomIds())
    await engine.create(database, tables.metadata)
    yield database
    await database.close()


@pytest.fixture
def process(database, clock):
    """Return the steps as a process of its own has them: two processes share only the database."""

    def start():
        store = Idempotency(Sealer(KeyRing("k1", {"k1": b"1" * 32})), Pepper(b"2" * 32))
        return Steps(store, units_of_work(database, clock)), store.request("anonymous", "k", "import", Note(text="rows"))

    return start


def answers(text):
    async def work():
        return StepsDone(Note(text=text))

    return work


async def lost_process(process):
    """Start work that is never completed. Return its task, and the event with which it goes on."""
    steps, request = process()
    began, goes_on = asyncio.Event(), asyncio.Event()

    async def work():
        began.set()
        await goes_on.wait()
        return StepsDone(Note(text="late"))

    task = asyncio.create_task(steps.once(request, work))
    await began.wait()
    return task, goes_on


class TestLease:
    async def test_a_key_is_claimed_again_after_its_lease_and_the_late_holder_stores_nothing(self, process, clock, database):
        late, goes_on = await lost_process(process)
        clock.advance(LEASE)
        steps, request = process()
        first = await steps.once(request, answers("in time"))
        goes_on.set()
        await late
        steps, request = process()
        repeat = await steps.once(request, answers("again"))
        assert first.body == repeat.body == b'{"text":"in time"}'
        assert repeat.headers["Idempotency-Replayed"] == "true"
        assert len(await database.fetch_all(select(tables.idempotency))) == 1

    async def test_a_late_holder_that_fails_does_not_release_the_key_of_its_follower(self, process, clock, database):
        late, _ = await lost_process(process)
        clock.advance(LEASE)
        follower, goes_on = await lost_process(process)
        late.cancel()
        with pytest.raises(asyncio.CancelledError):
            await late
        assert len(await database.fetch_all(select(tables.idempotency))) == 1
        goes_on.set()
        assert (await follower).body == b'{"text":"late"}'

    async def test_during_the_lease_another_process_waits_and_then_has_to_come_again(self, process, clock, monkeypatch):
        late, goes_on = await lost_process(process)
        clock.advance(LEASE - LEASE / 60)
        monkeypatch.setattr("shared.idempotency_steps.WAIT_SECONDS", 0)
        steps, request = process()
        with pytest.raises(Unavailable):
            await steps.once(request, answers("second"))
        goes_on.set()
        assert (await late).body == b'{"text":"late"}'
