import asyncio
import json
from datetime import UTC, date, datetime, timedelta

import pytest

from routing.app import SERVICE
from routing.cases.service import ClockHistory
from routing.clocks import service as clocks
from shared.domain.calendar import CalendarGap
from shared.domain.taxonomy import taxonomy
from tests.patience import PATIENCE
from tests.routing.support import QUESTION, registered

DUE = datetime(2026, 2, 23, 18, 59, 59, tzinfo=UTC)
LAST_CALL = datetime(2026, 2, 20, 4, tzinfo=UTC)  # Friday nine o'clock in Kyzylorda, the working day before


async def watch(desk, now=None):
    if now is not None:
        desk.clock.set(now)
    async with desk.parts.units.write() as work:
        return await clocks.ClockWatcher(ClockHistory()).watch(work)


async def published(desk):
    facts = [(fact, json.loads(value)) for fact, value in await desk.emitted()]
    return [(fact, payload["policy"]) for fact, payload in facts if fact in {"clock-warned", "clock-breached"}]


class TestTerm:
    @pytest.mark.parametrize(
        ("registered_on", "fifteen", "twenty"),
        [
            (date(2026, 2, 2), date(2026, 2, 23), date(2026, 3, 2)),
            (date(2026, 2, 6), date(2026, 2, 27), date(2026, 3, 6)),
            (date(2026, 4, 28), date(2026, 5, 22), date(2026, 6, 1)),
            (date(2026, 5, 22), date(2026, 6, 15), date(2026, 6, 22)),
            (date(2026, 12, 11), date(2027, 1, 6), date(2027, 1, 14)),
        ],
    )
    def test_the_term_ends_with_the_last_second_of_the_due_day(self, registered_on, fifteen, twenty):
        ends = [clocks.term(policy, "KZ-43", registered_on).due_at for policy in ("APPK_15WD", "APPK_20WD")]
        assert [end + timedelta(hours=5, seconds=1) for end in ends] == [
            datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1) for day in (fifteen, twenty)
        ]

    def test_the_statutory_clock_warns_at_opening_time_of_the_working_day_before(self):
        assert clocks.term("APPK_15WD", "KZ-43", date(2026, 2, 2)).warn_at == LAST_CALL

    def test_a_term_before_the_calendar_raises_and_one_after_it_is_provisional(self):
        with pytest.raises(CalendarGap):
            clocks.term("APPK_15WD", "KZ-43", date(1999, 1, 1))
        assert clocks.term("APPK_15WD", "KZ-43", date(2028, 12, 20)).due_at.date() > date(2029, 1, 10)
        assert clocks.term("APPK_15WD", "KZ-43", date(2035, 1, 5)).due_at.date() > date(2035, 1, 20)


class TestRequired:
    def test_every_kind_and_form_runs_under_one_statutory_clock(self):
        for kind in taxonomy().kinds:
            for form in taxonomy().forms:
                first, *rest = clocks.required(kind, form)
                assert clocks.clock_policies()[first].statutory
                assert rest == (["TIER1_ANSWER"] if kind == "CONSULTATION" else [])


class TestWatch:
    async def test_concurrent_watchers_publish_each_warning_once(self, desk):
        for _ in range(5):
            await desk.open()
        desk.clock.set(LAST_CALL)
        await asyncio.gather(*(watch(desk) for _ in range(4)))
        assert await published(desk) == [("clock-warned", "APPK_15WD")] * 5

    async def test_nothing_is_published_before_the_warning(self, desk):
        await desk.open()
        assert await watch(desk, LAST_CALL - timedelta(seconds=1)) == 0

    async def test_repeated_runs_publish_one_warning_and_one_breach(self, desk):
        appeal_id = await desk.open()
        for now in (LAST_CALL, LAST_CALL, DUE, DUE, DUE + timedelta(days=30)):
            await watch(desk, now)
        assert await published(desk) == [("clock-warned", "APPK_15WD"), ("clock-breached", "APPK_15WD")]
        case = await desk.case(appeal_id)
        assert [row["type"] for row in case["history"]] == ["appeal-routed", "clock-warned", "clock-breached"]
        assert (case["clocks"][0]["state"], case["overdue"], case["version"], case["tier"]) == ("BREACHED", True, 1, 2)

    async def test_after_a_long_stop_only_the_breach_is_published(self, desk):
        await desk.open()
        await watch(desk, DUE + timedelta(days=3))
        assert await published(desk) == [("clock-breached", "APPK_15WD")]

    async def test_an_unassigned_case_is_watched_like_any_other(self, desk):
        mine, nobodys = await desk.open(), await desk.open()
        await desk.carry_out(mine, "claim", desk.token("operator"))
        await watch(desk, DUE)
        payload = [json.loads(value)["appeal_id"] for fact, value in await desk.emitted() if fact == "clock-breached"]
        assert set(payload) == {str(mine), str(nobodys)}

    async def test_the_earliest_due_time_comes_first_even_with_more_clocks_than_one_batch(self, desk, monkeypatch):
        monkeypatch.setattr(clocks, "WATCH_BATCH", 2)
        days = [datetime(2026, 2, day, 9, tzinfo=UTC) for day in (4, 2, 5, 3)]
        events = [registered(registered_at=day, kind="COMPLAINT", category="WAITING") for day in days]
        await desk.apply(*events)
        desk.clock.set(DUE + timedelta(days=30))
        assert [await watch(desk) for _ in range(3)] == [2, 2, 0]
        payload = [json.loads(value)["appeal_id"] for fact, value in await desk.emitted() if fact == "clock-breached"]
        assert payload == [str(events[n].appeal_id) for n in (1, 3, 0, 2)]

    async def test_the_funds_own_clock_warns_after_three_quarters(self, desk):
        appeal_id = await desk.open(text=QUESTION, kind="CONSULTATION")
        due = datetime(2026, 2, 3, 18, 59, 59, tzinfo=UTC)
        warning = desk.clock.now() + (due - desk.clock.now()) * 3 / 4
        await watch(desk, warning - timedelta(seconds=1))
        assert await published(desk) == []
        await watch(desk, warning)
        await watch(desk, due)
        assert await published(desk) == [("clock-warned", "TIER1_ANSWER"), ("clock-breached", "TIER1_ANSWER")]
        assert (await desk.case(appeal_id))["tier"] == 1

    async def test_an_answered_case_is_no_longer_watched(self, desk):
        appeal_id = await desk.open(text=QUESTION, kind="CONSULTATION")
        await desk.carry_out(appeal_id, "answer", desk.token("operator"), language="ru", text="Да.")
        assert await watch(desk, DUE) == 0

    async def test_the_job_continues_until_nothing_is_due(self, desk, monkeypatch):
        monkeypatch.setattr(clocks, "WATCH_BATCH", 2)
        await desk.apply(*(registered() for _ in range(5)))
        desk.clock.set(DUE)
        loop, *_others = SERVICE.jobs(desk.parts)
        running = asyncio.create_task(loop.run())
        async with asyncio.timeout(PATIENCE):
            while len(await published(desk)) < 5:
                await asyncio.sleep(0.01)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
