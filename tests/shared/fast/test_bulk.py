import asyncio
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    Uuid,
    select,
    text,
)
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlmodel.sql.sqltypes import UTCDateTime

from shared import rows as core
from shared.clock import SystemClock
from shared.database import Database
from shared.fast import bulk
from shared.fast.bulk import FEW, insert_later, insert_rows
from shared.ids import RandomIds
from shared.messaging import tables

metadata = MetaData()
letter = Table(
    "letter",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("event_id", Uuid, unique=True, nullable=False),
    Column("offset", Integer, nullable=False),  # a word that wants quotes
    Column("at", UTCDateTime()),
    Column("said", LargeBinary),
    Column("tags", JSON, nullable=False),
    Column("read", Boolean, nullable=False),
    Column("region", String),
)
reply = Table("reply", metadata, Column("id", Integer, primary_key=True), Column("to", Integer, ForeignKey("letter.id"), nullable=False))
place = Table(
    "place",
    metadata,
    Column("topic", String, nullable=False),
    Column("partition", Integer, nullable=False),
    Column("next", BigInteger, nullable=False),
    UniqueConstraint("topic", "partition"),
)
NOW = datetime(2026, 2, 2, 9, 0, 0, 123456, tzinfo=UTC)


def letters(count: int) -> list[dict]:
    odd = [n % 2 == 1 for n in range(count)]
    return [
        {
            "event_id": uuid4(),
            "offset": n,
            "at": NOW if odd[n] else None,
            "said": f"сөз {n}".encode() if odd[n] else None,
            "tags": [f"қ{n}", {"n": n}],
            "read": odd[n],
            "region": f"KZ-{n}" if odd[n] else None,
        }
        for n in range(count)
    ]


@pytest.fixture(params=[core, bulk], ids=["core", "fast"])
def form(request):
    """Both forms of the statements for many rows."""
    return request.param


@pytest.fixture
async def database(engine, tmp_path):
    database = Database(engine.url(tmp_path, "routing"), service="routing", clock=SystemClock(), ids=RandomIds())
    await engine.create(database, metadata, tables.metadata)
    yield database
    await database.close()


async def stored(database, table) -> list[dict]:
    async with database.read() as session:
        return [dict(row._mapping) for row in await session.execute(select(table).order_by(*table.primary_key or table.c))]


class TestInsertRows:
    async def test_every_kind_of_value_comes_back_as_it_went_in(self, database, form):
        given = letters(40)
        async with database.write() as session:
            await form.insert_rows(session, letter, given)
        assert [{**row, "id": None} for row in await stored(database, letter)] == [{**row, "id": None} for row in given]

    async def test_nothing_is_kept_when_the_transaction_fails_after_it_was_the_first_statement(self, database, form):
        with pytest.raises(ZeroDivisionError):
            async with database.write() as session:
                await form.insert_rows(session, letter, letters(3))
                raise ZeroDivisionError
        assert await stored(database, letter) == []

    async def test_a_value_taken_already_is_an_integrity_error_and_keeps_none(self, database, form):
        first, *others = letters(3)
        async with database.write() as session:
            await form.insert_rows(session, letter, [first])
        with pytest.raises(IntegrityError):
            async with database.write() as session:
                await form.insert_rows(session, letter, [*others, {**others[0], "event_id": first["event_id"]}])
        assert len(await stored(database, letter)) == 1

    async def test_a_missing_parent_is_an_integrity_error(self, database, form):
        with pytest.raises(IntegrityError):
            async with database.write() as session:
                await form.insert_rows(session, reply, [{"id": 1, "to": 99}])

    async def test_a_time_without_a_zone_is_refused(self, database, form):
        with pytest.raises(Exception, match="timezone"):
            async with database.write() as session:
                await form.insert_rows(session, letter, [{**letters(1)[0], "at": NOW.replace(tzinfo=None)}])

    async def test_no_rows_are_no_statement(self, database, form):
        async with database.write() as session:
            await form.insert_rows(session, letter, [])


