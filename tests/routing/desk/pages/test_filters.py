"""The filters, queues and saved lists on the desk's page."""

import asyncio
import re
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from routing.desk.models import VIEWS_LIMIT, SavedView
from shared.contracts import MessageAdded
from tests.routing.cases.test_api import sees
from tests.routing.desk.support import ANSWER, open_desk, send, session
from tests.routing.support import PROVIDER, imported, registered, sent

ROLES = [
    (role, region)
    for role in ("operator", "specialist", "expert", "supervisor", "head", "admin")
    for region in (None, "KZ-43", "KZ-75")
]  # fmt: skip
ROW = re.compile(r'<li><a href="/routing/desk/([0-9a-f-]{36})')
TABS = ("mine", "queue", "unsorted", "region", "overdue", "news", "awaiting", "approvals", "all")


def rows(page) -> list[str]:
    """Return the ids of the cases in the list of a page."""
    return ROW.findall(page.text)


def counts(page) -> dict[str, int]:
    """Return the counts beside the queues."""
    return {tab: int(count) for tab, count in re.findall(r'<a href="/routing/desk\?tab=(\w+)"[^>]*>\D*(\d+)</a>', page.text)}


@pytest.fixture
async def cases(desk) -> list[tuple[str, str, int]]:
    """Return (id, region, tier) of open cases of two regions on all tiers, of one with news, and of a closed one."""
    made = [
        registered(region=region, **subject)
        for region in ("KZ-43", "KZ-75")
        for subject in (
            {"kind": "COMPLAINT", "category": "WAITING", "language": "kk"},
            {"kind": "COMPLAINT", "category": "QUALITY_DEATH", "language": "ru"},
            {"kind": "CONSULTATION", "topic": "PAY_RATES", "language": "ru"},
        )
    ]
    await desk.apply(*made)
    await desk.apply(imported())
    await desk.apply(MessageAdded(appeal_id=made[0].appeal_id, message_id=uuid4(), attachments=0))
    items = (await desk.get("/cases", desk.token("admin"))).json()["items"]
    return [(item["appeal_id"], item["region"], item["tier"]) for item in items]


async def save(desk, who, name="Кезек", query="tab=queue&category=WAITING"):
    return await desk.client.post(f"/routing/desk/views?{query}", headers=who, data={"name": name})


async def stored(desk) -> list[SavedView]:
    async with desk.parts.database.read() as opened:
        return list((await opened.execute(select(SavedView).order_by(SavedView.slot))).scalars())


class TestVisibility:
    @pytest.mark.parametrize(("role", "region"), ROLES)
    async def test_lists_counts_searches_and_saved_lists_show_what_the_role_may_open_and_nothing_else(self, desk, cases, role, region):
        who = session(desk, role, region, subject=f"{role}-{region}")
        mayopen = {key for key, of, tier in cases if sees(role, region, of, tier)}
        everything = await open_desk(desk, who=who, tab="all")
        assert set(rows(everything)) == mayopen
        for key, _, _ in cases:
            assert (await open_desk(desk, f"/{key}", who)).status_code == (200 if key in mayopen else 404)
        shown = counts(everything)
        for tab in TABS:
            found = rows(await open_desk(desk, who=who, tab=tab))
            assert set(found) <= mayopen
            if tab in shown:
                assert shown[tab] == len(found)
        await save(desk, who, query="tab=all&category=WAITING")
        for query in ("tab=all&category=WAITING", "category=WAITING&sort=updated", "language=ru&sort=received", "query=2026"):
            page = await desk.client.get(f"/routing/desk?{query}", headers=who)
            assert set(rows(page)) <= mayopen


