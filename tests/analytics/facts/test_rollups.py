"""Figures from rollups are those of the facts: against the same figures without rollups, whose own tests recompute them."""

import random
from datetime import timedelta

import pytest
from sqlalchemy import delete, insert, select

from analytics.facts.jobs import refresh_rollups
from analytics.facts.models import MEASURES, Dimension, pending_recount, rollup_day, rollup_month, rollup_state
from analytics.facts.repository import recounts, rollups
from analytics.facts.repository.recounts import DayOfRegion
from analytics.kpis.service import kpi_definitions, leakage_seconds
from tests.analytics.random_facts import START, random_fact, random_world

SIZE = 300
PERIODS = [("2024-01-01", "2025-12-31"), ("2024-02-29", "2024-05-17"), ("2024-02-03", "2024-02-20"), ("2024-03-01", "2024-03-31")]
GROUPS = [None, "region", "channel", "category", "kind", "topic", "tier", "language", "provider", "month", "quarter"]
FILTERS = [
    {}, {"region": "KZ-43"}, {"kind": "COMPLAINT"}, {"channel": "APP"}, {"category": "QUALITY"}, {"topic": "REFERRAL"}, {"tier": 1},
    {"language": "kk"}, {"provider_id": "00000000-0000-0000-0000-000000000005"}, {"kind": "COMPLAINT", "region": "KZ-27", "channel": "WEB"},
    {"channel": "WEB", "tier": 2},
]  # fmt: skip
OF_APPEALS = [kpi.id for kpi in kpi_definitions().values() if kpi.grain == "appeals"]


async def refresh(world):
    return await refresh_rollups(world.parts.units, leakage_seconds())


async def without_rollups(world):
    async with world.parts.database.write() as session:
        await session.execute(delete(rollup_state))


async def cells(world, table):
    async with world.parts.database.read() as session:
        return sorted((await session.execute(select(table))).all(), key=lambda row: tuple(map(str, row[:5])))


async def figures(world, chance, number):
    """Some figures at random, the same for an equal `chance`."""
    found = []
    for _ in range(number):
        kpi, (first, last), group = chance.choice(OF_APPEALS), chance.choice(PERIODS), chance.choice(GROUPS)
        asked = {"from": first, "to": last, **chance.choice(FILTERS), **({"group_by": group} if group else {})}
        found.append((kpi, asked, (await world.get(f"/kpis/{kpi}", **asked)).json()))
    return found


async def trends(world, chance):
    found = []
    for interval in ("day", "week", "month"):
        asked = {"kpi": chance.choice(OF_APPEALS), "from": "2024-02-25", "to": "2024-04-10", "interval": interval}
        found.append((asked, (await world.get("/trends", **asked)).json()))
    return found


class Reads:
    """Counts how often rollups answered."""

    def __init__(self, monkeypatch):
        self.answered = self.asked = 0
        original = rollups._parts

        def parts(*given):
            self.answered += 1
            return original(*given)

        monkeypatch.setattr(rollups, "_parts", parts)


class TestFigures:
    @pytest.mark.parametrize("seed", [1, 2])
    async def test_they_are_the_same_with_and_without_rollups_also_while_days_are_out_of_date(self, world, make, seed, monkeypatch):
        chance = random.Random(seed)
        reads = Reads(monkeypatch)
        rows = await random_world(world, chance, SIZE)
        assert await refresh(world) == len({(row["region"], row["received_on"]) for row in rows})
        for changed in (False, True):
            if changed:  # what was refused, answered and continued since, and no recount yet
                await world.consume(make("case-reopened", 7, reason="X"), make("answer-given", 9), make("appeal-rated", 11, score=2))
                at = rows[3]["received_at"] + timedelta(days=1)
                await world.consume(make("appeal-registered", 5_000, follows=rows[4]["appeal_id"], received_at=at, kind="COMPLAINT"))
            reads.answered = 0
            stored = await figures(world, random.Random(seed), 40) + await trends(world, random.Random(seed))
            assert reads.answered > 20
            before = reads.answered
            await without_rollups(world)
            assert await figures(world, random.Random(seed), 40) + await trends(world, random.Random(seed)) == stored
            assert reads.answered == before
            await refresh(world)

    async def test_public_figures_are_the_same(self, world):
        await random_world(world, random.Random(3), SIZE)
        await refresh(world)
        asked = [(kpi.id, year) for kpi in kpi_definitions().values() if kpi.public for year in (2024, 2025)]
        stored = [await world.kpi(kpi, None, year) for kpi, year in asked]
        world.app.state.public_figures._stored.clear()
        await without_rollups(world)
        assert [await world.kpi(kpi, None, year) for kpi, year in asked] == stored

    async def test_rollups_of_other_definitions_are_not_read(self, world, make, monkeypatch):
        await world.consume(make("appeal-imported", 1))
        await refresh(world)
        async with world.parts.database.write() as session:
            await session.execute(rollup_day.update().values(n=77))
            await session.execute(rollup_month.update().values(n=77))
        assert (await world.kpi("received"))["value"] == 77
        monkeypatch.setattr(rollups, "VERSION", recounts.VERSION + 1)
        assert (await world.kpi("received"))["value"] == 1


