from datetime import date, timedelta

import pytest

from analytics.facts.models import reopening
from shared.domain.lifecycle import CaseStatus

DAY = timedelta(days=1)


async def reopenings(world):
    async with world.parts.database.read() as session:
        return [
            (row.region, row.opened_on, row.ended_on) for row in await session.execute(reopening.select().order_by(reopening.c.opened_on))
        ]


async def ended_on(world):
    return [row.ended_on for row in await world.facts()]


class TestEnd:
    @pytest.mark.parametrize("end", ["answer-given", "case-closed", "appeal-withdrawn", "case-returned"])
    async def test_the_day_of_the_first_answer_or_end_is_that_of_the_region(self, world, make, end):
        await world.consume(make("appeal-registered", 1), make("appeal-routed", 1))
        assert await ended_on(world) == [None]
        await world.consume(make(end, 1, ground="X"), at=world.clock.now().replace(hour=19, minute=30))
        await world.consume(make("case-closed", 1), at=world.clock.now() + 9 * DAY)
        assert await ended_on(world) == [date(2026, 2, 6)]
        assert await reopenings(world) == []

    async def test_an_imported_appeal_ended_when_its_register_says_so(self, world, make):
        await world.consume(make("appeal-imported", 1))
        assert await ended_on(world) == [date(2025, 6, 19)]


class TestReopening:
    async def test_each_reopening_is_a_time_of_its_own(self, world, make):
        now = world.clock.now()
        await world.consume(make("appeal-registered", 1), make("appeal-routed", 1))
        for number, fact_name in enumerate(("answer-given", "case-reopened", "clock-breached", "case-closed", "case-reopened")):
            await world.consume(make(fact_name, 1, reason="X"), at=now + number * DAY)
        assert await ended_on(world) == [date(2026, 2, 5)]
        assert await reopenings(world) == [("KZ-43", date(2026, 2, 6), date(2026, 2, 8)), ("KZ-43", date(2026, 2, 9), None)]
        assert (await world.facts())[0].status is CaseStatus.IN_REVIEW

    async def test_events_of_one_batch_and_repeated_ones_give_the_same(self, world, make):
        events = [make("appeal-registered", 1), make("case-closed", 1), make("case-reopened", 1, reason="X"), make("answer-given", 1)]
        consumed = await world.consume(*events)
        found = await reopenings(world)
        assert found == [("KZ-43", date(2026, 2, 5), date(2026, 2, 5))]
        await world.apply(consumed[3:])
        assert await reopenings(world) == found