class TestFilters:
    @pytest.mark.usefixtures("cases")
    async def test_filters_narrow_the_list_and_each_chip_removes_its_own(self, desk):
        page = await open_desk(desk, tab="all", category="WAITING", language="kk", has_news="true")
        assert len(rows(page)) == 1
        chips = dict(re.findall(r'<a class="chip" href="([^"]+)">([^<]+?) <span', page.text))
        assert len(chips) == 3
        assert {"Kazakh", "the applicant wrote"} < set(chips.values())
        for href in chips:
            wider = await desk.client.get(href.replace("&amp;", "&"), headers=session(desk))
            assert rows(page)[0] in rows(wider)
            assert wider.text.count('class="chip"') == 2

    @pytest.mark.usefixtures("cases")
    async def test_the_form_shows_what_is_set_and_works_as_an_address(self, desk):
        page = await open_desk(desk, tab="all", category="WAITING", sort="received", received_from="2026-02-01")
        form = page.text[page.text.index('<details class="filters">') :].partition("</form>")[0]
        assert '<form method="get" action="/routing/desk">' in form
        assert '<input type="hidden" name="tab" value="all">' in form
        assert re.search(r'<option value="WAITING" selected>', form)
        assert re.search(r'<option value="received" selected>', form)
        assert 'type="date" value="2026-02-01"' in form
        assert "received from 1 February 2026" in page.text

    @pytest.mark.usefixtures("cases")
    async def test_filters_that_match_nothing_say_so_and_show_no_case(self, desk):
        page = await open_desk(desk, tab="all", category="WAITING", topic="PAY_RATES")
        assert rows(page) == []
        assert "No case matches all of these filters" in page.text
        assert 'href="/routing/desk?tab=all"' in page.text

    @pytest.mark.usefixtures("cases")
    @pytest.mark.parametrize("wrong", [{"category": "POEM"}, {"tier": "9"}, {"received_from": "soon"}, {"provider_id": "x"}])
    async def test_a_value_that_no_filter_has_never_shows_the_whole_list(self, desk, wrong):
        page = await open_desk(desk, tab="all", **wrong)
        assert (page.status_code, rows(page)) == (422, [])

    async def test_blank_fields_of_the_form_are_no_filters(self, desk, cases):
        page = await open_desk(desk, tab="all", category="", topic="", received_from="", sort="due")
        assert len(rows(page)) == sum(region == "KZ-43" for _, region, _ in cases)

    @pytest.mark.usefixtures("cases")
    async def test_the_filters_stay_in_the_address_of_a_case_and_of_its_forms(self, desk):
        page = await open_desk(desk, tab="all", category="WAITING", sort="updated")
        (key,) = set(rows(page)) & set(rows(await open_desk(desk, tab="news")))
        beside = await open_desk(desk, f"/{key}", tab="all", category="WAITING", sort="updated")
        assert rows(beside) == rows(page)
        assert f'action="/routing/desk/{key}/claim?tab=all&amp;category=WAITING&amp;sort=updated"' in beside.text

    @pytest.mark.usefixtures("cases")
    async def test_a_case_with_news_is_marked_until_this_person_has_opened_it(self, desk):
        one, other = session(desk, subject="one"), session(desk, subject="two")
        (key,) = rows(await open_desk(desk, who=one, tab="news"))
        assert (await open_desk(desk, who=one, tab="all")).text.count("New. ") == 1
        assert (await open_desk(desk, f"/{key}", one, tab="all")).text.count("New. ") == 0
        assert (await open_desk(desk, who=one, tab="all")).text.count("New. ") == 0
        assert (await open_desk(desk, who=other, tab="all")).text.count("New. ") == 1
        await desk.apply(MessageAdded(appeal_id=UUID(key), message_id=uuid4(), attachments=0))
        assert (await open_desk(desk, who=one, tab="all")).text.count("New. ") == 1

    async def test_a_provider_is_kept_by_the_form_and_removed_by_its_chip(self, desk):
        await desk.apply(registered(provider_id=PROVIDER))
        page = await open_desk(desk, tab="all", provider_id=str(PROVIDER))
        assert len(rows(page)) == 1
        assert f'<input type="hidden" name="provider_id" value="{PROVIDER}">' in page.text
        assert re.search(r'class="chip" href="/routing/desk\?tab=all">one provider', page.text)


