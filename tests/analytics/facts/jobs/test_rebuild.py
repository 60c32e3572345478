"""A rebuild from the log gives the live state row for row, while the live service goes on."""

import asyncio
import random
from contextlib import asynccontextmanager, suppress

import pytest
from sqlalchemy import Table, delete, select, update

from analytics.app import SERVICE, rebuild
from analytics.facts.jobs import Stage, refresh_rollups, summary
from analytics.facts.jobs import rebuild as rebuilding
from analytics.facts.models import fact, pending_recount, transition
from analytics.facts.repository import sets
from analytics.kpis.schemas import Compare
from analytics.kpis.service import leakage_seconds
from analytics.reports.models import issued_report
from analytics.reports.service import ReportPeriod, order
from shared.contracts import APPEALS
from shared.messaging.tables import consumer_offset, dead_letter, inbox
from shared.service import RebuildRefused, consumer
from tests.analytics.facts.random_lives import lives

APPEALS_AT_FIRST, APPEALS_MEANWHILE = 60, 40
ROWS: tuple[Table, ...] = tuple(table for table in sets.SWITCHED if table is not pending_recount)


@asynccontextmanager
async def consuming(world):
    """The live consumer."""
    task = asyncio.create_task(consumer(SERVICE, world.parts).run())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def consumed(world):
    """Wait until the live service has consumed the log, and counted its rollups."""
    ends = sum((await world.parts.log.end_offsets(APPEALS)).values())
    while sum(row.next_offset for row in await rows_of(world, consumer_offset)) < ends:
        await asyncio.sleep(0.02)
    await refresh_rollups(world.parts.units, leakage_seconds())


async def rows_of(world, table):
    async with world.parts.database.read() as session:
        return (await session.execute(select(table).order_by(*table.primary_key.columns))).all()


async def everything(world):
    return {table.name: list(map(tuple, await rows_of(world, table))) for table in ROWS}


def ignore(*_progress):
    return None


class TestRebuild:
    async def test_it_is_the_live_state_row_for_row_after_kills_while_events_arrive(self, world, make, monkeypatch):
        chance = random.Random(11)
        monkeypatch.setattr(rebuilding, "BATCH", 20)
        await world.parts.log.append(APPEALS, lives(make, chance, 1, APPEALS_AT_FIRST))
        arriving = lives(make, chance, 1 + APPEALS_AT_FIRST, APPEALS_MEANWHILE)
        async with consuming(world):
            await consumed(world)
            for kill in range(3):
                task = asyncio.create_task(rebuild(world.parts).run(ignore))
                await asyncio.sleep(chance.random() * 0.3)
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
                await world.parts.log.append(APPEALS, [arriving.pop(0) for _ in range(7 + kill)])
            task = asyncio.create_task(rebuild(world.parts).run(ignore))
            while arriving:
                await world.parts.log.append(APPEALS, [arriving.pop(0) for _ in range(min(11, len(arriving)))])
                await asyncio.sleep(0.02)
            await task
            await consumed(world)
            rebuilt = await everything(world)
            # the same from nothing, by the live consumer alone
        async with world.parts.database.write() as session:
            for table in sets.SWITCHED:
                await session.execute(delete(table))
            await session.execute(delete(consumer_offset))
            await session.execute(delete(inbox))
        async with consuming(world):
            await consumed(world)
            assert await everything(world) == rebuilt
        assert len(rebuilt["fact"]) == APPEALS_AT_FIRST + APPEALS_MEANWHILE

    async def test_it_fills_what_older_facts_do_not_have_and_says_what_differed(self, world, make):
        await world.parts.log.append(APPEALS, lives(make, random.Random(3), 1, 20))
        async with consuming(world):
            await consumed(world)
        before = await everything(world)
        async with world.parts.database.write() as session:
            await session.execute(update(fact).values(number=None))
            await session.execute(delete(transition).where(transition.c.event_id == before["transition"][0][0]))
        stages = []
        rebuilt = await rebuild(world.parts).run(lambda stage, *_: stages.append(stage))
        assert await everything(world) == before
        assert list(dict.fromkeys(stages)) == list(Stage)
        found = {each.table: each for each in rebuilt.differences}
        assert found["fact"].fields == {"number": 20}
        assert (found["transition"].only_live, found["transition"].only_rebuilt) == (0, 1)
        lines = summary(rebuilt)
        assert "  number: differs in 20 rows" in lines
        assert not any("2026-43" in line for line in lines)

    async def test_what_was_consumed_by_the_rebuild_alone_is_not_consumed_again(self, world, make):
        await world.parts.log.append(APPEALS, lives(make, random.Random(4), 1, 20))
        await rebuild(world.parts).run(ignore)
        before = await everything(world)
        async with consuming(world):
            await consumed(world)
            await asyncio.sleep(0.2)
        assert {name: rows for name, rows in (await everything(world)).items() if not name.startswith("rollup")} == {
            name: rows for name, rows in before.items() if not name.startswith("rollup")
        }

    async def test_issued_reports_do_not_come_from_the_log_and_stay(self, world, make):
        await world.parts.log.append(APPEALS, lives(make, random.Random(8), 1, 5))
        async with world.parts.units.write() as work:
            await order(work, "KZ-43", ReportPeriod.of_code("2025"), Compare.PREVIOUS_YEAR)
        assert issued_report not in sets.SWITCHED
        before = await rows_of(world, issued_report)
        await rebuild(world.parts).run(ignore)
        assert await rows_of(world, issued_report) == before

    async def test_events_that_cannot_be_applied_any_more_leave_the_live_set_as_it_is(self, world, make):
        await world.parts.log.append(APPEALS, lives(make, random.Random(5), 1, 5))
        async with consuming(world):
            await consumed(world)
        unknown = [each for each in lives(make, random.Random(6), 900, 3) if "registered" not in each.type and "imported" not in each.type]
        await world.parts.log.append(APPEALS, unknown[:1])
        before = await everything(world)
        with pytest.raises(RebuildRefused, match="1 events that were applied before cannot be applied now"):
            await rebuild(world.parts).run(ignore)
        assert await everything(world) == before
        async with consuming(world):  # the live service parks it as well, and then nothing is lost by a rebuild
            await consumed(world)
        await rebuild(world.parts).run(ignore)
        assert len(await rows_of(world, dead_letter)) == 1

    async def test_two_rebuilds_do_not_run_at_once(self, world, make):
        await world.parts.log.append(APPEALS, lives(make, random.Random(7), 1, 5))
        tasks = [asyncio.create_task(rebuild(world.parts).run(ignore)) for _ in range(2)]
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert sorted(type(result).__name__ for result in results) == ["RebuildRefused", "Rebuilt"]
