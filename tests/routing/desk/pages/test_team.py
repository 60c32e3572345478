"""The pages about colleagues: each figure is the number of cases in the list behind it."""

import html
import itertools
import re
from datetime import date, timedelta

import pytest

from routing.desk.pages.team import _received
from shared.contracts import AppealWithdrawn
from tests.routing.clocks.test_service import watch
from tests.routing.desk.pages.test_filters import rows
from tests.routing.desk.support import open_desk, session
from tests.routing.support import NOW, registered

COMPLAINT = {"kind": "COMPLAINT", "category": "WAITING", "has_text": False}
LINK = re.compile(r'<a href="(/routing/desk\?[^"]+)"[^>]*>([^<]*)</a>')
KPI = re.compile(r'<a href="([^"]+)">[^<]*</a></span>\s*<b>(\d+)</b>')
AGE = re.compile(r'<th scope="row"><a href="([^"]+)">([^<]+)</a></th><td class="n">(\d+)</td>')
REPORTED = re.compile(r'<h2><a href="/routing/desk/[0-9a-f-]{36}"')
CELL = re.compile(r'<td class="n"[^>]*><a href="([^"]+)"[^>]*>(\d+)</a></td>')


def boss(desk, role="supervisor", region="KZ-43", subject="saule"):
    return session(desk, role, region, subject=subject, name="Сынақ Сәуле")


def clerk(desk, subject="aigul", region="KZ-43", role="specialist"):
    return desk.token(role, region=region, subject=subject, name=f"Сынақ {subject}")


async def at(desk, href, who):
    return await desk.client.get(html.unescape(href), headers=who)


async def received(desk, days_ago, **given):
    at = NOW - timedelta(days=days_ago)
    event = registered(**(COMPLAINT | {"received_at": at, "registered_at": at} | given))
    await desk.apply(event)
    return event.appeal_id


@pytest.fixture
async def work(desk):
    """Cases of all ages and two regions, some taken, one closed, some overdue."""
    cases = [await received(desk, days) for days in (0, 1, 5, 6, 20, 24, 40, 80)]
    await received(desk, 30, region="KZ-75")
    for number, key in enumerate(cases[:6]):
        assert (await desk.carry_out(key, "claim", clerk(desk, "aigul" if number % 3 else "daulet"))).status_code == 200
    await desk.apply(AppealWithdrawn(appeal_id=cases[1], reason="OTHER"))
    asked = {"until": "2026-03-14", "reason": "Ждём документы."}
    assert (await desk.carry_out(cases[0], "request-extension", clerk(desk, "daulet"), **asked)).status_code == 200
    await watch(desk, NOW)
    return cases


class TestTheTeam:
    @pytest.mark.usefixtures("work")
    @pytest.mark.parametrize("role", ["supervisor", "head"])
    async def test_each_figure_is_the_number_of_cases_in_the_list_behind_it(self, desk, role):
        page = (await open_desk(desk, "/team", boss(desk, role))).text
        found = [*KPI.findall(page), *((href, count) for href, _, count in AGE.findall(page)), *CELL.findall(page)]
        assert len(found) == 5 + 4 + 2 * 3
        for href, count in found:
            listed = await at(desk, href, boss(desk, role))
            shown = REPORTED.findall(listed.text) if href.endswith("overdue-reports") else rows(listed)
            assert (href, len(shown)) == (href, int(count))
        if role == "supervisor":
            assert dict(KPI.findall(page))["/routing/desk/overdue-reports"] != "0"
        else:
            assert dict(KPI.findall(page))["/routing/desk?tab=approvals"] == "1"
        assert sum(int(count) for _, _, count in AGE.findall(page)) == int(KPI.findall(page)[0][1]) == 7
        assert "80" not in [count for _, count in found]

    @pytest.mark.usefixtures("work")
    async def test_the_oldest_case_of_a_colleague_is_in_the_list_behind_its_day(self, desk):
        page = (await open_desk(desk, "/team", boss(desk))).text
        days = [href for href, text in LINK.findall(page) if "received_to" in href and "assignee" in href]
        assert len(days) == 2
        for href in days:
            assert len(rows(await at(desk, href, boss(desk)))) == 1

    @pytest.mark.usefixtures("work")
    async def test_an_absent_colleagues_cases_lead_to_the_list_from_which_they_are_given_away(self, desk):
        answer = await desk.client.post(
            "/routing/desk/absence?back=team", headers=boss(desk), data={"subject": "aigul", "absent_until": "2026-03-02"}
        )
        assert answer.headers["location"] == "/routing/desk/team?flash=absence"
        page = (await open_desk(desk, "/team", boss(desk))).text
        [(href, text)] = [(href, text) for href, text in LINK.findall(page) if "open case" in text]
        assert text.startswith("Сынақ aigul: 3 open cases")
        listed = await at(desk, href, boss(desk))
        ticks = re.findall(r'name="(case\.[^"]+)" value="(\d+)"', listed.text)
        assert re.search(r'<option value="aigul" disabled>[^<]*absent, back on', listed.text)
        done = await desk.client.post(
            "/routing/desk/bulk", headers=boss(desk), data=dict(ticks) | {"action": "assign", "bulk-assignee": "daulet"}
        )
        assert "Done: 3. Not done: 0." in done.text
        assert "Cases of absent colleagues" not in (await open_desk(desk, "/team", boss(desk))).text

    @pytest.mark.usefixtures("work")
    async def test_a_colleague_who_left_the_region_is_listed_while_cases_are_left(self, desk):
        await desk.get("/cases", clerk(desk, "aigul", region="KZ-75"))
        assert "Сынақ aigul" in (await open_desk(desk, "/team", boss(desk))).text

    @pytest.mark.usefixtures("work")
    async def test_only_supervisors_and_heads_open_it(self, desk):
        for role in ("operator", "specialist", "expert", "admin"):
            assert (await open_desk(desk, "/team", boss(desk, role))).status_code == 403
        assert (
            (await open_desk(desk, "/team", {"Accept": "text/html"}))
            .headers["location"]
            .startswith("/sign-in?next=%2Frouting%2Fdesk%2Fteam")
        )

    async def test_a_wrong_day_is_said(self, desk):
        answer = await desk.client.post("/routing/desk/absence?back=team", headers=boss(desk), data={"absent_until": "2020-01-01"})
        assert answer.headers["location"] == "/routing/desk/team?flash=absence-day"


