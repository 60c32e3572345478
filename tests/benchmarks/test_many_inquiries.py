"""Steps of 100 000 open inquiries on PostgreSQL: two workers, some of whose transactions die before they are committed."""

import asyncio
import time
from datetime import timedelta

import pytest

from provider_contact.app import NOTICES
from provider_contact.inquiries.service import advance_due
from shared.contracts import InquiryEscalated, InquiryOverdue
from tests.provider_contact.conftest import NOW, world_in
from tests.provider_contact.many_inquiries import add_open_inquiries

pytestmark = pytest.mark.alone

INQUIRIES, DUE = 100_000, 1_000
A_PASS = 2.0  # seconds
LATER = timedelta(days=10)  # the escalations of those that are due, and no other inquiry


@pytest.fixture
async def world(engine, tmp_path):
    async with world_in(engine, tmp_path) as made:
        yield made


class Killed(BaseException):
    """The process died: nothing of its transaction is committed."""


class DyingNotices:
    """The notices of a worker whose transactions die after their work is done, but for every `lives`-th."""

    def __init__(self, lives):
        self._lives, self._begun = lives, 0

    async def plan(self, work, notices):
        await NOTICES.plan(work, notices)
        self._begun += 1
        if self._begun % self._lives:
            raise Killed


async def advance(world, notices=NOTICES):
    async with world.parts.units.write() as work:
        return await advance_due(work, notices)


async def run(world, notices):
    """Take what is due as the job does, restarted whenever its transaction dies. Return how often it died."""
    deaths = 0
    while True:
        try:
            if not await advance(world, notices):
                return deaths
        except Killed:
            deaths += 1


@pytest.mark.parametrize("engine", ["postgres"], indirect=True)
class TestManyOpenInquiries:
    async def test_two_workers_take_every_step_once_oldest_first_and_a_pass_takes_two_seconds(self, world):
        await add_open_inquiries(world.parts.database.engine, INQUIRIES, due=DUE, now=NOW)
        began = time.perf_counter()
        assert await advance(world) > 0
        first = time.perf_counter() - began
        assert sum(await asyncio.gather(run(world, DyingNotices(3)), run(world, DyingNotices(2)))) > 0
        while await advance(world):
            pass
        overdue = await world.emitted(InquiryOverdue)
        assert (len(overdue), len({event.inquiry_id for event in overdue})) == (DUE, DUE)
        due = [event.due_at for event in overdue]
        assert max(due[:200]) < min(due[-200:])
        world.clock.advance(LATER)
        began = time.perf_counter()
        passes = 0
        while passes < DUE and (found := await advance(world)):
            passes += found
        spent = time.perf_counter() - began
        print(f"first 200: {first:.2f} s, then {passes} steps in {spent:.2f} s")  # noqa: T201 - the figure is what one looks for with -s
        assert first < A_PASS
        assert spent < A_PASS
        escalated = await world.emitted(InquiryEscalated)
        assert len(escalated) == len({event.inquiry_id for event in escalated})
