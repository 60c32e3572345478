"""The appeals behind a figure: the same predicate, for those who handle them alone."""

import random

import pytest

from analytics.kpis.policy import kpi_definitions
from tests.analytics.random_facts import random_world

DAYS = {"from": "2024-02-10", "to": "2025-08-31"}
COUNTS = [kpi.id for kpi in kpi_definitions().values() if kpi.grain == "appeals"]


async def listed(world, kpi, limit=7, **asked):
    """Return the ids of every page, and the total."""
    found, cursor = [], None
    while True:
        more = {"cursor": cursor} if cursor else {}
        answer = await world.get(f"/kpis/{kpi}/appeals", "supervisor", "KZ-43", limit=limit, **DAYS, **asked, **more)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        found += [item["appeal_id"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            return found, page["total"]


class TestCountedAppeals:
    async def test_each_figure_lists_as_many_appeals_as_it_counts(self, world):
        rows = await random_world(world, random.Random(3), 400)
        days = {str(row["appeal_id"]): (row["received_on"], row["appeal_id"]) for row in rows if row["region"] == "KZ-43"}
        for kpi in COUNTS:
            asked = {"channel": "APP"} if kpi != "received" else {}
            found, total = await listed(world, kpi, **asked)
            figure = (await world.get(f"/kpis/{kpi}", "supervisor", "KZ-43", **DAYS, **asked)).json()
            assert (len(found), len(set(found))) == (total, total)
            assert [days[each] for each in found] == sorted((days[each] for each in found), reverse=True)
            if figure["unit"] == "appeals":
                assert total == figure["value"], kpi
            elif figure["unit"] != "percent":
                assert total == figure["n"], kpi
            elif figure["value"] is not None:
                assert round(100 * total / figure["n"] + 1e-9, 1) == figure["value"], kpi

    async def test_an_appeal_is_named_by_its_number(self, world, make):
        registered = make("appeal-registered", 1)
        await world.consume(registered)
        page = (await world.get("/kpis/received/appeals", "head", "KZ-43", **{"from": "2026-01-01", "to": "2026-12-31"})).json()
        assert page == {"items": [{"appeal_id": str(registered.appeal_id), "number": registered.number}], "total": 1, "next_cursor": None}

    @pytest.mark.parametrize("role", ["analyst", "operator", "specialist", "expert", "provider", "partner", "applicant", "service"])
    async def test_others_read_no_numbers(self, world, role):
        assert (await world.get("/kpis/received/appeals", role, "KZ-43", **DAYS)).status_code == 403

    async def test_nobody_reads_those_of_another_region(self, world):
        assert (await world.get("/kpis/received/appeals", None, **DAYS)).status_code == 401
        for role in ("supervisor", "head"):
            assert (await world.get("/kpis/received/appeals", role, "KZ-43", **DAYS, region="KZ-27")).status_code == 403
            assert (await world.get("/kpis/received/appeals", role, None, **DAYS)).status_code == 403

    async def test_calls_and_questions_are_no_appeals(self, world):
        for kpi in ("calls_offered", "self_served", "rumours"):
            assert (await world.get(f"/kpis/{kpi}/appeals", "head", "KZ-43", **DAYS)).status_code == 404

    @pytest.mark.parametrize("cursor", ["x", "WzFd", "Wzk5OTk5OTksIjAxOGYwMDAwLTAwMDAtNzAwMC04MDAwLTAwMDAwMDAwMDBhYSJd"])
    async def test_a_cursor_of_something_else_is_refused(self, world, cursor):
        refused = await world.get("/kpis/received/appeals", "head", "KZ-43", **DAYS, cursor=cursor)
        assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "bad-cursor")
