"""A thousand cases for sixty people with shifts and absences. Ten thousand are in `tests/benchmarks/test_fair_assignment.py`."""

from tests.routing.fair_assignment import run_week

CASES = 1_000


async def test_nobody_absent_gets_a_case_loads_are_fair_and_each_case_is_assigned_once(desk):
    week = await run_week(desk, CASES)
    assert week.deaths > 0
