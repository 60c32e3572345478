from datetime import UTC, date, datetime, timedelta

from sqlalchemy import Uuid, select

from analytics.base import AnalyticsModel
from shared.contracts import ImportUndone, ImportUndoRequested
from tests.analytics.conftest import appeal_id, registered, routed

RECEIVED = datetime(2026, 1, 19, 5, tzinfo=UTC)


def taken_over(number):
    return registered(number, received_at=RECEIVED, taken_over=True, extended_until=date(2026, 3, 6), due_at=RECEIVED + timedelta(days=46))


class TestRemoveUndone:
    async def test_an_appeal_taken_over_is_counted_on_the_day_it_was_received(self, world):
        await world.consume(taken_over(1), routed(1))
        (fact,) = await world.facts()
        assert (fact.received_on, fact.extended, fact.imported) == (date(2026, 1, 19), True, False)

    async def test_an_undone_one_leaves_no_row_and_its_day_is_counted_again(self, world):
        await world.consume(taken_over(1), routed(1), taken_over(2), routed(2), ImportUndoRequested(appeal_id=appeal_id(1)))
        await world.consume(ImportUndone(appeal_id=appeal_id(1)))
        async with world.parts.database.read() as session:
            for table in AnalyticsModel.metadata.sorted_tables:
                if isinstance(getattr(table.c.get("appeal_id"), "type", None), Uuid):
                    assert (await session.execute(select(table).where(table.c.appeal_id == appeal_id(1)))).first() is None, table.name
        assert [fact.appeal_id for fact in await world.facts()] == [appeal_id(2)]
        figure = await world.get("/kpis/received", **{"from": "2026-01-01", "to": "2026-01-31"})
        assert figure.json()["value"] == 1
