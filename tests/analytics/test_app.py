import asyncio

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from analytics.app import SERVICE, create_app
from analytics.base import AnalyticsModel
from analytics.settings import Settings
from shared.messaging import tables
from shared.service import consumer
from tests.patience import PATIENCE


class TestMigrations:
    async def test_they_make_the_tables_that_the_models_describe(self, world):
        def differences(connection):
            context = MigrationContext.configure(connection, opts={"compare_type": True})
            return compare_metadata(context, [AnalyticsModel.metadata, tables.metadata])

        async with world.parts.database.engine.connect() as connection:
            assert await connection.run_sync(differences) == []


class TestTheService:
    async def test_events_of_the_log_become_figures(self, world, make):
        envelopes = world.envelopes(*(make("appeal-imported", number) for number in range(30)))
        await world.foundation.log.append("aryz.appeals.v1", envelopes)
        running = asyncio.create_task(consumer(SERVICE, world.parts).run())
        async with asyncio.timeout(PATIENCE):
            while (await world.kpi("complaints"))["value"] < 30:
                await asyncio.sleep(0.02)
        running.cancel()
        assert (await world.kpi("complaints"))["value"] == 30

    async def test_it_is_ready_and_describes_itself(self, world):
        assert (await world.client.get("/analytics/health/ready")).json() == {"status": "ready", "faults": {}}
        paths = (await world.client.get("/analytics/openapi.json")).json()["paths"]
        figures = {
            "/analytics/v1/kpis",
            "/analytics/v1/kpis/{kpi_id}",
            "/analytics/v1/kpis/{kpi_id}/appeals",
            "/analytics/v1/live",
            "/analytics/v1/reports/{region}/{period}.{file_format}",
            "/analytics/v1/trends",
        }
        others = {
            "/analytics/v1/exports/{grain}.{file_format}",
            "/analytics/v1/providers/index",
            "/analytics/v1/reconciliations",
            "/analytics/v1/reports/{region}/{period}.{file_format}",
        }
        assert set(paths) == figures | others

    def test_nothing_is_opened_when_the_application_is_made(self, tmp_path):
        create_app(Settings(data=tmp_path / "data"))
        assert list(tmp_path.iterdir()) == []
