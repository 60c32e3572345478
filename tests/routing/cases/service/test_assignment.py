"""Who gets an unassigned case by rule, and who does not."""

import asyncio
from datetime import date, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from routing.cases import repository
from routing.cases.schemas.colleagues import SetAbsence
from routing.cases.schemas.staffing import QueueName, WaitingCase
from routing.cases.service import assign_next, set_absence
from routing.cases.service.assignment import Taker, choose, shares
from shared.auth import Principal
from shared.visibility import Scope
from tests.patience import PATIENCE
from tests.routing.people import REGION, add_staff, add_waiting, assign_all, assignees, claims, entries, local, switch_on
from tests.routing.support import NOW

RU, KK = f"{REGION}/2/ru", f"{REGION}/2/kk"


WAITING = WaitingCase(UUID(int=1), 1, RU, REGION, 2, "ru", None)


def taker(subject, capacity=10, load=0, languages=None, tiers=(2,)):
    return Taker(subject, capacity, languages, frozenset(tiers), Scope(regions=frozenset({REGION})), load)


class TestTheChoice:
    @given(st.lists(st.integers(1, 40), min_size=1, max_size=12), st.integers(0, 200))
    def test_nobody_has_more_than_a_case_beyond_what_the_others_have_by_capacity(self, capacities, cases):
        takers = [taker(f"{n:02}", capacity) for n, capacity in enumerate(capacities)]
        for _ in range(cases):
            if (found := choose(takers, WAITING)) is not None:
                found.load += 1
        assert sum(each.load for each in takers) == min(cases, sum(capacities))
        for one in takers:
            for other in takers:
                assert other.load == other.capacity or (one.load - 0.5) / one.capacity <= (other.load + 0.5) / other.capacity + 1e-9

    def test_skills_capacity_and_visibility_count(self):
        assert choose([taker("a", languages=frozenset({"kk"})), taker("b", load=9)], WAITING).subject == "b"
        assert choose([taker("a", load=10), taker("b", tiers=(1, 3))], WAITING) is None
        assert choose([taker("a")], WAITING._replace(region="KZ-75")) is None
        assert choose([taker("a")], WAITING._replace(protection="SENSITIVE")) is None


class TestTheJob:
    async def test_nothing_is_assigned_until_a_queue_is_switched_on(self, desk):
        await add_staff(desk, "aigul")
        cases = await add_waiting(desk, 2)
        assert await assign_all(desk) == 0
        await switch_on(desk, RU)
        assert await assign_all(desk) == 2
        assert set((await assignees(desk, cases)).values()) == {"aigul"}
        await switch_on(desk, RU, automatic=False)
        await add_waiting(desk, 1)
        assert await assign_all(desk) == 0

    async def test_an_assignment_is_published_and_entered_as_one_that_no_person_made(self, desk):
        await add_staff(desk, "aigul")
        await switch_on(desk, RU)
        [case] = await add_waiting(desk, 1)
        await assign_all(desk)
        assert await claims(desk) == [case]
        assert await entries(desk, "case-assigned-by-rule") == [(case, "service", None)]
        [(fact, value)] = await desk.emitted()
        assert (fact, b"aigul" in value) == ("case-claimed", False)

    async def test_the_earliest_deadline_is_first_and_full_people_get_nothing_more(self, desk):
        await add_staff(desk, "aigul", capacity=2)
        await switch_on(desk, RU)
        cases = await add_waiting(desk, 4, next_due_at=lambda position: NOW - timedelta(hours=position))
        assert await assign_all(desk) == 2
        assert await assignees(desk, cases) == dict.fromkeys(cases[:2]) | dict.fromkeys(cases[2:], "aigul")

    async def test_cases_that_nobody_can_take_do_not_stop_those_behind_them(self, desk):
        await add_staff(desk, "aigul", languages=["ru"], capacity=1_000)
        await switch_on(desk, RU, KK)
        await add_waiting(desk, 150, language="kk", next_due_at=NOW - timedelta(days=1))
        await add_waiting(desk, 3)
        assert await assign_all(desk) == 3

    async def test_closed_ended_waiting_and_taken_cases_are_left_alone(self, desk):
        await add_staff(desk, "aigul")
        await switch_on(desk, RU)
        await add_waiting(desk, 1, assignee="daulet")
        await add_waiting(desk, 1, closed_at=NOW, status="CLOSED", outcome="JUSTIFIED")
        await add_waiting(desk, 1, status="ANSWERED")
        await add_waiting(desk, 1, sends_at=NOW, sending_by="daulet")
        assert await assign_all(desk) == 0

    @pytest.mark.parametrize(
        "person",
        [
            {"absences": [{"first_day": "2026-02-01", "return_on": "2026-02-03", "deputy": None}]},
            {"absent_until": NOW.date() + timedelta(days=1)},
            {"shifts": [None, *[{"begins": "09:00", "ends": "18:00"}] * 6]},
            {"shifts": [{"begins": "09:00", "ends": "14:15"}] * 7},
            {"left_at": NOW},
            {"capacity": 0},
            {"role": "supervisor"},
            {"role": "operator"},
            {"tiers": [1, 3]},
            {"region": "KZ-75"},
            {"region": None},
        ],
    )
    async def test_nobody_who_is_away_or_works_on_something_else_gets_a_case(self, desk, person):
        await add_staff(desk, {"subject": "aigul", **person})
        await switch_on(desk, RU)
        await add_waiting(desk, 1)
        assert await assign_all(desk) == 0

    async def test_experts_get_cases_of_every_region(self, desk):
        await add_staff(
            desk, {"subject": "expert", "role": "expert", "region": "KZ-75"}, {"subject": "clerk", "tiers": [3], "capacity": 20}
        )
        await switch_on(desk, f"{REGION}/3/ru")
        await add_waiting(desk, 4, tier=3)
        assert await assign_all(desk) == 4
        assert sorted((await assignees(desk)).values()) == ["clerk", "clerk", "expert", "expert"]

    async def test_unsorted_cases_have_a_queue_of_their_own(self, desk):
        await add_staff(desk, "aigul", tiers=[2])
        await switch_on(desk, f"{REGION}/unsorted/ru")
        unsorted = {"queue": f"{REGION}/unsorted/ru", "unsorted": True}
        [first] = await add_waiting(desk, 1, tier=1, **unsorted)
        [second] = await add_waiting(desk, 1, tier=2, **unsorted)
        assert await assign_all(desk) == 1
        assert await assignees(desk) == {first: None, second: "aigul"}

    async def test_whoever_comes_back_with_less_gets_more(self, desk):
        await add_staff(desk, "aigul", "daulet")
        await switch_on(desk, RU)
        await add_waiting(desk, 4, assignee="aigul")
        await add_waiting(desk, 6)
        await assign_all(desk)
        found = list((await assignees(desk)).values())
        assert (found.count("aigul"), found.count("daulet")) == (5, 5)

    async def test_shifts_are_local_and_end_at_their_last_minute(self, desk):
        await add_staff(desk, "aigul", shifts=[{"begins": "09:00", "ends": "18:00"}] * 7)
        await switch_on(desk, RU)
        await add_waiting(desk, 1)
        for at, assigned in ((local(2, 8, 59), 0), (local(2, 18), 0), (local(3, 9), 1)):
            desk.clock.set(at)
            assert await assign_all(desk) == assigned