class TestServerGoes:
    @pytest.mark.parametrize("engine", ["postgres"], indirect=True)
    async def test_a_first_statement_that_meets_its_farewell_says_what_passes(self, database):
        """BEGIN goes out while the session's end is still on its way in: every second time asyncpg loses its place over that."""
        for _ in range(20):
            with pytest.raises(OperationalError):
                async with database.write() as session:
                    adapter = (await (await session.connection()).get_raw_connection()).dbapi_connection
                    await _end(database, adapter.driver_connection.get_server_pid())
                    await insert_rows(session, letter, letters(1))


async def _end(database, session_id):
    async with database.write() as other:
        await other.execute(text("SELECT pg_terminate_backend(:id)"), {"id": session_id})


class TestInsertLater:
    @pytest.mark.parametrize("count", [5, FEW])
    async def test_rows_of_several_tables_are_there_after_the_transaction_in_their_order(self, database, count):
        given, places = letters(count), [{"topic": "t", "partition": n, "next": n} for n in range(3)]
        async with database.write() as session:
            insert_later(session, letter, given)
            insert_later(session, place, places)
            insert_later(session, reply, [{"id": 1, "to": 1}])  # its letter comes with it
        assert [row["event_id"] for row in await stored(database, letter)] == [row["event_id"] for row in given]
        assert [row["next"] for row in await stored(database, place)] == [0, 1, 2]
        assert [row["to"] for row in await stored(database, reply)] == [1]

    async def test_an_error_comes_out_at_the_end_and_nothing_is_kept(self, database):
        one = letters(1)[0]
        with pytest.raises(IntegrityError):
            async with database.write() as session:
                insert_later(session, place, [{"topic": "t", "partition": 0, "next": 0}])
                insert_later(session, letter, [one, one])
        assert await stored(database, place) == []

    async def test_a_transaction_that_fails_before_its_end_keeps_nothing(self, database):
        with pytest.raises(ZeroDivisionError):
            async with database.write() as session:
                insert_later(session, letter, letters(2))
                raise ZeroDivisionError
        assert await stored(database, letter) == []


class TestInsertNewRows:
    async def test_only_what_was_not_there_is_inserted_and_named(self, database, form):
        known, *fresh = letters(4)
        async with database.write() as session:
            await form.insert_rows(session, letter, [known])
        async with database.write() as session:
            named = await form.insert_new_rows(session, letter, [known, *fresh], unique=("event_id",), returning="event_id")
        assert named == {row["event_id"] for row in fresh}
        assert len(await stored(database, letter)) == 4

    async def test_rows_alike_among_themselves_are_inserted_once(self, database, form):
        one = letters(1)[0]
        async with database.write() as session:
            assert await form.insert_new_rows(session, letter, [one, one], returning="event_id") == {one["event_id"]}
        assert len(await stored(database, letter)) == 1

    async def test_two_processes_at_once_insert_a_row_once(self, database, form):
        rows = letters(5)

        async def insert() -> set:
            async with database.write() as session:
                return await form.insert_new_rows(session, letter, rows, returning="event_id")

        first, second = await asyncio.gather(insert(), insert())
        assert first | second == {row["event_id"] for row in rows}
        assert not first & second


class TestUpdateRows:
    async def test_each_row_gets_its_own_values_and_others_stay(self, database, form):
        places = [{"topic": topic, "partition": n, "next": 0} for topic in "ab" for n in range(3)]
        async with database.write() as session:
            await form.insert_rows(session, place, places)
        async with database.write() as session:
            await form.update_rows(
                session, place, [{"topic": "a", "partition": n, "next": 10 + n} for n in (0, 2)], key=("topic", "partition")
            )
        assert {(row["topic"], row["partition"]): row["next"] for row in await stored(database, place) if row["next"]} == {
            ("a", 0): 10,
            ("a", 2): 12,
        }

    async def test_values_of_every_kind_can_be_set_and_emptied(self, database, form):
        given = letters(4)
        async with database.write() as session:
            await form.insert_rows(session, letter, given)
        changed = [{**row, "said": None, "at": NOW, "tags": {}, "read": True, "region": None} for row in given]
        async with database.write() as session:
            await form.update_rows(session, letter, changed, key=("event_id",))
        assert [{**row, "id": None} for row in await stored(database, letter)] == [{**row, "id": None} for row in changed]