class TestSavedViews:
    @pytest.mark.usefixtures("cases")
    async def test_a_list_is_saved_opened_renamed_and_deleted(self, desk):
        who = session(desk, subject="one")
        done = await save(desk, who)
        assert (done.status_code, done.headers["location"]) == (303, "/routing/desk?tab=queue&category=WAITING&flash=view-saved")
        page = await open_desk(desk, who=who)
        (href,) = re.findall(r'<a class="chip view" href="([^"]+)">Кезек</a>', page.text)
        assert len(rows(await desk.client.get(href.replace("&amp;", "&"), headers=who))) == 1
        (view,) = await stored(desk)
        renamed = await desk.client.post(f"/routing/desk/views/{view.id}/rename", headers=who, data={"name": "Менікі"})
        assert "flash=view-renamed" in renamed.headers["location"]
        assert ">Менікі</a>" in (await open_desk(desk, who=who)).text
        await desk.client.post(f"/routing/desk/views/{view.id}/delete", headers=who)
        assert await stored(desk) == []

    async def test_only_the_person_sees_and_changes_a_saved_list(self, desk):
        await save(desk, session(desk, subject="one"))
        (view,) = await stored(desk)
        other = session(desk, subject="two")
        assert "Кезек" not in (await open_desk(desk, who=other)).text
        for step in ("rename", "delete"):
            refused = await desk.client.post(f"/routing/desk/views/{view.id}/{step}", headers=other, data={"name": "x"})
            assert refused.status_code == 404
        assert len(await stored(desk)) == 1

    async def test_a_person_has_at_most_twenty_even_if_they_are_saved_at_once(self, desk):
        who = session(desk, subject="one")
        for n in range(VIEWS_LIMIT - 1):
            await save(desk, who, f"v{n}")
        done = await asyncio.gather(*(save(desk, who, f"late {n}") for n in range(3)))
        assert sum("view-saved" in each.headers["location"] for each in done) == 1
        assert len(await stored(desk)) == VIEWS_LIMIT
        (first, *_) = await stored(desk)
        await desk.client.post(f"/routing/desk/views/{first.id}/delete", headers=who)
        assert "view-saved" in (await save(desk, who)).headers["location"]

    @pytest.mark.parametrize("name", ["", "   ", "x" * 61, "\u200b"])
    async def test_a_name_is_needed(self, desk, name):
        done = await save(desk, session(desk), name)
        assert "flash=view-name" in done.headers["location"]
        assert await stored(desk) == []

    async def test_the_name_is_stored_sealed_and_the_address_without_text(self, desk):
        await save(desk, session(desk), "Ахметова", "tab=all&query=Ахметова&category=WAITING&cursor=zzz")
        (view,) = await stored(desk)
        assert "Ахметова".encode() not in view.name
        assert view.address == "tab=all&category=WAITING"

    async def test_a_list_that_does_not_exist_is_not_saved(self, desk):
        assert (await save(desk, session(desk), query="category=POEM")).status_code == 422
        assert await stored(desk) == []

    async def test_a_form_from_another_site_and_a_visitor_are_refused(self, desk):
        assert (await save(desk, session(desk) | {"Sec-Fetch-Site": "cross-site"})).status_code == 403
        visitor = await desk.client.post("/routing/desk/views?tab=queue", headers={"Accept": "text/html"}, data={"name": "x"})
        assert visitor.headers["location"].startswith("/sign-in?next=")
        assert await stored(desk) == []


class TestAnAnswerThatWaits:
    async def test_it_has_a_filter_of_its_own_and_leaves_the_queue_of_those_that_await_the_provider(self, desk, complaint):
        await desk.apply(sent(complaint))
        who = session(desk)
        before = await open_desk(desk, who=who, tab="awaiting")
        assert (rows(before), counts(before)["awaiting"]) == ([str(complaint)], 1)
        assert rows(await open_desk(desk, who=who, status="SENDING")) == []
        await send(desk, complaint, "answer", **ANSWER, hold_seconds="30")
        after = await open_desk(desk, who=who, tab="awaiting")
        assert (rows(after), counts(after)["awaiting"]) == ([], 0)
        own = await open_desk(desk, who=who, status="SENDING")
        assert rows(own) == [str(complaint)]
        assert '<option value="SENDING" selected>About to be sent</option>' in own.text
        assert re.findall(r'<a class="chip" href="[^"]+">([^<]+?) <span', own.text) == ["About to be sent"]


class TestRefresh:
    @pytest.mark.usefixtures("cases")
    async def test_the_rows_and_counts_are_fetched_again_only_if_they_changed(self, desk):
        who = session(desk)
        page = await open_desk(desk, who=who, tab="all", category="WAITING")
        (address,) = re.findall(r'data-refresh="([^"]+)"', page.text)
        address = address.replace("&amp;", "&")
        first = await desk.client.get(address, headers=who)
        assert (rows(first), counts(first)) == (rows(page), counts(page))
        same = await desk.client.get(address, headers=who | {"If-None-Match": first.headers["ETag"]})
        assert (same.status_code, same.content) == (304, b"")
        await desk.apply(registered(kind="COMPLAINT", category="WAITING"))
        changed = await desk.client.get(address, headers=who | {"If-None-Match": first.headers["ETag"]})
        assert changed.status_code == 200
        assert len(rows(changed)) == len(rows(first)) + 1

    @pytest.mark.usefixtures("cases")
    async def test_the_open_case_stays_marked(self, desk):
        who = session(desk)
        key = rows(await open_desk(desk, who=who, tab="all"))[0]
        beside = await open_desk(desk, f"/{key}", who, tab="all")
        (address,) = re.findall(r'data-refresh="([^"]+)"', beside.text)
        fragment = await desk.client.get(address.replace("&amp;", "&"), headers=who)
        assert f'<a href="/routing/desk/{key}?tab=all" aria-current="true">' in fragment.text

    async def test_a_visitor_gets_no_rows(self, desk):
        assert (await desk.client.get("/routing/desk/rows")).status_code == 401
