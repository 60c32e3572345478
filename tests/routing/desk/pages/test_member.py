"""The pages about one colleague: shifts, absences, what is assigned by rule, and the reassignment of all cases."""

import html
import re

import pytest

from tests.routing.desk.pages.test_filters import rows
from tests.routing.desk.pages.test_team import boss, clerk
from tests.routing.desk.support import open_desk, session
from tests.routing.people import REGION, add_staff, add_waiting, assign_all, assignees
from tests.routing.support import NOW

MEMBER = "/team/member"


async def post(desk, path, who, **fields):
    return await desk.client.post(f"/routing/desk{path}", headers=who, data=fields)


def own(desk, role="specialist"):
    return session(desk, role, REGION, subject="aigul", name="Сынақ aigul")


class TestOnesOwn:
    async def test_shifts_and_absences_are_shown_planned_and_ended(self, desk):
        await desk.get("/cases", clerk(desk, "daulet"))
        await desk.get("/cases", clerk(desk, "aigul"))
        page = (await open_desk(desk, "/shifts", own(desk))).text
        assert "Up to 40 open cases at once, tiers: 1, 2." in page
        assert (page.count("09:00–18:00"), page.count("no shift")) == (10, 4)
        sent = {"absent_from": "2026-02-04", "absent_until": "2026-02-06", "deputy": "daulet"}
        assert (await post(desk, "/shifts", own(desk), **sent)).headers["location"] == "/routing/desk/shifts?flash=absence-planned"
        page = (await open_desk(desk, "/shifts", own(desk))).text
        assert "4 February 2026, back on 6 February 2026" in page
        assert "stands in: Сынақ daulet" in page
        assert (page.count("09:00–18:00"), page.count("no shift"), page.count(">absent<")) == (8, 4, 2)
        ended = await post(desk, "/shifts", own(desk), absent_from="2026-02-04", end="yes")
        assert ended.headers["location"].endswith("flash=absence-ended")
        assert "No absence is planned" in (await open_desk(desk, "/shifts", own(desk))).text

    async def test_whoever_stands_in_finds_the_cases_of_the_absent_colleague(self, desk):
        absence = {"first_day": "2026-02-01", "return_on": "2026-02-06", "deputy": "aigul"}
        await add_staff(desk, {"subject": "daulet", "name": "Сынақ daulet", "absences": [absence]}, "aigul")
        await add_waiting(desk, 2, assignee="daulet")
        page = (await open_desk(desk, "/shifts", own(desk))).text
        [href] = re.findall(r'<b>Сынақ daulet</b>[^<]*<a href="([^"]+)">2 open cases</a>', page)
        listed = await desk.client.get(html.unescape(href), headers=own(desk))
        assert len(rows(listed)) == 2

    @pytest.mark.parametrize(
        ("sent", "text"),
        [
            ({"absent_until": ""}, "Give a day of return after the first day."),
            ({"absent_from": "2026-01-01", "absent_until": "2026-02-06"}, "Give a first day that has not passed."),
            ({"absent_until": "2026-02-06", "deputy": "nobody"}, "Choose a colleague of your region who is there."),
        ],
    )
    async def test_what_is_wrong_is_said_and_what_was_entered_stays(self, desk, sent, text):
        await desk.get("/cases", clerk(desk, "aigul"))
        answer = await post(desk, "/shifts", own(desk), **sent)
        assert (answer.status_code, text in answer.text) == (422, True)
        assert all(value in answer.text for name, value in sent.items() if name != "deputy")

    async def test_a_clerk_does_not_manage_a_colleague(self, desk):
        await desk.get("/cases", clerk(desk, "daulet"))
        await desk.get("/cases", clerk(desk, "aigul"))
        sent = {"subject": "daulet", "absent_until": "2026-02-06"}
        assert (await post(desk, "/shifts", own(desk), **sent)).status_code == 404
        assert (await open_desk(desk, MEMBER, own(desk), subject="daulet")).status_code == 403
        for path in ("/team/member", "/team/member/reassignment", "/team/queues"):
            assert (await post(desk, path, own(desk), subject="daulet")).status_code == 403


