"""Behaviour of a PostgreSQL server: it becomes unavailable, isolates transactions and waits for locks."""

import asyncpg
import pytest
from sqlalchemy import Column, Integer, MetaData, Table, event, func, insert, select, text, update
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

from shared import postgres
from shared.clock import SystemClock
from shared.database import Database, among
from shared.database_errors import will_pass
from shared.errors import _last_answer
from shared.fast.bulk import insert_new_rows
from shared.ids import RandomIds
from shared.messaging import tables
from tests.patience import until

pytestmark = pytest.mark.parametrize("engine", ["postgres"], indirect=True)
metadata = MetaData()
note = Table("note", metadata, Column("id", Integer, primary_key=True), Column("number", Integer))


@pytest.fixture
async def database(engine, tmp_path, monkeypatch):
    monkeypatch.setattr(postgres, "IDLE_TIMEOUT_MS", 500)
    monkeypatch.setattr(postgres, "LOCK_TIMEOUT_MS", 100)
    database = Database(engine.url(tmp_path, "shared"), service="intake", clock=SystemClock(), ids=RandomIds())
    await engine.create(database, tables.metadata, metadata)
    async with database.write() as session:
        await session.execute(insert(note), [{"id": number, "number": number} for number in range(1, 6)])
    yield database
    await database.close()


async def numbers(database) -> list[int]:
    async with database.read() as session:
        return list((await session.execute(select(note.c.number).order_by(note.c.id))).scalars())


class TestAServerThatGoesAway:
    async def test_connections_it_has_closed_are_replaced_before_anybody_uses_them(self, database):
        async with database.read() as one, database.read() as other:  # two that will wait in the pool
            pooled = [await (await session.connection()).get_raw_connection() for session in (one, other)]
            drivers = [each.driver_connection for each in pooled]
        async with database.write() as session:
            ended = func.pg_terminate_backend(text("pid"))
            await session.execute(select(ended).select_from(text("pg_stat_activity")).where(text(_OTHERS)))
        await until(lambda: any(driver.is_closed() for driver in drivers))  # the other one has ended it
        assert await numbers(database) == [1, 2, 3, 4, 5]

    async def test_a_transaction_it_broke_off_fails_as_something_that_passes_and_keeps_nothing(self, database):
        with pytest.raises(OperationalError):
            async with database.write() as session:
                await session.execute(update(note).values(number=0))
                own = (await session.execute(select(func.pg_backend_pid()))).scalar_one()
                async with database.write() as other:
                    await other.execute(select(func.pg_terminate_backend(own)))
                await session.execute(select(1))
        assert await numbers(database) == [1, 2, 3, 4, 5]


_OTHERS = "datname = current_database() AND pid <> pg_backend_pid()"


class TestASessionThatStandsStill:
    async def test_its_rows_are_free_again_after_a_time(self, database):
        refused = 0
        with pytest.raises(OperationalError):
            async with database.write() as stopped:
                await stopped.execute(update(note).where(note.c.id == 1).values(number=0))
                while (await numbers(database))[0] != 7:
                    try:
                        async with database.write() as session:
                            await session.execute(update(note).where(note.c.id == 1).values(number=7))
                    except OperationalError:  # the lock's own time-out
                        refused += 1
                await stopped.execute(select(1))
        assert refused
        assert (await numbers(database))[0] == 7

    async def test_waiting_for_a_lock_ends_in_a_transient_error(self, database):
        async with database.write() as holder:
            await holder.execute(update(note).where(note.c.id == 1).values(number=0))
            with pytest.raises(OperationalError):
                async with database.write() as other:
                    await other.execute(update(note).where(note.c.id == 1).values(number=7))


class TestAValueThatNoColumnTakes:
    async def test_it_is_no_trouble_that_passes(self, database):
        with pytest.raises(DBAPIError) as refused:
            async with database.write() as session:
                await session.execute(insert(note), [{"id": 2**40, "number": 1}])
        assert isinstance(refused.value.orig.__cause__, asyncpg.DataError)
        assert not will_pass(refused.value)
        assert _last_answer(refused.value).status == 500

    async def test_nor_is_a_statement_that_the_driver_refuses(self, database):
        with pytest.raises(InterfaceError) as refused:
            async with database.write() as session:
                await session.execute(select(note).where(note.c.id.in_(range(40_000))))
        assert not will_pass(refused.value)
        assert _last_answer(refused.value).status == 500

    async def test_in_bulk_too(self, database):
        with pytest.raises(DBAPIError) as refused:
            async with database.write() as session:
                await insert_new_rows(session, note, [{"id": 2**40, "number": 1}], returning="id")
        assert not will_pass(refused.value)


class TestRead:
    async def test_what_was_read_stays_as_it_was(self, database):
        async with database.read() as reading:
            await reading.execute(select(note))
            async with database.write() as session:
                await session.execute(update(note).values(number=0))
            assert (await reading.execute(select(func.sum(note.c.number)))).scalar_one() == 15


class TestAmong:
    async def test_any_number_of_values_is_one_statement(self, database):
        said = set()
        event.listen(database.engine.sync_engine, "before_cursor_execute", lambda *told: said.add(told[2]))
        for wanted in ([], [1], [2, 3, 9], list(range(500))):
            async with database.write() as session:
                found = (await session.execute(select(note.c.id).where(among(session, note.c.id, wanted)))).scalars().all()
            assert sorted(found) == [number for number in wanted if number in range(1, 6)]
        assert len(said) == 1


class TestDurable:
    async def test_only_what_may_be_done_again_does_not_wait_for_the_disk(self, database):
        for durable, setting in ((True, "on"), (False, "off")):
            async with database.write(durable=durable) as session:
                assert (await session.execute(text("SHOW synchronous_commit"))).scalar_one() == setting
