"""Leases: one holder at a time, on both engines, however processes and clocks behave."""

import asyncio
import signal
import sys
from datetime import timedelta
from random import Random

import pytest
from sqlalchemy import insert, select, update

from shared.clock import FakeClock
from shared.database import Database
from shared.ids import RandomIds
from shared.leases import RELEASED, Lease, LeaseLost
from tests.patience import PATIENCE
from tests.shared.claiming import LENGTH, NOW, job, jobs, metadata, named_lease, task_lease

SECOND = timedelta(seconds=1)
POSTGRES = pytest.mark.parametrize("engine", ["postgres"], indirect=True)  # SQLite has one writer at a time
ids = RandomIds()


@pytest.fixture
def clock():
    return FakeClock(NOW)


@pytest.fixture
async def database(engine, tmp_path, clock):
    database = Database(engine.url(tmp_path, "routing"), service="routing", clock=clock, ids=ids)
    await engine.create(database, metadata)
    yield database
    await database.close()


async def add_jobs(database, *due, kind="mail"):
    async with database.write() as session:
        await session.execute(insert(job), [{"id": number, "kind": kind, "due_at": at, "attempts": 0} for number, at in enumerate(due)])


def lease_from(now):
    return Lease(ids.new(), now + LENGTH)


async def claim(database, lease, now, limit=100, where=None):
    """Claim as a worker does: in a transaction of its own."""
    async with database.write() as session:
        return set(await jobs.claim(session, lease, now, limit, where=where))


async def complete(database, key, holder):
    """Complete a job under the condition that the worker holds it. Return whether it was completed."""
    completed = update(job).where(job.c.id == key, jobs.is_held(holder)).values(due_at=None, **RELEASED)
    async with database.write() as session:
        return (await session.execute(completed.returning(job.c.id))).one_or_none() is not None


async def row_of(database, key):
    [row] = await database.fetch_all(select(job).where(job.c.id == key))
    return row


async def killed(database, moment):
    """Run a process that claims a job and is killed."""
    url = database.engine.url.render_as_string(hide_password=False)
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "tests.shared.claiming", url, moment)
    assert await process.wait() == -signal.SIGKILL