class TestOfTheSupervisor:
    async def test_capacity_skills_and_shifts_are_saved_and_shown(self, desk):
        await desk.get("/cases", clerk(desk, "aigul"))
        await desk.get("/cases", clerk(desk, "saule", role="supervisor"))
        sent = {"capacity": "5", "language-kk": "yes", "tier-2": "yes", "begins-0": "08:00", "ends-0": "12:00", "works_here": "yes"}
        answer = await post(desk, "/team/member", boss(desk), subject="aigul", **sent)
        assert answer.headers["location"] == "/routing/desk/team/member?subject=aigul&flash=staffing"
        page = (await open_desk(desk, MEMBER, boss(desk), subject="aigul")).text
        assert page.count("08:00–12:00") == 2
        assert re.search(r'name="capacity"[^>]* value="5"', page)
        ticked = set(re.findall(r'type="checkbox" id="[^"]+" name="([^"]+)" value="yes" checked', page))
        assert ticked == {"language-kk", "tier-2", "works_here"}

    @pytest.mark.parametrize(
        ("wrong", "text"),
        [
            ({"capacity": "many"}, "Give a whole number from 0 to 1000."),
            ({"capacity": "1001"}, "Give a whole number from 0 to 1000."),
            ({"capacity": "9" * 5000}, "Give a whole number from 0 to 1000."),
            ({"begins-3": "18:00", "ends-3": "09:00"}, "A shift ends after it begins"),
            ({"begins-3": "18:00"}, "A shift ends after it begins"),
        ],
    )
    async def test_what_is_wrong_is_said_and_what_was_entered_stays(self, desk, wrong, text):
        await desk.get("/cases", clerk(desk, "aigul"))
        answer = await post(desk, "/team/member", boss(desk), subject="aigul", works_here_asked="yes", **wrong)
        assert (answer.status_code, text in answer.text) == (422, True)
        assert all(f'value="{value}"' in answer.text for value in wrong.values())

    async def test_all_cases_of_a_leaver_are_passed_on_and_counted(self, desk):
        await add_staff(desk, {"subject": "aigul", "name": "Сынақ aigul"}, {"subject": "daulet", "capacity": 2})
        await add_waiting(desk, 3, assignee="aigul")
        await add_waiting(desk, 1, assignee="aigul", sends_at=NOW, sending_by="aigul")
        assert "Pass on 4 cases" in (await open_desk(desk, MEMBER, boss(desk), subject="aigul")).text
        page = (await post(desk, "/team/member/reassignment", boss(desk), subject="aigul", to="SHARED", leaves="yes")).text
        for text in (
            "Open cases: 4",
            "Given to colleagues: 2",
            "Back in the queues: 1",
            "Stay until their answer is sent: 1",
            "left the team",
        ):
            assert text in page
        assert sorted(map(str, (await assignees(desk)).values())) == ["None", "aigul", "daulet", "daulet"]
        team = (await open_desk(desk, "/team", boss(desk))).text
        assert "Сынақ aigul: 1 open case" in team

    async def test_colleagues_of_other_regions_are_not_found(self, desk):
        await add_staff(desk, "aigul", region="KZ-75")
        assert (await open_desk(desk, MEMBER, boss(desk), subject="aigul")).status_code == 404
        assert (await post(desk, "/team/member/reassignment", boss(desk), subject="aigul", to="QUEUE")).status_code == 404


class TestTheTeamPage:
    async def test_queues_are_switched_and_load_stands_next_to_the_fair_share(self, desk):
        await add_staff(desk, {"subject": "aigul", "capacity": 10}, {"subject": "daulet", "capacity": 30})
        await add_waiting(desk, 2, assignee="aigul")
        await add_waiting(desk, 2)
        queue = f"{REGION}/2/ru"
        answer = await post(desk, "/team/queues", boss(desk), queue=queue, automatic="yes")
        assert answer.headers["location"] == "/routing/desk/team?flash=queue-automatic"
        page = (await open_desk(desk, "/team", boss(desk))).text
        assert page.count(">switched on<") == 1
        assert re.findall(r'data-label="Fair share">([^<]+)<', page)[:2] == ["0.5", "1.5"]
        assert await assign_all(desk) == 2
        await post(desk, "/team/queues", boss(desk), queue=queue, automatic="no")
        page = (await open_desk(desk, "/team", boss(desk))).text
        assert ">switched on<" not in page
        assert (await post(desk, "/team/queues", boss(desk), queue="KZ-75/2/ru", automatic="yes")).status_code == 422
