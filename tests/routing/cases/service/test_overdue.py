from datetime import UTC, datetime, timedelta

import pytest

from routing.cases.service import count_overdue_reports, list_overdue_reports, report_level
from routing.clocks.codes import ReportLevel
from shared.auth import Principal
from shared.errors import InvalidInput
from tests.routing.clocks.test_service import DUE, watch
from tests.routing.support import COMPLAINT, QUESTION, registered

TO_HEAD = datetime(2026, 2, 24, 18, 59, 59, tzinfo=UTC)  # the end of the working day after the due day


def person(role="supervisor", region="KZ-43"):
    return Principal(subject="aigul", issuer="", roles=frozenset({role}), region=region)


async def listed(desk, principal=None, level=ReportLevel.SUPERVISOR, *, limit=25, cursor=None):
    who = principal or person()
    async with desk.parts.units.read() as work:
        page, names = await list_overdue_reports(work, who, level, limit=limit, cursor=cursor)
        assert await count_overdue_reports(work, who, level) == page.total
    return page, names


async def appeals(desk, *args, **more):
    return [record.appeal_id for record in (await listed(desk, *args, **more))[0].items]


class TestLevels:
    @pytest.mark.parametrize(("role", "level"), [
        ("supervisor", ReportLevel.SUPERVISOR), ("admin", ReportLevel.SUPERVISOR), ("head", ReportLevel.HEAD), ("specialist", None),
        ("expert", None),
    ])  # fmt: skip
    def test_each_role_gets_its_own_level(self, role, level):
        assert report_level(person(role)) is level

    async def test_the_supervisor_is_shown_a_breach_at_once_and_the_head_a_working_day_later(self, desk):
        appeal_id = await desk.open()
        await watch(desk, DUE - timedelta(seconds=1))
        assert await appeals(desk) == []
        await watch(desk, DUE)
        assert (await appeals(desk), await appeals(desk, level=ReportLevel.HEAD)) == ([appeal_id], [])
        await watch(desk, TO_HEAD - timedelta(seconds=1))
        assert await appeals(desk, level=ReportLevel.HEAD) == []
        await watch(desk, TO_HEAD)
        assert (await appeals(desk), await appeals(desk, level=ReportLevel.HEAD)) == ([appeal_id], [appeal_id])
        assert await watch(desk, TO_HEAD + timedelta(days=30)) == 0

    async def test_a_report_repeats_no_event_and_leaves_the_case_as_it_is(self, desk):
        appeal_id = await desk.open()
        await watch(desk, DUE + timedelta(seconds=1))
        before = await desk.case(appeal_id)
        await watch(desk, TO_HEAD)
        assert await desk.case(appeal_id) == before
        assert [fact for fact, _ in await desk.emitted()].count("clock-breached") == 1

    async def test_after_a_long_stop_both_levels_are_reported_in_one_run(self, desk):
        appeal_id = await desk.open()
        await watch(desk, TO_HEAD + timedelta(days=9))
        assert (await appeals(desk), await appeals(desk, level=ReportLevel.HEAD)) == ([appeal_id], [appeal_id])

    async def test_a_danger_is_reported_to_both_at_the_same_time(self, desk):
        appeal_id = await desk.open(text=None, has_text=False, kind="COMPLAINT", category="EXTORTION")
        await watch(desk, datetime(2026, 2, 2, 18, 59, 59, tzinfo=UTC))
        central = person(region="KZ-00")  # a crime is protected: its branch has no report of it
        assert (await appeals(desk, central), await appeals(desk, central, ReportLevel.HEAD)) == ([appeal_id], [appeal_id])
        assert (await appeals(desk), await appeals(desk, level=ReportLevel.HEAD)) == ([], [])


class TestList:
    async def test_the_longest_overdue_comes_first_assigned_or_not_and_pages_follow_each_other(self, desk):
        days = [datetime(2026, 2, day, 9, tzinfo=UTC) for day in (4, 2, 3)]
        events = [registered(registered_at=day) for day in days]
        desk.texts.known |= {event.appeal_id: COMPLAINT for event in events}  # an unsorted appeal would have a clock of its own
        await desk.apply(*events)
        in_order = [events[n].appeal_id for n in (1, 2, 0)]
        await desk.carry_out(in_order[1], "claim", desk.token("specialist", region="KZ-43", subject="clerk-1", name="Айгүл"))
        await watch(desk, DUE + timedelta(days=9))
        page, names = await listed(desk)
        assert [record.appeal_id for record in page.items] == in_order
        assert [record.assignee for record in page.items] == [None, "clerk-1", None]
        assert names == {"clerk-1": "Айгүл"}
        first, _ = await listed(desk, limit=2)
        second, _ = await listed(desk, limit=2, cursor=first.next_cursor)
        assert [record.appeal_id for record in (*first.items, *second.items)] == in_order
        assert (first.total, second.total, second.next_cursor) == (3, 3, None)

    async def test_only_visible_cases_are_listed_and_counted(self, desk):
        mine, other = await desk.open(), await desk.open(region="KZ-75")
        await watch(desk, DUE)
        assert await appeals(desk) == [mine]
        assert await appeals(desk, person(region="KZ-75")) == [other]
        assert await appeals(desk, person(region=None)) == []
        assert set(await appeals(desk, person("admin", None))) == {mine, other}

    async def test_it_ends_when_the_clock_stops(self, desk):
        appeal_id = await desk.open(text=QUESTION, kind="CONSULTATION")
        await watch(desk, DUE)
        assert set(await appeals(desk)) == {appeal_id}
        await desk.carry_out(appeal_id, "answer", desk.token("operator"), language="ru", text="Да.")
        assert await appeals(desk) == []

    async def test_a_cursor_of_another_list_is_refused(self, desk):
        with pytest.raises(InvalidInput):
            await listed(desk, cursor="abc")
