"""Protected appeals in figures: a branch reads the same figures with and without them, and nobody but an admin lists or exports them."""

import csv
import io
from datetime import timedelta
from uuid import UUID

import pytest

from analytics.facts.jobs import refresh_rollups
from analytics.facts.schemas import Group
from analytics.kpis.policy import kpi_definitions
from analytics.kpis.service.measures import leakage_seconds
from tests.analytics.conftest import NOW, corrected, make_event, registered, routed

YEAR = {"from": "2026-01-01", "to": "2026-12-31"}
_GROUPS = (Group.CATEGORY, Group.PROVIDER, Group.MONTH, Group.KIND, Group.CHANNEL, Group.TIER, Group.TOPIC)
SPLITS = [None, *(each.value for each in _GROUPS)]
ORDINARY, PROTECTED = range(1, 7), range(11, 15)


async def consume(world, numbers, **more):
    """Consume appeals of one branch: answered, rated and reopened ones, some of a provider."""
    for number in numbers:
        at = NOW - timedelta(days=number)
        provider_id = UUID(int=5) if number % 2 else None
        await world.consume(registered(number, received_at=at, provider_id=provider_id, follows=None), at=at)
        await world.consume(routed(number, **more), at=at)
        if number % 3:
            await world.consume(make_event("answer-given", number), at=at + timedelta(hours=number))
            await world.consume(make_event("appeal-rated", number, score=4), at=at + timedelta(hours=number + 1))


async def refresh(world):
    await refresh_rollups(world.parts.units, leakage_seconds())


async def figures(world, role, own):
    """Return every figure that a reader may have, whole and by each split, without the times of reading."""
    found = {}
    for kpi_id in kpi_definitions():
        for split in SPLITS:
            answer = await world.get(f"/kpis/{kpi_id}", role, own, **YEAR, **({"group_by": split} if split else {}))
            assert answer.status_code == 200, answer.text
            found[kpi_id, split] = {name: value for name, value in answer.json().items() if name != "as_of"}
    return found


async def rows(world, role, own, grain):
    answer = await world.get(f"/exports/{grain}.csv", role, own, **YEAR)
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"), newline="")))


@pytest.mark.parametrize("stored", [False, True])
@pytest.mark.parametrize("role", ["supervisor", "head"])
async def test_every_figure_of_a_branch_is_the_same_with_and_without_protected_appeals(world, role, stored):
    await consume(world, ORDINARY)
    before = await figures(world, role, "KZ-43")
    await consume(world, PROTECTED, category="EXTORTION", tier=3, protection="SENSITIVE")
    if stored:
        await refresh(world)
    assert await figures(world, role, "KZ-43") == before


async def test_the_statistics_of_the_country_count_them(world):
    await consume(world, ORDINARY)
    await consume(world, PROTECTED, category="EXTORTION", tier=3, protection="SENSITIVE")
    await refresh(world)
    assert (await world.kpi("complaints", year=2026))["value"] == len(ORDINARY) + len(PROTECTED)


@pytest.mark.parametrize(("role", "own", "listed"), [("supervisor", "KZ-43", 6), ("head", "KZ-43", 6), ("admin", None, 10)])
async def test_a_list_behind_a_figure_has_those_that_the_reader_may_open(world, role, own, listed):
    await consume(world, ORDINARY)
    await consume(world, PROTECTED, category="EXTORTION", tier=3, protection="SENSITIVE")
    for kpi_id in ("complaints", "received"):
        found = (await world.get(f"/kpis/{kpi_id}/appeals", role, own, **YEAR, limit=200)).json()
        assert found["total"] == len(found["items"]) == listed


@pytest.mark.parametrize(
    ("role", "own", "exported"), [("analyst", None, 6), ("supervisor", "KZ-43", 6), ("head", "KZ-43", 6), ("admin", None, 10)]
)
async def test_exports_of_both_grains_leave_them_out(world, role, own, exported):
    await consume(world, ORDINARY)
    await consume(world, PROTECTED, category="EXTORTION", tier=3, protection="SENSITIVE")
    facts = await rows(world, role, own, "facts")
    assert len(facts) == exported
    assert any("EXTORTION" in row.values() for row in facts) is (role == "admin")
    events = await rows(world, role, own, "transitions")
    assert any("EXTORTION" in row.values() for row in events) is (role == "admin")


async def test_an_appeal_that_a_person_gives_back_counts_again(world):
    await consume(world, ORDINARY)
    await world.consume(corrected(1, protection="SENSITIVE"))
    assert (await world.get("/kpis/complaints", "head", "KZ-43", **YEAR)).json()["value"] == len(ORDINARY) - 1
    await world.consume(corrected(1, protection="OPEN"))
    assert (await world.get("/kpis/complaints", "head", "KZ-43", **YEAR)).json()["value"] == len(ORDINARY)


async def test_a_declared_category_protects_before_anybody_has_read_the_text(world):
    await world.consume(registered(1, kind="COMPLAINT", category="CORRUPTION"))
    (row,) = await world.facts()
    assert row.protection == "SENSITIVE"
