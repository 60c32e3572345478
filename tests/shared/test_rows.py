import pytest
from sqlalchemy import Column, Integer, MetaData, String, Table, insert, select

from shared.clock import SystemClock
from shared.database import Database
from shared.ids import RandomIds
from shared.messaging import tables
from shared.rows import equals_any

metadata = MetaData()
partition = Table("partition", metadata, Column("topic", String, primary_key=True), Column("number", Integer, primary_key=True))


@pytest.fixture
async def database(engine, tmp_path):
    database = Database(engine.url(tmp_path, "routing"), service="routing", clock=SystemClock(), ids=RandomIds())
    await engine.create(database, metadata, tables.metadata)
    async with database.write() as session:
        await session.execute(insert(partition), [{"topic": topic, "number": number} for topic in "ab" for number in range(3)])
    yield database
    await database.close()


class TestEqualsAny:
    @pytest.mark.parametrize("wanted", [[("a", 1)], [("a", 0), ("b", 2), ("c", 0)], []])
    async def test_it_finds_the_rows_whose_columns_together_are_one_of_the_tuples(self, database, wanted):
        async with database.read() as session:
            found = await session.execute(select(partition).where(equals_any(session, tuple(partition.c), wanted)))
            assert {tuple(row) for row in found} == {pair for pair in wanted if pair[0] != "c"}