class TestRowLeases:
    async def test_rows_that_are_due_are_claimed_longest_due_first(self, database):
        await add_jobs(database, NOW, NOW - SECOND, NOW + SECOND, NOW - 2 * SECOND, None)
        lease = lease_from(NOW)
        assert await claim(database, lease, NOW, 2) == {1, 3}
        assert await claim(database, lease_from(NOW), NOW) == {0}
        row = await row_of(database, 3)
        assert (row.leased_by, row.leased_until, row.attempts) == (*lease, 1)

    async def test_a_condition_narrows_the_rows(self, database):
        await add_jobs(database, NOW, NOW, NOW)
        assert await claim(database, lease_from(NOW), NOW, where=job.c.id > 1) == {2}

    async def test_workers_that_claim_at_once_never_hold_the_same_row(self, database):
        await add_jobs(database, *[NOW] * 60)
        claimed = await asyncio.gather(*(claim(database, lease_from(NOW), NOW, 7) for _ in range(12)))
        assert sum(len(keys) for keys in claimed) == len(set().union(*claimed)) == 60

    @POSTGRES
    async def test_rows_that_another_transaction_is_claiming_are_skipped(self, database):
        await add_jobs(database, NOW, NOW, NOW)
        async with database.write() as first:
            assert len(await jobs.claim(first, lease_from(NOW), NOW, 2)) == 2
            assert len(await claim(database, lease_from(NOW), NOW)) == 1

    async def test_a_held_row_is_claimed_again_only_after_its_lease(self, database):
        await add_jobs(database, NOW)
        await claim(database, lease_from(NOW), NOW)
        assert await claim(database, lease_from(NOW), NOW + LENGTH - SECOND) == set()
        assert await claim(database, lease_from(NOW), NOW + LENGTH) == {0}
        assert (await row_of(database, 0)).attempts == 2

    async def test_a_holder_whose_lease_ended_completes_nothing_that_another_claimed(self, database):
        await add_jobs(database, NOW)
        first, second = lease_from(NOW), lease_from(NOW + LENGTH)
        await claim(database, first, NOW)
        await claim(database, second, NOW + LENGTH)
        assert not await complete(database, 0, first.holder)
        assert (await row_of(database, 0)).leased_by == second.holder
        assert await complete(database, 0, second.holder)
        assert not await complete(database, 0, second.holder)

    async def test_a_late_holder_completes_what_nobody_else_claimed(self, database):
        await add_jobs(database, NOW)
        late = lease_from(NOW)
        await claim(database, late, NOW)
        assert await complete(database, 0, late.holder)
        assert await claim(database, lease_from(NOW), NOW + LENGTH) == set()

    async def test_a_row_without_a_holder_is_not_held_by_anybody(self, database):
        await add_jobs(database, NOW)
        assert not await complete(database, 0, ids.new())
        assert await complete(database, 0, None)

    async def test_a_row_claimed_by_a_killed_process_is_claimed_again_after_its_lease(self, database):
        await add_jobs(database, NOW)
        await killed(database, "after")
        assert await claim(database, lease_from(NOW), NOW + LENGTH - SECOND) == set()
        assert await claim(database, lease_from(NOW), NOW + LENGTH) == {0}

    async def test_a_process_killed_before_its_commit_has_claimed_nothing(self, database):
        await add_jobs(database, NOW)
        await killed(database, "before")
        async with asyncio.timeout(PATIENCE):
            while not await claim(database, lease_from(NOW), NOW):
                await asyncio.sleep(0.01)  # PostgreSQL releases the row when it notices that the connection is closed
        assert (await row_of(database, 0)).attempts == 1

    @pytest.mark.parametrize("seed", range(3))
    async def test_every_row_is_completed_once_however_workers_are_suspended(self, database, clock, seed):
        """Workers claim, are suspended for any time, and complete. A holder within its lease is never followed."""
        random = Random(seed)
        await add_jobs(database, *[NOW] * 10)
        claims, completed = [], []
        while len(completed) < 10:
            if claims and random.random() < 0.5:
                key, lease = claims.pop(random.randrange(len(claims)))
                if await complete(database, key, lease.holder):
                    completed.append(key)
                else:
                    assert clock.now() >= lease.until
            else:
                lease = lease_from(clock.now())
                held = {key for key, other in claims if clock.now() < other.until}
                found = await claim(database, lease, clock.now(), random.randint(1, 4))
                assert not found & (held | set(completed))
                claims += [(key, lease) for key in found]
            clock.advance(random.choice([timedelta(), LENGTH / 4, LENGTH]))
        assert sorted(completed) == list(range(10))


