from datetime import timedelta
from uuid import UUID

from alembic import command
from alembic.config import Config

from analytics.app import SERVICE
from shared import migrations
from tests.analytics.conftest import NOW


async def downgrade(world, revision: str) -> None:
    """Return the database with its rows to a revision."""
    config = Config()
    config.set_main_option("script_location", str(migrations.folder(SERVICE.package)))

    def move(connection):
        config.attributes["connection"] = connection
        command.downgrade(config, revision)

    async with world.parts.database.engine.begin() as connection:
        await connection.run_sync(move)


class TestMeasures:
    """Revision 0007 computes extensions, reopenings and times from the stored transitions."""

    async def test_an_upgrade_finds_what_the_events_would_have_found(self, world, make):
        for number in range(1, 4):
            await world.consume(make("appeal-registered", number), make("appeal-routed", number))
        at = NOW + timedelta(hours=2)
        await world.consume(make("inquiry-sent", 1), make("term-extended", 2, due_at=at), at=at)
        await world.consume(make("inquiry-answered", 1), make("answer-given", 1), at=at + timedelta(hours=3))
        await world.consume(make("case-closed", 1), make("case-reopened", 1, reason="PROMISE_BROKEN"), at=at + timedelta(hours=5))
        await world.consume(make("applicant-asked", 3, question_id=UUID(int=4)), at=at)
        await world.consume(make("answer-given", 3), at=at + timedelta(days=1))
        before = await world.facts()
        assert [(row.extended, row.reopened, row.held_by_provider > 0) for row in before] == [
            (False, True, True), (True, False, False), (False, False, False),
        ]  # fmt: skip
        assert before[2].held_by_applicant > 0
        await downgrade(world, "0006")
        await migrations.migrate(world.parts.database, SERVICE.package)
        after = await world.facts()
        names = ("extended", "reopened", "held_by_fund", "held_by_provider", "held_by_applicant", "status", "due_at")
        assert [[getattr(row, name) for name in names] for row in after] == [[getattr(row, name) for name in names] for row in before]
        assert [row.number for row in after] == [None, None, None]
