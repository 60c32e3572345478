import asyncio

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine

from shared import migrations
from shared.clock import SystemClock
from shared.database import Database
from shared.ids import RandomIds

POSTGRES = pytest.mark.parametrize("engine", ["postgres"], indirect=True)  # SQLite's databases are files and have no roles


def database_at(url: str) -> Database:
    return Database(url, service="routing", clock=SystemClock(), ids=RandomIds())


@pytest.fixture
async def administrator(engine):
    """A connection to the server itself."""
    url = make_url(engine.server).set(drivername="postgresql+asyncpg", database="postgres")
    server = create_async_engine(url, isolation_level="AUTOCOMMIT")
    async with server.connect() as connection:
        yield connection
    await server.dispose()


@pytest.fixture
async def unmade(engine, administrator):
    """The address of a database that the server does not have."""
    yield make_url(engine.server).set(drivername="postgresql+asyncpg", database="unmade_aryz_routing").render_as_string(hide_password=False)
    await administrator.execute(text("DROP DATABASE IF EXISTS unmade_aryz_routing WITH (FORCE)"))


class TestMigrate:
    @POSTGRES
    async def test_a_database_that_is_not_there_is_made_by_whoever_of_several_comes_first(self, unmade):
        several = [database_at(unmade) for _ in range(4)]
        await asyncio.gather(*(migrations.migrate(one, "routing") for one in several))
        assert await migrations.is_migrated(several[0], "routing")
        for one in several:
            await one.close()

    @POSTGRES
    async def test_a_role_without_the_right_gets_the_command_for_an_administrator(self, unmade, administrator):
        await administrator.execute(text("CREATE ROLE clerk LOGIN PASSWORD 'secret'"))
        database = database_at(make_url(unmade).set(username="clerk", password="secret").render_as_string(hide_password=False))
        with pytest.raises(migrations.NoDatabase, match='CREATE DATABASE "unmade_aryz_routing" OWNER "clerk"'):
            await migrations.migrate(database, "routing")
        await database.close()
        await administrator.execute(text("DROP ROLE clerk"))

    @pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
    async def test_several_that_migrate_one_file_take_turns(self, engine, tmp_path):
        several = [database_at(engine.url(tmp_path, "routing")) for _ in range(3)]
        await asyncio.gather(*(migrations.migrate(one, "routing") for one in several))
        assert await migrations.is_migrated(several[0], "routing")
        for one in several:
            await one.close()