class TestNamedLease:
    async def test_one_process_holds_a_name(self, database, clock):
        leader, standby, other = named_lease(database, clock), named_lease(database, clock), named_lease(database, clock, "poll")
        assert await leader.acquire()
        assert not await standby.acquire()
        assert await leader.acquire()
        assert await other.acquire()

    async def test_of_many_that_want_a_lease_at_once_one_holds_it(self, database, clock):
        for _ in range(5):
            leases = [named_lease(database, clock) for _ in range(8)]
            assert sum(await asyncio.gather(*(lease.hold(LENGTH) for lease in leases))) <= 1
            clock.advance(LENGTH)
            assert sum(await asyncio.gather(*(lease.hold(LENGTH) for lease in leases))) == 1

    async def test_a_lease_that_is_renewed_stays_with_its_holder(self, database, clock):
        leader, standby = named_lease(database, clock), named_lease(database, clock)
        await leader.acquire()
        for _ in range(10):
            assert not await standby.acquire()
            clock.advance(LENGTH - SECOND)
            assert await leader.hold(LENGTH / 2)

    async def test_a_renewal_that_is_not_committed_does_not_count(self, database, clock):
        lease = named_lease(database, clock)
        assert await lease.acquire()
        clock.advance(SECOND)
        left = lease.left
        with pytest.raises(RuntimeError):
            async with database.write() as session:
                await lease.renew(session)
                raise RuntimeError
        assert lease.left == left
        async with database.write() as session:
            await lease.renew(session)
        assert lease.left == LENGTH

    async def test_a_lease_is_acquired_when_it_was_not_renewed_for_its_whole_length(self, database, clock):
        leader, standby = named_lease(database, clock), named_lease(database, clock)
        await leader.acquire()
        assert not await standby.acquire()
        clock.advance(LENGTH - SECOND)
        assert not await standby.acquire()
        clock.advance(SECOND)
        assert await standby.acquire()
        assert not await leader.hold(LENGTH)

    async def test_a_former_holder_writes_nothing_in_the_transaction_in_which_it_renews(self, database, clock):
        former, follower = named_lease(database, clock), named_lease(database, clock)
        await former.acquire()
        await follower.acquire()
        clock.advance(LENGTH)
        await follower.acquire()

        async def write():
            async with database.write() as session:
                await session.execute(insert(job), {"id": 1, "kind": "mail", "attempts": 0})
                await former.renew(session)

        with pytest.raises(LeaseLost):
            await write()
        assert await database.fetch_all(select(job)) == []
        assert not await former.acquire()
        await former.release()
        assert await follower.hold(LENGTH)

    async def test_only_the_holder_deletes_and_by_that_renews_the_lease(self, database, clock):
        former, follower = named_lease(database, clock), named_lease(database, clock)
        await add_jobs(database, NOW, NOW, NOW)
        keys = [row.id for row in await database.fetch_all(select(job).order_by(job.c.id))]
        await former.acquire()
        await follower.acquire()
        clock.advance(SECOND)
        await former.delete(job, keys[:1])
        assert former.left == LENGTH
        [row] = await database.fetch_all(select(task_lease.c.expires_at))
        assert row.expires_at == clock.now() + LENGTH
        assert not await follower.acquire()
        clock.advance(LENGTH)
        assert await follower.acquire()
        with pytest.raises(LeaseLost):
            await former.delete(job, keys[1:])
        assert [row.id for row in await database.fetch_all(select(job).order_by(job.c.id))] == keys[1:]
        await follower.delete(job, [])
        assert follower.left == LENGTH

    async def test_a_former_holder_may_follow_its_follower(self, database, clock):
        first, second = named_lease(database, clock), named_lease(database, clock)
        await first.acquire()
        for former, follower in ((first, second), (second, first), (first, second)):
            assert not await follower.acquire()
            clock.advance(LENGTH)
            assert await follower.acquire()
            assert not await former.hold(LENGTH)

    async def test_a_released_lease_is_free_at_once(self, database, clock):
        leader = named_lease(database, clock)
        await leader.acquire()
        await leader.release()
        assert await named_lease(database, clock).acquire()
        assert not await leader.acquire()

    async def test_after_a_kill_a_new_process_waits_for_one_length(self, database, clock):
        await add_jobs(database, NOW)
        await killed(database, "after")
        clock.advance(LENGTH * 100)  # the clocks of two hosts are not compared
        successor = named_lease(database, clock)
        assert not await successor.acquire()
        clock.advance(LENGTH - SECOND)
        assert not await successor.acquire()
        clock.advance(SECOND)
        assert await successor.acquire()

    @pytest.mark.parametrize("hours", [-1, 1])
    async def test_a_clock_that_is_wrong_by_an_hour_changes_nothing(self, database, clock, hours):
        leader = named_lease(database, clock)
        wrong = FakeClock(NOW + timedelta(hours=hours))
        standby = named_lease(database, wrong)
        await leader.acquire()
        for _ in range(3):
            assert not await standby.acquire()
            clock.advance(LENGTH / 2)
            wrong.advance(LENGTH / 2)
            assert await leader.hold(LENGTH)
        assert not await standby.acquire()
        wrong.advance(LENGTH)
        assert await standby.acquire()

    async def test_holding_writes_only_when_too_little_of_the_lease_is_left(self, database, clock):
        leader = named_lease(database, clock)
        await leader.hold(LENGTH)
        clock.advance(LENGTH / 4)
        assert not leader.needs_renewal
        assert await leader.hold(LENGTH / 2)
        [row] = await database.fetch_all(select(task_lease.c.expires_at))
        assert row.expires_at == NOW + LENGTH
        clock.advance(LENGTH / 2)
        assert leader.needs_renewal
        assert await leader.hold(LENGTH / 2)
        [row] = await database.fetch_all(select(task_lease.c.expires_at))
        assert row.expires_at == clock.now() + LENGTH
