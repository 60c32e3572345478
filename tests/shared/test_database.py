import asyncio
import sqlite3
from contextlib import suppress
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from asyncpg.exceptions import (
    AdminShutdownError,
    ConnectionDoesNotExistError,
    DeadlockDetectedError,
    InternalClientError,
    LockNotAvailableError,
    NumericValueOutOfRangeError,
    UndefinedColumnError,
)
from sqlalchemy import Column, Integer, MetaData, Table, create_engine, event, insert, select, text
from sqlalchemy.exc import DBAPIError, OperationalError

from shared.clock import SystemClock
from shared.database import Database, service_url
from shared.database_errors import name_passing_error
from shared.ids import RandomIds
from shared.messaging import tables
from tests.patience import PATIENCE

metadata = MetaData()
note = Table("note", metadata, Column("id", Integer, primary_key=True), Column("number", Integer))
SQLITE = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
POSTGRES = pytest.mark.parametrize("engine", ["postgres"], indirect=True)


@pytest.fixture
async def database(engine, tmp_path):
    database = Database(engine.url(tmp_path, "provider-contact"), service="provider-contact", clock=SystemClock(), ids=RandomIds())
    await engine.create(database, metadata, tables.metadata)
    yield database
    await database.close()


class TestServiceUrl:
    def test_one_machine_has_a_file_a_service(self, tmp_path):
        assert service_url(None, tmp_path, "provider-contact") == f"sqlite+aiosqlite:///{tmp_path}/provider_contact.db"

    def test_a_server_has_a_database_a_service_with_its_prefix_before_it(self, tmp_path):
        url = service_url("postgresql://aryz:secret@127.0.0.1:5432/postgres", tmp_path, "provider-contact", "demo")
        assert url == "postgresql+asyncpg://aryz:secret@127.0.0.1:5432/demo_aryz_provider_contact"


class TestLook:
    async def test_it_finds_what_was_committed(self, database):
        async with database.write() as session:
            await session.execute(insert(note), {"number": 1})
            assert await database.fetch_all(select(note.c.number)) == []
        assert [row.number for row in await database.fetch_all(select(note.c.number))] == [1]

    async def test_who_writes_after_it_still_writes_in_a_transaction(self, database):
        await database.fetch_all(select(note))
        with pytest.raises(RuntimeError):
            async with database.write() as session:
                await session.execute(insert(note), {"number": 1})
                raise RuntimeError
        assert await database.fetch_all(select(note)) == []


class TestPoll:
    async def test_it_finds_what_was_committed_converted_like_any_query(self, database):
        query = select(tables.inbox.c.event_id, tables.inbox.c.applied_at).limit(5)
        assert await database.poll(query) == []
        event_id, now = uuid4(), datetime.now(UTC)
        async with database.write() as session:
            await session.execute(insert(tables.inbox), {"event_id": event_id, "applied_at": now})
        assert [tuple(row) for row in await database.poll(query)] == [(event_id, now)]

    @POSTGRES
    async def test_its_connection_stays_open_and_is_replaced_after_the_server_closed_it(self, database):
        query, process = select(note), "SELECT pg_backend_pid()"
        await database.poll(query)
        [[first]] = await database.polling.fetch(process)
        assert await database.polling.fetch(process) == [(first,)]
        async with database.write() as session:
            await session.execute(text("SELECT pg_terminate_backend(:process, 10000)"), {"process": first})
        with suppress(OperationalError):  # the driver may learn of it only by its next statement
            await database.poll(query)
        assert await database.poll(query) == []
        assert await database.polling.fetch(process) != [(first,)]

    @POSTGRES
    async def test_a_statement_that_fails_is_named_and_the_next_one_works(self, database):
        with pytest.raises(DBAPIError):
            await database.polling.fetch("SELECT nothing FROM nowhere")
        assert await database.poll(select(note)) == []

    @POSTGRES
    async def test_a_cancelled_statement_leaves_no_answer_for_the_next_one(self, database):
        sleeping = asyncio.create_task(database.polling.fetch("SELECT 1 FROM pg_sleep(60)"))
        runs = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()")
        async with asyncio.timeout(PATIENCE), database.read() as session:
            while not (await session.execute(runs)).scalar_one():
                await asyncio.sleep(0.01)
                await session.rollback()  # a transaction sees the activity of its beginning
        sleeping.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sleeping
        async with asyncio.timeout(PATIENCE):
            assert await database.poll(select(note)) == []


