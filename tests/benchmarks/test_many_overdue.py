"""Overdue reports with 100 000 open cases on PostgreSQL: two workers, some of whose transactions die before they are committed."""

import asyncio
import json
import time
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from routing.cases.service import ClockHistory
from routing.clocks.codes import ReportLevel
from routing.clocks.service import ClockWatcher, reported_clocks
from tests.routing.many_cases import add_open_cases
from tests.routing.support import NOW, desk_in

pytestmark = pytest.mark.alone

CASES, OVERDUE = 100_000, 1_000
A_PASS = 2.0  # seconds
LATER = timedelta(days=4)  # as many more clocks are due by then, and the head is shown all of them


@pytest.fixture
async def desk(engine, tmp_path):
    async with desk_in(engine, tmp_path) as made:
        yield made


class Killed(BaseException):
    """The process died: nothing of its transaction is committed."""


class DyingHistory(ClockHistory):
    """The cases of a worker whose transactions die after their work is done, but for every `lives`-th."""

    def __init__(self, lives: int) -> None:
        self._lives, self._begun = lives, 0

    async def mark_fix_period_passed(self, work, appeal_ids) -> None:
        await super().mark_fix_period_passed(work, appeal_ids)
        self._begun += 1
        if self._begun % self._lives:
            raise Killed


async def watch(desk, cases) -> int:
    async with desk.parts.units.write() as work:
        return await ClockWatcher(cases).watch(work)


async def run(desk, cases) -> int:
    """Process what is due as the job does, restarted whenever its transaction dies. Return how often it died."""
    deaths = 0
    while True:
        try:
            if not await watch(desk, cases):
                return deaths
        except Killed:
            deaths += 1


async def until_quiet(desk, *workers) -> int:
    """Run the workers side by side until nothing is due: one stops when the other has locked all that it found."""
    deaths = 0
    while True:
        deaths += sum(await asyncio.gather(*(run(desk, worker) for worker in workers)))
        if not await watch(desk, ClockHistory()):
            return deaths


async def breached(desk):
    return [json.loads(value)["due_at"] for fact, value in await desk.emitted() if fact == "clock-breached"]


async def reported(desk) -> list[int]:
    """Return how many clocks are reported on each level."""
    async with desk.parts.database.read() as session:
        counts = [select(func.count()).select_from(reported_clocks(level)) for level in ReportLevel]
        return [(await session.execute(count)).scalar_one() for count in counts]


@pytest.mark.parametrize("engine", ["postgres"], indirect=True)
class TestManyOverdueCases:
    async def test_two_workers_report_every_clock_once_on_each_level_oldest_first_in_two_seconds(self, desk):
        await add_open_cases(desk.parts.database.engine, CASES, overdue=OVERDUE, now=NOW)
        assert await until_quiet(desk, DyingHistory(3), DyingHistory(2)) >= OVERDUE // 200
        assert await reported(desk) == [OVERDUE, 0]
        desk.clock.advance(LATER)
        began = time.perf_counter()
        while await watch(desk, ClockHistory()):
            pass
        assert time.perf_counter() - began < A_PASS
        assert await reported(desk) == [2 * OVERDUE, 2 * OVERDUE]
        assert len(await breached(desk)) == 2 * OVERDUE
        assert await breached(desk) == sorted(await breached(desk))
