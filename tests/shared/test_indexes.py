"""Every index of a table that is written with each appeal or event has a query that needs it: docs/database.md names it."""

import pytest
from sqlalchemy import text

from shared.clock import SystemClock
from shared.database import Database
from shared.ids import RandomIds
from tests.database_page import PACKAGES, documented

INDEXES = text("SELECT tablename, indexname FROM pg_indexes WHERE schemaname = 'public'")


@pytest.mark.parametrize("engine", ["postgres"], indirect=True)
@pytest.mark.parametrize("service", PACKAGES)
class TestIndexes:
    async def test_each_index_of_a_hot_table_has_its_query_in_the_list(self, engine, tmp_path, service):
        database = Database(engine.url(tmp_path, service), service=service, clock=SystemClock(), ids=RandomIds())
        await engine.migrate(database, PACKAGES[service])
        async with database.read() as session:
            found = {(table, index) for table, index in await session.execute(INDEXES)}
        await database.close()
        named = {(table, index) for table, index, *_ in (*documented("Every service"), *documented(service))}
        hot = {table for table, _ in named}
        assert {(table, index) for table, index in found if table in hot} == named
