"""Ten thousand cases for sixty people on PostgreSQL: two workers, some of whose transactions die before they are committed."""

import time

import pytest

from tests.routing.fair_assignment import run_week
from tests.routing.support import desk_in

pytestmark = pytest.mark.alone

CASES = 10_000


@pytest.fixture
async def desk(engine, tmp_path):
    async with desk_in(engine, tmp_path) as made:
        yield made


@pytest.mark.parametrize("engine", ["postgres"], indirect=True)
async def test_nobody_absent_gets_a_case_loads_are_fair_and_each_case_is_assigned_once(desk):
    began = time.perf_counter()
    week = await run_week(desk, CASES)
    spent = time.perf_counter() - began
    seen = f"{week.distance:.2f} cases from the fair share at most, {week.deaths} deaths, {dict(week.committed)}"
    print(f"{CASES} cases in {spent:.1f} s: {seen}")  # noqa: T201 - the figures are what one looks for with -s
    assert week.deaths > 0
    assert len(week.committed) == 2
