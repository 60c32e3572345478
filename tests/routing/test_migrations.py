from alembic import command
from alembic.config import Config
from sqlalchemy import select, text

from routing.app import SERVICE
from routing.cases.models import AppealCase
from routing.cases.service import current_deputies
from shared import migrations
from tests.routing.cases.service.test_deputies import make_deputy
from tests.routing.cases.service.test_extensions import clerk


async def downgrade(desk, revision: str) -> None:
    """Return the database with its rows to an earlier revision."""
    config = Config()
    config.set_main_option("script_location", str(migrations.folder(SERVICE.package)))

    def move(connection):
        config.attributes["connection"] = connection
        command.downgrade(config, revision)

    async with desk.parts.database.engine.begin() as connection:
        await connection.run_sync(move)


class TestOutcomesOfTheApplicant:
    """Revision 0011: what clerks once found in answers that are not confirmed yet."""

    async def test_an_open_answer_is_resolved_here_and_now_only_if_it_is_confirmed(self, desk):
        found = {await desk.open(): outcome for outcome in ("RESOLVED_ON_SPOT", "WITHDRAWN", "JUSTIFIED")}
        numbers = {(await desk.case(appeal_id))["number"]: outcome for appeal_id, outcome in found.items()}
        await downgrade(desk, "0010")
        async with desk.parts.database.write() as session:
            for number, outcome in numbers.items():
                chosen = text("UPDATE appeal_case SET answer_outcome = :outcome WHERE number = :number")
                await session.execute(chosen, {"outcome": outcome, "number": number})
        await migrations.migrate(desk.parts.database, SERVICE.package)
        async with desk.parts.database.read() as session:
            rows = await session.execute(select(AppealCase.appeal_id, AppealCase.answer_outcome, AppealCase.confirmed_outcome))
        assert {found[row[0]]: tuple(row[1:]) for row in rows} == {
            "RESOLVED_ON_SPOT": (None, "RESOLVED_ON_SPOT"),
            "WITHDRAWN": (None, None),
            "JUSTIFIED": ("JUSTIFIED", None),
        }


class TestDeputyAppointments:
    """Revision 0018: appointments that run are kept in both directions."""

    async def test_a_deputy_stays_one(self, desk):
        await desk.get("/cases", clerk(desk, "dana", "supervisor"))
        await make_deputy(desk)
        await downgrade(desk, "0017")
        await migrations.migrate(desk.parts.database, SERVICE.package)
        async with desk.parts.units.read() as work:
            assert [deputy.subject for deputy in await current_deputies(work, "KZ-43")] == ["dana"]