class TestAges:
    @pytest.mark.parametrize(
        ("today", "first"),
        [(date(2026, 2, 2), date(2026, 1, 28)), (date(2026, 2, 1), date(2026, 1, 27)), (date(2026, 2, 6), date(2026, 2, 3))],
    )
    def test_the_first_three_working_days_begin_after_the_day_of_receipt(self, today, first):
        """On Monday 2 February: what came on Wednesday has Thursday, Friday and Monday behind it."""
        assert _received(today, 0, 3)["received_from"] == first.isoformat()

    @pytest.mark.parametrize("today", [date(2026, 2, 2) + timedelta(days=n) for n in range(7)])
    def test_every_day_of_receipt_is_in_one_bucket(self, today):
        bounds = [_received(today, least, most) for least, most in ((0, 3), (4, 10), (11, 15), (16, None))]
        for newer, older in itertools.pairwise(bounds):
            assert date.fromisoformat(newer["received_from"]) - date.fromisoformat(older["received_to"]) == timedelta(days=1)


class TestAbsenceOfOnesOwn:
    async def test_it_is_recorded_and_ended_from_the_list(self, desk):
        who = boss(desk, "specialist")
        await desk.client.post("/routing/desk/absence", headers=who, data={"absent_until": "2026-03-02"})
        assert "You are absent until 2 March 2026" in (await open_desk(desk, who=who)).text
        ended = await desk.client.post("/routing/desk/absence", headers=who, data={"absent_until": ""})
        assert ended.headers["location"].endswith("flash=absence-ended")
        assert "I am absent" in (await open_desk(desk, who=who)).text

    async def test_that_of_a_colleague_is_not_found_for_a_clerk(self, desk):
        await desk.get("/cases", clerk(desk))
        answer = await desk.client.post("/routing/desk/absence", headers=boss(desk, "specialist"), data={"subject": "aigul"})
        assert answer.status_code == 404


class TestUsers:
    async def test_an_admin_finds_who_has_used_the_desk(self, desk):
        await desk.get("/cases", clerk(desk, "aigul"))
        await desk.get("/cases", clerk(desk, "daulet", region="KZ-75"))
        who = session(desk, "admin", None)
        page = (await open_desk(desk, "/users", who)).text
        assert all(text in page for text in ("Сынақ aigul", "Сынақ daulet", "2 February 2026", "identity provider"))
        found = await desk.client.post("/routing/desk/users", headers=who, data={"query": "СЫНАҚ DAU"})
        assert ("daulet" in found.text, "aigul" in found.text) == (True, False)
        none = await desk.client.post("/routing/desk/users", headers=who, data={"query": "nobody"})
        assert "Nobody is found" in none.text

    async def test_nobody_else_opens_it(self, desk):
        for role in ("operator", "specialist", "expert", "supervisor", "head"):
            assert (await open_desk(desk, "/users", boss(desk, role))).status_code == 403
