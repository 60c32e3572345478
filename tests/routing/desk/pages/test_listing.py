import re

import pytest

from tests.routing.desk.support import forms, open_desk, send, session
from tests.routing.support import imported


class TestAccess:
    async def test_a_visitor_is_redirected_to_sign_in_and_back(self, desk):
        answer = await desk.client.get("/routing/desk?tab=overdue", headers={"Accept": "text/html"})
        assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=%2Frouting%2Fdesk%3Ftab%3Doverdue")

    @pytest.mark.parametrize("role", ["analyst", "provider", "applicant", "partner"])
    async def test_other_roles_are_refused_with_a_page(self, desk, role):
        answer = await open_desk(desk, who=session(desk, role))
        assert answer.status_code == 403
        assert answer.headers["content-type"].startswith("text/html")

    async def test_an_admin_sees_a_case_without_forms(self, desk, complaint):
        page = await open_desk(desk, f"/{complaint}", session(desk, "admin", None))
        assert page.status_code == 200
        assert forms(page) == set()

    async def test_a_case_of_another_region_is_not_found(self, desk, complaint):
        assert (await open_desk(desk, f"/{complaint}", session(desk, region="KZ-75"))).status_code == 404
        assert (await send(desk, complaint, "claim", session(desk, region="KZ-75"))).status_code == 404

    async def test_a_form_from_another_site_is_refused(self, desk, complaint):
        answer = await send(desk, complaint, "claim", session(desk) | {"Sec-Fetch-Site": "cross-site"})
        assert answer.status_code == 403
        assert (await desk.case(complaint))["assignee"] is None


class TestListPage:
    async def test_each_tab_counts_what_its_list_holds(self, desk, complaint):
        for region in ("KZ-43", "KZ-43", "KZ-75"):
            await desk.open(region=region, text=None, has_text=False, kind="CONSULTATION", topic="STATUS_CHECK")
        await desk.apply(imported())
        await desk.carry_out(complaint, "claim", desk.token("specialist", region="KZ-43"))
        page = (await open_desk(desk)).text
        assert [f"Mine {1}" in page, f"Not taken {2}" in page, f"Overdue {0}" in page] == [True, True, True]
        for tab, rows in (("mine", 1), ("queue", 2), ("overdue", 0), ("awaiting", 0)):
            assert (await open_desk(desk, tab=tab)).text.count("<li><a href=") == rows

    async def test_the_next_due_comes_first_and_says_how_near_it_is(self, desk, complaint):
        question = await desk.open(text=None, has_text=False, kind="CONSULTATION", topic="STATUS_CHECK")
        page = (await open_desk(desk)).text
        assert page.index(str(question)) < page.index(str(complaint))
        assert "tomorrow" in page
        assert "in 21 days" in page

    async def test_a_number_is_found_by_its_first_digits(self, desk, complaint):
        number = (await desk.case(complaint))["number"]
        await desk.open(text=None, has_text=False, kind="CONSULTATION", topic="STATUS_CHECK")
        assert (await open_desk(desk, query=number[:15])).text.count("<li><a href=") == 1
        assert "No case has this number" in (await open_desk(desk, query="1999")).text

    @pytest.mark.usefixtures("complaint")
    async def test_a_row_names_the_language_in_words(self, desk):
        page = (await open_desk(desk)).text
        assert "· Russian" in page or "· Kazakh" in page

    async def test_other_text_in_the_search_is_not_echoed(self, desk):
        page = (await open_desk(desk, query="Ахметова Айгүл 77010000000")).text
        assert "Айгүл" not in page

    async def test_an_empty_list_explains_itself(self, desk):
        assert "Every open case has somebody working on it" in (await open_desk(desk)).text
        assert "Every deadline is being met" in (await open_desk(desk, tab="overdue")).text

    async def test_a_long_list_continues_on_the_next_page(self, desk):
        for _ in range(27):
            await desk.open(text=None, has_text=False, kind="CONSULTATION", topic="STATUS_CHECK")
        first = (await open_desk(desk)).text
        following = re.search(r'href="(/routing/desk\?[^"]*cursor[^"]*)" rel="next"', first)[1].replace("&amp;", "&")
        second = (await desk.client.get(following, headers=session(desk))).text
        assert (first.count("<li><a href="), second.count("<li><a href=")) == (25, 2)