class TestRecount:
    async def test_cells_are_a_recount_of_the_facts_after_any_changes(self, world, make):
        chance = random.Random(5)
        await random_world(world, chance, SIZE)
        await refresh(world)
        for number in range(1, 60, 7):
            await world.consume(make("case-closed", number), make("case-reopened", number, reason="X"), make("answer-given", number))
            follows = {"follows": random_fact(chance, number)["appeal_id"]}
            await world.consume(make("appeal-registered", 1000 + number, received_at=world.clock.now() - timedelta(days=number), **follows))
            if number % 2:
                await refresh(world)
        await refresh(world)
        counted = await cells(world, rollup_day), await cells(world, rollup_month)
        async with world.parts.database.write() as session:
            await recounts.recount_everything(session)
        await refresh(world)
        assert (await cells(world, rollup_day), await cells(world, rollup_month)) == counted
        async with world.parts.database.read() as session:
            assert (await session.execute(select(pending_recount))).all() == []

    async def test_months_are_the_sums_of_their_days(self, world):
        await random_world(world, random.Random(6), SIZE)
        await refresh(world)
        sums = {}
        for row in await cells(world, rollup_day):
            key = (row.dimension, row.region, row.first.replace(day=1), row.kind, row.code)
            total = sums.setdefault(key, dict.fromkeys(MEASURES, 0))
            for name in MEASURES:
                total[name] += getattr(row, name) or 0
        assert {tuple(row[:5]): {name: getattr(row, name) or 0 for name in MEASURES} for row in await cells(world, rollup_month)} == sums
        assert {key[0] for key in sums} == set(Dimension) - {Dimension.ENDED}  # facts at random have no end

    async def test_a_change_during_a_recount_is_counted_by_the_next(self, world, make):
        await world.consume(make("appeal-imported", 1))
        async with world.parts.database.read() as session:
            await session.execute(select(pending_recount))
        await refresh(world)
        await world.consume(make("appeal-imported", 2))
        async with world.parts.database.read() as session:
            assert await rollups.out_of_date(session, 9) == [DayOfRegion("KZ-43", START.replace(year=2025, month=6, day=10))]
        assert (await refresh(world), await refresh(world)) == (1, 0)

    async def test_days_that_another_process_has_counted_meanwhile_are_not_counted_again(self, world, make, monkeypatch):
        await world.consume(make("appeal-imported", 1))
        async with world.parts.units.write() as work:
            days = await recounts.days_to_recount(work.session, leakage_seconds())
        assert (len(days), await refresh(world)) == (1, 1)
        monkeypatch.setattr(recounts, "_count_days", None)  # calling it would fail
        async with world.parts.units.write() as work:
            assert await recounts.recount(work.session, leakage_seconds(), days)

    async def test_days_are_not_counted_by_other_definitions(self, world, make):
        await world.consume(make("appeal-imported", 1))
        async with world.parts.units.write() as work:
            days = await recounts.days_to_recount(work.session, leakage_seconds())
            assert not await recounts.recount(work.session, leakage_seconds() + 1, days)
        assert await refresh(world) == 1

    async def test_a_continuation_counts_whichever_of_the_two_is_stored_first(self, world, make):
        at = {"received_at": world.clock.now() - timedelta(days=3)}
        await world.consume(make("appeal-registered", 2, follows=make("appeal-imported", 1).appeal_id, kind="COMPLAINT"))
        await refresh(world)
        settled = [make("appeal-registered", number, resolved_in_contact=True, **at) for number in range(1, 7) if number != 2]
        await world.consume(*settled)
        await refresh(world)
        assert (await world.kpi("first_contact_resolution", year=2026))["value"] == 80.0

    async def test_many_pending_days_are_read_from_the_facts(self, world, monkeypatch):
        rows = await random_world(world, random.Random(8), 50)
        await refresh(world)
        async with world.parts.database.write() as session:
            await session.execute(rollup_day.update().values(n=77))
            marks = [{"received_on": row["received_on"], "region": row["region"]} for row in rows]
            await session.execute(insert(pending_recount), marks)
        monkeypatch.setattr(rollups, "MOST_OUT_OF_DATE", 3)
        figure = await world.get("/kpis/received", **{"from": "2024-01-01", "to": "2025-12-30"})
        assert figure.json()["value"] == sum(row["follows"] is None and str(row["received_on"]) <= "2025-12-30" for row in rows)
