from datetime import timedelta

import pytest

from tests.routing.clocks.test_service import DUE, watch
from tests.routing.desk.support import open_desk, session

PATH = "/overdue-reports"


class TestOverduePage:
    async def test_a_supervisor_finds_overdue_cases_with_clock_assignee_and_link(self, desk, complaint):
        other = await desk.open(kind="COMPLAINT", category="REFUSAL_APPOINTMENT")
        await desk.carry_out(other, "claim", desk.token("specialist", region="KZ-43", subject="clerk-1", name="Айгүл"))
        await watch(desk, DUE + timedelta(days=2))
        page = await open_desk(desk, PATH, session(desk, "supervisor"))
        assert page.status_code == 200
        for appeal_id in (complaint, other):
            assert f'href="/routing/desk/{appeal_id}"' in page.text
        for text in ("Not assigned yet", "Assigned to Айгүл", "Statutory term of 15 working days", "overdue by 2"):
            assert text in page.text

    @pytest.mark.usefixtures("complaint")
    async def test_the_desk_counts_the_reports_for_those_who_get_them(self, desk):
        await watch(desk, DUE)
        link = 'href="/routing/desk/overdue-reports"'
        for role, count in (("supervisor", 1), ("head", 0)):
            page = await open_desk(desk, who=session(desk, role))
            assert link in page.text
            assert f"Overdue reports {count}" in page.text
        assert link not in (await open_desk(desk)).text

    async def test_without_reports_it_says_so(self, desk):
        assert "Nothing is overdue" in (await open_desk(desk, PATH, session(desk, "head"))).text

    async def test_a_cursor_that_is_none_is_refused(self, desk):
        assert (await open_desk(desk, PATH, session(desk, "head"), cursor="abc")).status_code == 422

    @pytest.mark.parametrize("role", ["specialist", "operator", "expert", "analyst"])
    async def test_other_roles_are_refused(self, desk, role):
        assert (await open_desk(desk, PATH, session(desk, role))).status_code == 403

    async def test_a_visitor_signs_in_first(self, desk):
        answer = await desk.client.get("/routing/desk/overdue-reports", headers={"Accept": "text/html"})
        assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=%2Frouting%2Fdesk%2Foverdue-reports")
