from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from uuid import UUID, uuid4

import pytest
from sqlalchemy import JSON, Column, Integer, MetaData, String, Table, Uuid, select
from sqlalchemy.exc import DBAPIError
from sqlmodel.sql.sqltypes import UTCDateTime

from shared.clock import SystemClock
from shared.database import Database
from shared.enum_column import EnumColumn
from shared.fast.bulk import insert_rows
from shared.fast.queries import Query, given, value
from shared.ids import RandomIds
from shared.messaging import tables
from shared.rows import columns_of


class State(StrEnum):
    OPEN = "OPEN"
    CLOSED = "CLOSED"
    LOST = "LOST"


metadata = MetaData()
letter = Table(
    "letter",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("order", Integer, nullable=False),  # a word that wants quotes
    Column("at", UTCDateTime(), nullable=False),
    Column("state", EnumColumn(State), nullable=False),
    Column("tags", JSON, nullable=False),
    Column("region", String),
)
NOW = datetime(2026, 2, 2, 9, 0, 0, 123456, tzinfo=UTC)


@dataclass(frozen=True)
class Letter:
    id: UUID
    order: int
    at: datetime
    state: State
    tags: list[object]
    region: str | None


LETTERS = [
    Letter(uuid4(), n, NOW + timedelta(hours=n), state, [f"қ{n}", {"n": n}], None if n == 1 else f"KZ-{n}") for n, state in enumerate(State)
]
ALL = Query(Letter, select(*columns_of(letter, Letter)).order_by(letter.c.order.desc()))
BY_ID = Query(Letter, select(*columns_of(letter, Letter)).where(letter.c.id == given("letter_id")))
SINCE = Query(
    int,
    select(letter.c.order)
    .where(letter.c.at >= given("since"), letter.c.state.in_([State.OPEN, State.LOST]), letter.c.at < given("until"))
    .order_by(letter.c.order),
)
ONE_OF_A_REGION = Query(value, select(letter.c.region).where(letter.c.region == "KZ-2", letter.c.order == given("order")).with_for_update())


@pytest.fixture
async def database(engine, tmp_path):
    database = Database(engine.url(tmp_path, "routing"), service="routing", clock=SystemClock(), ids=RandomIds())
    await engine.create(database, metadata, tables.metadata)
    async with database.write() as session:
        await insert_rows(session, letter, [vars(each) for each in LETTERS])
    yield database
    await database.close()


class TestQuery:
    async def test_every_kind_of_value_is_read_in_the_order_of_the_statement(self, database):
        async with database.read() as session:
            found = await ALL.all(session)
        assert found == LETTERS[::-1]
        assert all(type(each.state) is State for each in found)

    async def test_values_are_converted_as_their_columns_are(self, database):
        async with database.read() as session:
            assert [await BY_ID.first(session, letter_id=each.id) for each in LETTERS] == LETTERS
            assert await BY_ID.first(session, letter_id=uuid4()) is None

    async def test_collections_written_into_the_statement_and_given_values_keep_their_positions(self, database):
        async with database.read() as session:
            assert await SINCE.all(session, since=NOW, until=NOW + timedelta(days=1)) == [0, 2]
            assert await SINCE.all(session, since=NOW + timedelta(hours=1), until=NOW + timedelta(days=1)) == [2]
            assert await SINCE.all(session, until=NOW, since=NOW) == []

    async def test_a_row_is_locked_and_found_by_a_constant(self, database):
        async with database.write() as session:
            assert await ONE_OF_A_REGION.first(session, order=2) == "KZ-2"
            assert await ONE_OF_A_REGION.first(session, order=0) is None

    async def test_a_value_that_is_not_given_is_no_value(self, database):
        async with database.read() as session:
            assert await BY_ID.first(session) is None

    async def test_an_error_of_the_engine_is_named_as_in_any_statement(self, database):
        query = Query(int, select(Column("missing", Integer)).select_from(letter))
        with pytest.raises(DBAPIError):
            async with database.read() as session:
                await query.all(session)
