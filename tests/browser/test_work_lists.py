"""The lists of work with entries in them, as those who do the work see them on a phone: accessible, and each action leads on."""

import asyncio
import json
import re
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import httpx
import pytest

from suite import process
from tests.browser.test_citizen import fits
from tests.browser.test_every_page import REGION, appeal, session
from tests.e2e.conftest import People
from tests.patience import PATIENCE
from tests.patience import wait_until as eventually

pytestmark = pytest.mark.browser
ANSWER = {"answer_kk": "Портал кешке дейін жұмыс істемейді.", "answer_ru": "Портал не работает до вечера."}
LISTS = [
    ("/intake/withdrawals", "specialist"),
    ("/intake/call-backs", "operator"),
    ("/intake/incidents", "supervisor"),
    ("/intake/call", "operator"),
    ("/intake/outgoing", "admin"),
    ("/intake/parked", "admin"),
    ("/provider-contact/matches", "specialist"),
]


def page_of(people, path, role, **fields):
    """Return the text of a page; with fields they are posted, as a browser does."""
    with httpx.Client(base_url=people.suite.url, cookies=session(people, role), timeout=PATIENCE, trust_env=False) as browser:
        answer = browser.post(path, data=fields) if fields else browser.get(path)
    assert answer.status_code < 400, answer.text
    return answer.text


def ask_to_withdraw(people):
    """File a complaint, and ask to withdraw it with the code that was sent."""
    filed = people.post("/intake/v1/appeals", appeal("SMS"))
    at, pin = f"/intake/v1/appeals/{filed['number']}", {"Appeal-Pin": filed["pin"]}
    assert people.http.post(f"{at}/verification", json={"purpose": "withdrawal"}, headers=pin).is_success

    def code():
        notices = people.get(f"{at}/notices", "admin").json()["items"]
        sent = [notice["notice_id"] for notice in notices if notice["fact"] == "withdrawal-code" and notice["state"] == "SENT"]
        text = page_of(people, f"/intake/outgoing/{sent[0]}", "admin", shown="whole") if sent else ""
        return re.search(r"\b(\d{6})\b", text.partition('class="said"')[2])

    statement = {"statement": "Шағымымды қайтарып аламын.", "reason": "PRESSURE", "code": eventually(code)[1]}
    assert people.http.post(f"{at}/withdrawal", json=statement, headers=pin).is_success


def give_up_waiting(people):
    """Ring, wait for a minute and give up, some minutes ago."""
    start = datetime.now(UTC) - timedelta(minutes=5)
    steps = [("offered", 0, {"from": "+77010000000"}), ("queued", 3, {"queue": "1414-ru"}), ("abandoned", 63, {})]
    events = [
        {"call_id": "17", "seq": after, "type": kind, "at": (start + timedelta(seconds=after)).isoformat()} | fields
        for kind, after, fields in steps
    ]
    people.post("/intake/v1/channels/phone/calls", events, "telephony")
    eventually(lambda: "/take" in page_of(people, "/intake/call-backs", "operator"))


def park(people):
    """Park an event as the consumer does with one that it cannot read."""
    headers = json.dumps([("ce_type", "kz.aryz.routing.case-claimed.v1"), ("ce_id", str(uuid4()))]).encode()
    columns = 'topic, partition, "offset", key, headers, value, reason, poison, parked_at'
    row = ("aryz.appeals.v1", 0, 1_000_000, str(uuid4()), headers, b"{}", "UnreadableEvent", 1, "2026-02-02 09:15:00.000000")
    with closing(sqlite3.connect(people.suite.data / "intake.db", timeout=PATIENCE)) as connection, connection:
        connection.execute(f"INSERT INTO dead_letter ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)


@pytest.fixture(scope="module")
def people(tmp_path_factory):
    """A suite with one entry in each list."""
    settings = process.UNLIMITED | {"ARYZ_INTAKE_QUIET_HOURS": "false"}
    with (
        process.running(tmp_path_factory.mktemp("lists"), environment=settings) as suite,
        httpx.Client(base_url=suite.url, timeout=PATIENCE, trust_env=False) as http,
    ):
        everybody = People(suite, http)
        ask_to_withdraw(everybody)
        give_up_waiting(everybody)
        park(everybody)
        everybody.post("/intake/v1/appeals", appeal("SMS") | {"provider": {"name": "біздің аурухана"}})
        page_of(everybody, "/intake/incidents", "supervisor", topic="ATTACHMENT", hours="4", **REGION, **ANSWER)
        eventually(lambda: "біздің аурухана" in page_of(everybody, "/provider-contact/matches", "specialist"))
        yield everybody


class TestLists:
    @pytest.mark.parametrize("language", ["kk", "ru"])
    @pytest.mark.parametrize(("path", "role"), LISTS, ids=[path for path, _ in LISTS])
    async def test_a_list_with_entries_is_accessible_and_fits_a_phone(self, people, visit, serious, path, role, language):
        page = await visit(people.suite.url + path, width=390, cookies=session(people, role) | {"aryz_lang": language})
        assert await page.locator(".empty").count() == int(path == "/intake/call")  # which has no call just now
        assert await serious(page) == []
        assert await fits(page, 390)

    async def test_a_message_hides_its_address_and_code_until_it_is_asked_for(self, people, visit, serious):
        page = await visit(people.suite.url + "/intake/outgoing", width=390, cookies=session(people, "admin"))
        await page.locator("tbody a").first.click()
        await page.locator(".said").wait_for()
        assert await serious(page) == []
        assert re.search(r"\b\d{6}\b", await page.locator(".said").inner_text()) is None
        async with page.expect_navigation():
            await page.locator("main form button").click()
        assert "+77010000000" in await page.locator("main").inner_text()


class TestWithdrawal:
    async def test_a_call_ends_it_after_a_choice_and_its_confirmation(self, people, visit, serious):
        page = await visit(people.suite.url + "/intake/withdrawals", width=390, cookies=session(people, "specialist"))
        await page.locator('main a[href^="/intake/withdrawals/"]').first.click()
        await page.locator("#f-sure").wait_for()
        assert await serious(page) == []
        assert await fits(page, 390)
        assert "+77010000000" in await page.locator("main").inner_text()
        async with page.expect_navigation():
            await page.locator("main form button").click()
        assert await page.locator("#error-summary li").count() == 2
        assert await serious(page) == []
        await page.locator('[name=said][value="continue"]').check()
        await page.locator("#f-sure").check()
        async with page.expect_navigation():
            await page.locator("main form button").click()
        await asyncio.to_thread(eventually, lambda: "/intake/withdrawals/" not in page_of(people, "/intake/withdrawals", "specialist"))