async def is_waiting_for_a_lock(desk):
    waits = text("SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")
    async with desk.parts.database.read() as session:
        return (await session.execute(waits)).first() is not None


@pytest.mark.parametrize("engine", ["postgres"], indirect=True)
class TestOthersAtWork:
    async def test_an_absence_that_is_being_recorded_is_waited_for(self, desk):
        await add_staff(desk, "aigul", "daulet")
        await switch_on(desk, RU)
        await add_waiting(desk, 4)
        away = Principal(subject="aigul", issuer="", roles=frozenset({"specialist"}), region=REGION)
        async with desk.parts.units.write() as work:
            await set_absence(work, away, SetAbsence(absent_until=date(2026, 2, 9)))
            assigning = asyncio.create_task(assign_all(desk))
            async with asyncio.timeout(PATIENCE):
                while not await is_waiting_for_a_lock(desk):
                    assert not assigning.done()
        assert await assigning == 4
        assert set((await assignees(desk)).values()) == {"daulet"}

    async def test_a_case_that_a_clerk_is_changing_is_left_for_later(self, desk):
        await add_staff(desk, "aigul")
        await switch_on(desk, RU)
        first, second = await add_waiting(desk, 2)
        async with desk.parts.units.write() as work:
            await repository.lock_cases(work.session, [first])
            assert await asyncio.create_task(assign_all(desk)) == 1
        assert await assignees(desk) == {first: None, second: "aigul"}
        assert await assign_all(desk) == 1

    async def test_a_queue_that_another_worker_has_is_skipped(self, desk):
        await add_staff(desk, "aigul")
        await switch_on(desk, RU)
        await add_waiting(desk, 1)
        async with desk.parts.units.write() as work:
            assert await assign_next(work) == 1
            assert await asyncio.create_task(assign_all(desk)) == 0
        assert len(await claims(desk)) == 1


class TestShares:
    async def test_those_with_the_same_skills_share_by_capacity(self, desk):
        await add_staff(
            desk,
            {"subject": "aigul", "capacity": 10},
            {"subject": "daulet", "capacity": 30},
            {"subject": "away", "absent_until": NOW.date() + timedelta(days=9)},
            {"subject": "kk", "languages": ["kk"]},
        )
        async with desk.parts.units.read() as work:
            found = shares(await repository.colleagues(work.session), {"aigul": 12, "away": 7, "kk": 3}, NOW)
        assert {who: (share.capacity, share.fair) for who, share in found.items()} == {
            "aigul": (10, 3.0),
            "daulet": (30, 9.0),
            "away": (40, None),
            "kk": (40, 3.0),
        }


class TestQueueNames:
    def test_a_name_is_read_as_it_is_written(self):
        for name in (RU, KK, f"{REGION}/unsorted/ru", f"{REGION}/3/en"):
            assert str(QueueName.read(name)) == name

    @pytest.mark.parametrize("name", ["", "KZ-43", "KZ-99/2/ru", "KZ-43/4/ru", "KZ-43/02/ru", "KZ-43/2/de", "KZ-43/2/ru/x", "KZ-43/x/ru"])
    def test_anything_else_is_refused(self, name):
        with pytest.raises(ValueError):
            QueueName.read(name)
