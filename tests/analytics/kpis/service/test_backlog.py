"""The backlog at the end of each local day, against a plain recomputation from the lives of appeals."""

import random
from datetime import date, timedelta

import pytest

from analytics.facts.handlers.days import local_day
from analytics.facts.handlers.spans import is_waiting
from analytics.facts.jobs import refresh_rollups
from analytics.facts.models import transition
from analytics.kpis.service import leakage_seconds
from shared.contracts import REGISTRY
from shared.domain.lifecycle import CaseStatus, status_after
from shared.messaging.handling import Received
from tests.analytics.facts.random_lives import lives

FIRST, LAST = date(2025, 11, 20), date(2026, 2, 5)


async def live_through(world, make, seed, number):
    """Consume lives at random; return by appeal its region, its day of receipt, and the days from which it waits or does not."""
    found = {}
    consumed = []
    for position, envelope in enumerate(lives(make, random.Random(seed), 1, number)):
        event = REGISTRY[envelope.type].model_validate_json(envelope.value)
        consumed.append(Received(event, envelope, (event.TOPIC, 0, position)))
        opening = event.FACT in {"appeal-registered", "appeal-imported"}
        status = CaseStatus.REGISTERED if opening else status_after(found[event.appeal_id]["status"], event.FACT)
        if opening:
            received = local_day(event.received_at, event.region)
            found[event.appeal_id] = {
                "region": event.region,
                "received": received,
                "kind": event.kind,
                "at": envelope.time,
                "days": [(received, True)],
            }
            if event.FACT == "appeal-imported":
                status = CaseStatus.CLOSED
                found[event.appeal_id]["days"].append((local_day(event.closed_at, event.region), False))
        life = found[event.appeal_id]
        life["at"] = max(life["at"], envelope.time)
        if not opening and is_waiting(life["status"]) != is_waiting(status):
            life["days"].append((local_day(life["at"], life["region"]), is_waiting(status)))
        life["status"] = status
    await world.apply(consumed)
    for row in await world.facts():
        found[row.appeal_id]["kind"] = row.kind
    return list(found.values())


def waits(life, day):
    """Return whether an appeal waits at the end of a day."""
    reached = [waiting for since, waiting in life["days"] if since <= day]
    return bool(reached) and reached[-1]


class TestBacklog:
    @pytest.mark.parametrize("with_rollups", [False, True])
    async def test_it_is_what_waits_at_the_end_of_each_day(self, world, make, with_rollups):
        found = await live_through(world, make, 17, 120)
        assert sum(len(life["days"]) > 2 for life in found) > 5, "some are reopened"
        if with_rollups:
            await refresh_rollups(world.parts.units, leakage_seconds())
        period = {"from": str(FIRST), "to": str(LAST)}
        trend = (await world.get("/trends", kpi="backlog", interval="day", **period)).json()["points"]
        for point in trend:
            day = date.fromisoformat(point["to"])
            assert point["value"] == sum(waits(life, day) for life in found), day
        assert len(trend) == 78
        by_region = (await world.get("/kpis/backlog", **period, group_by="region")).json()
        expected = {region: sum(waits(life, LAST) for life in found if life["region"] == region) for region in ("KZ-27", "KZ-43", "KZ-75")}
        assert {part["code"]: part["value"] for part in by_region["parts"]} == expected
        assert by_region["value"] == sum(expected.values())
        of_kind = (await world.get("/kpis/backlog", **period, region="KZ-43", kind="COMPLAINT")).json()["value"]
        assert of_kind == sum(waits(life, LAST) for life in found if life["region"] == "KZ-43" and life["kind"] == "COMPLAINT")

    @pytest.mark.parametrize("with_rollups", [False, True])
    async def test_it_is_split_by_days_since_receipt(self, world, make, with_rollups):
        found = await live_through(world, make, 18, 80)
        if with_rollups:
            await refresh_rollups(world.parts.units, leakage_seconds())
        figure = (await world.get("/kpis/backlog_by_age", **{"from": str(FIRST), "to": str(LAST)})).json()
        ages = {"0-5": (0, 5), "6-10": (6, 10), "11-15": (11, 15), "16-30": (16, 30), "31+": (31, 9999)}
        expected = {
            code: sum(waits(life, LAST) and low <= (LAST - life["received"]).days <= high for life in found)
            for code, (low, high) in ages.items()
        }
        assert [(part["code"], part["value"]) for part in figure["parts"]] == list(expected.items())
        assert figure["value"] == sum(expected.values())
        assert figure["parts"][-1]["ru"] == "более 30 дней"

    async def test_other_filters_are_ignored_and_named(self, world, make):
        await world.consume(make("appeal-registered", 1, channel="APP"))
        asked = {"from": "2026-02-01", "to": "2026-02-05", "channel": "WEB", "group_by": "tier"}
        figure = (await world.get("/kpis/backlog", **asked)).json()
        assert (figure["value"], figure["params_ignored"]) == (1, ["channel", "group_by"])

    async def test_a_month_has_the_value_of_its_last_day(self, world, make):
        at = world.clock.now() - timedelta(days=40)
        await world.consume(make("appeal-registered", 1, received_at=at), make("appeal-registered", 2), at=at)
        await world.consume(make("answer-given", 1))
        figure = (await world.get("/kpis/backlog", **{"from": "2025-12-01", "to": "2026-02-05", "group_by": "month"})).json()
        assert [(part["code"], part["value"]) for part in figure["parts"]] == [("2025-12", 1), ("2026-01", 1), ("2026-02", 1)]
        async with world.parts.database.read() as session:
            assert len((await session.execute(transition.select())).all()) == 3