class TestWrite:
    async def test_leaving_the_block_commits(self, database):
        async with database.write() as session:
            await session.execute(insert(note), {"number": 1})
        async with database.read() as session:
            assert (await session.execute(select(note.c.number))).scalars().all() == [1]

    async def test_an_error_leaves_nothing(self, database):
        with pytest.raises(ZeroDivisionError):
            async with database.write() as session:
                await session.execute(insert(note), {"number": 1})
                raise ZeroDivisionError
        async with database.read() as session:
            assert (await session.execute(select(note.c.number))).scalars().all() == []

    @SQLITE
    async def test_many_writers_queue_and_none_is_refused(self, database):
        async def add(number: int) -> None:
            async with database.write() as session:
                last = (await session.execute(select(note.c.number).order_by(note.c.number.desc()).limit(1))).scalar() or 0
                await session.execute(insert(note), {"number": last + 1})
                del number

        await asyncio.gather(*(add(number) for number in range(40)))
        async with database.read() as session:
            assert sorted((await session.execute(select(note.c.number))).scalars()) == list(range(1, 41))

    @SQLITE
    async def test_every_file_survives_a_power_cut_after_a_commit(self, database):
        async with database.write() as session:
            assert (await session.execute(text("PRAGMA synchronous"))).scalar() == 2
            assert (await session.execute(text("PRAGMA journal_mode"))).scalar() == "wal"


class TestRead:
    async def test_a_reader_cannot_write(self, database):
        with pytest.raises(DBAPIError, match=r"read-?only"):
            async with database.read() as session:
                await session.execute(insert(note), {"number": 1})

    async def test_a_reader_does_not_wait_for_a_writer(self, database):
        async with database.write() as writing, database.read() as reading:
            await writing.execute(insert(note), {"number": 1})
            assert (await asyncio.wait_for(reading.execute(select(note)), PATIENCE)).all() == []


async def test_moments_come_back_aware_and_in_utc(database):
    async with database.write() as session:
        moment = datetime(2026, 2, 2, 14, tzinfo=UTC)
        await session.execute(insert(tables.inbox), {"event_id": RandomIds().new(), "applied_at": moment})
        assert (await session.execute(select(tables.inbox.c.applied_at))).scalar_one() == moment


class TestNamePassingError:
    """On an engine whose driver raises what asyncpg raises; PostgreSQL's own errors, real classes."""

    @pytest.mark.parametrize(
        "passing",
        [
            LockNotAvailableError,
            DeadlockDetectedError,
            AdminShutdownError,
            ConnectionDoesNotExistError,
            InternalClientError,  # "cannot switch to state": BEGIN met the farewell of a server that was being stopped
        ],
    )
    def test_what_passes_is_an_operational_error(self, passing):
        with pytest.raises(OperationalError):
            _failing_with(passing("a lock"))

    @pytest.mark.parametrize("lasting", [UndefinedColumnError, NumericValueOutOfRangeError])
    def test_what_lasts_keeps_its_kind(self, lasting):
        with pytest.raises(DBAPIError) as raised:
            _failing_with(lasting("column"))
        assert not isinstance(raised.value, OperationalError)


def _failing_with(error: Exception) -> None:
    engine = create_engine("sqlite://")
    event.listen(engine, "handle_error", name_passing_error)

    translated = type("Error", (engine.dialect.loaded_dbapi.Error,), {"sqlstate": getattr(error, "sqlstate", None)})

    def fail_in_the_driver(*_of) -> None:
        raise translated(str(error)) from error

    engine.dialect.do_execute = fail_in_the_driver
    with engine.connect() as connection:
        connection.execute(text("SELECT 1"))


class TestCancelled:
    async def test_a_cancelled_writer_leaves_nothing_and_the_next_one_works(self, database):
        for pause in range(12):  # wherever the cancellation falls: waiting for the turn, inside, or in the commit

            async def write() -> None:
                async with database.write() as session:
                    await session.execute(insert(note), {"number": 7})
                    await asyncio.sleep(0)

            writing = asyncio.create_task(write())
            for _ in range(pause):
                await asyncio.sleep(0)
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)
            async with asyncio.timeout(PATIENCE), database.write() as session:
                await session.execute(note.delete())
        async with database.read() as session:
            assert (await session.execute(select(note))).all() == []

    @SQLITE
    async def test_a_writer_waits_for_another_process_without_holding_up_the_loop(self, database, tmp_path):
        other = sqlite3.connect(tmp_path / "provider_contact.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        writing = asyncio.create_task(_write_one(database))
        ticks = 0
        while ticks < 20:
            await asyncio.sleep(0.005)
            ticks += 1
        assert not writing.done()
        other.execute("ROLLBACK")
        other.close()
        await asyncio.wait_for(writing, PATIENCE)


async def _write_one(database) -> None:
    async with database.write() as session:
        await session.execute(insert(note), {"number": 1})
