"""Absences that are planned, and the colleagues who stand in. Those that begin at once are in `test_colleagues`."""

from datetime import timedelta

import pytest

from tests.routing.cases.service.test_colleagues import clerk, known, listed
from tests.routing.cases.service.test_extensions import ask
from tests.routing.support import NOW


async def plan(desk, who, first=None, until=None, **more):
    sent = {"absent_from": first, "absent_until": until} | more
    return await desk.client.post("/routing/v1/colleagues/absence", headers=who, json=sent)


async def returns(desk, subject, *days):
    """Return the day of return on each of the days from now."""
    found = []
    for day in days:
        desk.clock.set(NOW + timedelta(days=day))
        found.append((await listed(desk, clerk(desk, "reader")))[subject]["absent_until"])
    desk.clock.set(NOW)
    return found


class TestPlanned:
    async def test_one_begins_and_ends_by_itself(self, desk):
        answer = await plan(desk, clerk(desk), "2026-02-04", "2026-02-06")
        assert (answer.status_code, answer.json()["absent_until"]) == (200, None)
        assert await returns(desk, "aigul", 0, 2, 3, 4) == [None, "2026-02-06", "2026-02-06", None]

    async def test_several_are_planned_and_one_that_overlaps_takes_the_place_of_the_other(self, desk):
        await plan(desk, clerk(desk), "2026-02-04", "2026-02-06")
        await plan(desk, clerk(desk), "2026-02-10", "2026-02-12")
        await plan(desk, clerk(desk), "2026-02-05", "2026-02-07")
        assert await returns(desk, "aigul", 2, 3, 8) == [None, "2026-02-07", "2026-02-12"]

    async def test_illness_does_not_cancel_the_leave_after_it_and_each_is_ended_by_itself(self, desk):
        await plan(desk, clerk(desk), "2026-02-10", "2026-02-12")
        await plan(desk, clerk(desk), None, "2026-02-04")
        assert await returns(desk, "aigul", 0, 8) == ["2026-02-04", "2026-02-12"]
        await plan(desk, clerk(desk))
        assert await returns(desk, "aigul", 0, 8) == [None, "2026-02-12"]
        await plan(desk, clerk(desk), "2026-02-10")
        assert await returns(desk, "aigul", 0, 8) == [None, None]

    @pytest.mark.parametrize(
        ("first", "until", "field"), [("2026-02-01", "2026-02-03", "absent_from"), ("2026-02-04", "2026-02-04", "absent_until")]
    )
    async def test_wrong_days_are_refused(self, desk, first, until, field):
        answer = await plan(desk, clerk(desk), first, until)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)

    async def test_the_number_of_planned_absences_is_bounded(self, desk):
        days = [NOW.date() + timedelta(days=2 * n) for n in range(1, 22)]
        answers = [await plan(desk, clerk(desk), f"{day}", f"{day + timedelta(days=1)}") for day in days]
        assert [answer.status_code for answer in answers] == [200] * 20 + [422]


class TestDeputies:
    async def test_a_deputy_is_a_colleague_of_the_region_who_is_there(self, desk):
        await known(desk, "daulet", "away")
        await known(desk, "almaty", region="KZ-75")
        await plan(desk, clerk(desk, "away"), "2026-02-04", "2026-02-06")
        refused = {"aigul": "unknown-code", "almaty": "unknown-code", "nobody": "unknown-code", "away": "colleague-absent"}
        for deputy, code in refused.items():
            answer = await plan(desk, clerk(desk), "2026-02-05", "2026-02-09", deputy=deputy)
            assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, code)
        assert (await plan(desk, clerk(desk), "2026-02-05", "2026-02-09", deputy="daulet")).status_code == 200

    async def test_the_deputy_of_a_head_decides_while_the_head_is_absent_and_no_longer(self, desk):
        await known(desk, "dana", role="supervisor")
        head = clerk(desk, "head", role="head")
        assert (await plan(desk, head, "2026-02-03", "2026-02-05", deputy="dana")).status_code == 200
        dana = clerk(desk, "dana", role="supervisor")
        for day, status in ((0, 403), (1, 200), (3, 403)):
            desk.clock.set(NOW)
            appeal_id = await desk.open()
            await ask(desk, appeal_id)
            desk.clock.set(NOW + timedelta(days=day))
            assert (await desk.carry_out(appeal_id, "approve-extension", dana)).status_code == status

    async def test_an_absence_that_is_ended_ends_the_appointment(self, desk):
        await known(desk, "dana", role="supervisor")
        head = clerk(desk, "head", role="head")
        await plan(desk, head, None, "2026-02-05", deputy="dana")
        appeal_id = await desk.open()
        await ask(desk, appeal_id)
        await plan(desk, head)
        dana = clerk(desk, "dana", role="supervisor")
        assert (await desk.carry_out(appeal_id, "approve-extension", dana)).status_code == 403

    async def test_nobody_but_the_head_names_the_heads_deputy_and_it_is_a_supervisor(self, desk):
        head, dana = clerk(desk, "head", role="head"), clerk(desk, "dana", role="supervisor")
        await known(desk, "head", role="head")
        await known(desk, "dana", role="supervisor")
        await known(desk, "daulet")
        own = await plan(desk, dana, None, "2026-02-05", subject="head", deputy="dana")
        assert own.status_code == 403
        assert (await plan(desk, head, None, "2026-02-05", deputy="daulet")).status_code == 422
        assert (await plan(desk, dana, None, "2026-02-05", subject="head")).status_code == 200
