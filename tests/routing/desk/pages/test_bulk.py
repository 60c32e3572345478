"""One action on many cases of the list."""

import re

import pytest

from tests.routing.desk.pages.test_filters import rows
from tests.routing.desk.support import open_desk, session
from tests.routing.support import registered

COMPLAINT = {"kind": "COMPLAINT", "category": "WAITING", "has_text": False}
TICK = re.compile(r'name="case\.([0-9a-f-]{36})" value="(\d+)"( checked)?')


async def opened(desk, number, **given):
    events = [registered(**(COMPLAINT | given)) for _ in range(number)]
    await desk.apply(*events)
    return [str(event.appeal_id) for event in events]


def supervisor(desk):
    return session(desk, "supervisor", subject="saule")


async def change(desk, who, action, cases, query="", **fields):
    sent = {f"case.{key}": "1" for key in cases} | {"action": action} | {f"bulk-{name}": value for name, value in fields.items()}
    return await desk.client.post(f"/routing/desk/bulk?{query}", headers=who, data=sent)


async def known(desk, subject="aigul", region="KZ-43"):
    await desk.get("/cases", desk.token("specialist", region=region, subject=subject, name="Сынақ Айгүл"))


class TestTheBar:
    async def test_a_row_has_a_checkbox_with_its_version_and_a_link_ticks_the_page_without_script(self, desk):
        cases = await opened(desk, 3)
        page = await open_desk(desk, who=supervisor(desk))
        assert {(key, checked) for key, _, checked in TICK.findall(page.text)} == {(key, "") for key in cases}
        [href] = re.findall(r'href="([^"]*)" data-select-all', page.text)
        ticked = await desk.client.get(href.replace("&amp;", "&"), headers=supervisor(desk))
        assert {(key, version, checked) for key, version, checked in TICK.findall(ticked.text)} == {(key, "1", " checked") for key in cases}

    @pytest.mark.parametrize(
        ("role", "offered"),
        [("specialist", {"claim", "classify", "close"}), ("supervisor", {"claim", "assign", "classify", "close"}), ("admin", set())],
    )
    async def test_it_offers_what_the_role_may_do(self, desk, role, offered):
        await opened(desk, 1)
        page = (await open_desk(desk, who=session(desk, role), tab="all")).text
        assert set(re.findall(r'name="action" value="(\w+)"', page)) == offered
        assert bool(TICK.findall(page)) == bool(offered)

    async def test_a_long_page_has_as_many_rows_as_one_action_changes(self, desk):
        await opened(desk, 101)
        page = await open_desk(desk, who=supervisor(desk), tab="queue", rows="100")
        assert (len(rows(page)), page.text.count("rows=100&amp;cursor=")) == (100, 1)

    async def test_every_id_of_a_page_is_unique_on_the_page_of_a_case(self, desk):
        [key] = await opened(desk, 1)
        found = re.findall(r' id="([^"]+)"', (await open_desk(desk, f"/{key}", supervisor(desk))).text)
        assert len(found) == len(set(found))


class TestAnAction:
    async def test_the_list_says_what_was_done_and_explains_each_refusal(self, desk):
        await known(desk)
        cases = await opened(desk, 5)
        elsewhere = await opened(desk, 1, region="KZ-75")
        other = desk.token("specialist", region="KZ-43", subject="daulet", name="Сынақ Дәулет")
        await desk.carry_out(cases[2], "claim", other)
        number = (await desk.case(cases[2]))["number"]
        page = await change(desk, supervisor(desk), "assign", cases + elsewhere, "tab=queue", assignee="aigul")
        assert page.status_code == 200
        assert "Done: 4. Not done: 2." in page.text
        assert f'href="/routing/desk/{cases[2]}?tab=queue">№ {number}</a>' in page.text
        assert "It was changed before you. A member of staff took the case · Сынақ Дәулет" in page.text
        assert "A case that you do not see" in page.text
        assert elsewhere[0] not in page.text
        assert [(await desk.case(key))["assignee"] for key in cases] == ["aigul", "aigul", "daulet", "aigul", "aigul"]

    @pytest.mark.parametrize(
        ("action", "ticked", "text"),
        [
            ("claim", 0, "Choose at least one case"),
            ("assign", 1, "Choose a colleague."),
            ("classify", 1, "Choose a kind."),
            ("close", 1, "Choose an outcome."),
            ("answer", 1, "Please correct this."),
        ],
    )
    async def test_what_is_missing_is_said_and_the_rows_stay_ticked(self, desk, action, ticked, text):
        cases = await opened(desk, 1)
        page = await change(desk, supervisor(desk), action, cases[:ticked], "tab=queue")
        assert (page.status_code, text in page.text) == (422, True)
        assert [bool(checked) for _, _, checked in TICK.findall(page.text)] == [bool(ticked)]
        assert (await desk.case(cases[0]))["version"] == 1

    async def test_of_a_category_and_a_topic_the_one_of_the_kind_is_taken(self, desk):
        cases = await opened(desk, 1)
        await change(desk, supervisor(desk), "classify", cases, kind="CONSULTATION", category="WAITING", topic="PAY_RATES")
        case = await desk.case(cases[0])
        assert (case["kind"], case["topic"], case["category"]) == ("CONSULTATION", "PAY_RATES", None)

    async def test_a_reload_and_another_language_lead_back_to_the_list(self, desk):
        page = await open_desk(desk, "/bulk", supervisor(desk), tab="queue", lang="ru")
        assert (page.status_code, page.headers["location"]) == (303, "/routing/desk?tab=queue&lang=ru")

    async def test_a_visitor_signs_in_and_a_form_from_elsewhere_is_refused(self, desk):
        cases = await opened(desk, 1)
        assert (await change(desk, {}, "claim", cases)).headers["location"].startswith("/sign-in?")
        assert (await change(desk, supervisor(desk) | {"Sec-Fetch-Site": "cross-site"}, "claim", cases)).status_code == 403
        assert (await change(desk, session(desk, "admin"), "claim", cases)).status_code == 403
