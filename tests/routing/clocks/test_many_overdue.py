"""Overdue reports with 100 000 open cases on PostgreSQL: two workers, some of whose transactions die before they are committed."""

import asyncio
import json
import time
from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlmodel import col

from routing.cases.service import ClockHistory
from routing.clocks.codes import ReportLevel
from routing.clocks.models import OverdueReport
from routing.clocks.service import ClockWatcher
from tests.routing.many_cases import add_open_cases
from tests.routing.support import NOW

CASES, OVERDUE = 100_000, 1_000
A_PASS = 2.0  # seconds
LATER = timedelta(days=4)  # beyond the working day after which the head is shown a statutory clock


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


async def reports(desk, level):
    query = select(col(OverdueReport.clock_id)).where(col(OverdueReport.level) == level)
    async with desk.parts.database.read() as session:
        return (await session.execute(query)).scalars().all()


async def breached(desk):
    return [json.loads(value)["due_at"] for fact, value in await desk.emitted() if fact == "clock-breached"]


@pytest.mark.parametrize("engine", ["postgres"], indirect=True)
class TestManyOverdueCases:
    async def test_two_workers_report_every_clock_once_on_each_level_oldest_first(self, desk):
        await add_open_cases(desk.parts.database.engine, CASES, overdue=OVERDUE, now=NOW)
        assert await until_quiet(desk, DyingHistory(3), DyingHistory(2)) >= OVERDUE // 200
        assert await breached(desk) == sorted(await breached(desk))
        assert len(await breached(desk)) == OVERDUE
        supervisors = Counter(await reports(desk, ReportLevel.SUPERVISOR))
        assert (len(supervisors), set(supervisors.values())) == (OVERDUE, {1})
        assert await reports(desk, ReportLevel.HEAD) == []
        desk.clock.advance(LATER)
        await until_quiet(desk, DyingHistory(2), DyingHistory(3))
        heads = Counter(await reports(desk, ReportLevel.HEAD))
        assert heads == supervisors
        assert len(await breached(desk)) == OVERDUE

    async def test_a_pass_takes_less_than_two_seconds(self, desk):
        await add_open_cases(desk.parts.database.engine, CASES, overdue=OVERDUE, now=NOW)
        for moved in (timedelta(), LATER):
            desk.clock.advance(moved)
            began = time.perf_counter()
            while await watch(desk, ClockHistory()):
                pass
            assert time.perf_counter() - began < A_PASS
        assert len(await reports(desk, ReportLevel.HEAD)) == OVERDUE
