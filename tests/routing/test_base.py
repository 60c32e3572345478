from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from routing.base import RoutingModel
from shared.messaging import tables


class TestMigrations:
    async def test_the_migrated_database_is_what_the_models_say(self, desk):
        def differences(connection):
            return compare_metadata(MigrationContext.configure(connection), [RoutingModel.metadata, tables.metadata])

        async with desk.parts.database.engine.connect() as connection:
            found = await connection.run_sync(differences)
        assert [each for each in found if "alembic_version" not in str(each)] == []
