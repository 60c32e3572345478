"""Every page that can be opened by its address, as whoever works with it sees it: accessible in both colour schemes, and fits a phone."""

import asyncio
import html
import re
from uuid import UUID

import httpx
import pytest

from shared.web.doors import landing_of
from suite import process
from suite.tokens import issue
from tests.browser.test_citizen import fits
from tests.browser.test_journey_web import answer_at_the_desk
from tests.e2e.conftest import People
from tests.patience import PATIENCE
from tests.patience import wait_until as eventually
from tests.security import fuzz

pytestmark = pytest.mark.browser
REGION = {"region": "KZ-43"}
PAGES = [
    ("/", None),
    ("/", "specialist"),
    ("/nothing", "operator"),
    ("/routing/desk", "analyst"),
    ("/sign-in", None),
    ("/intake/", None),
    ("/intake/track", None),
    ("/intake/track/recovery", None),
    ("/routing/letters", None),
    ("/intake/peoples-control", None),
    ("/intake/call", "operator"),
    ("/intake/call-backs", "operator"),
    ("/intake/incidents", "supervisor"),
    ("/intake/counter", "specialist"),
    ("/intake/outgoing", "admin"),
    ("/intake/outgoing/by-hand", "specialist"),
    ("/intake/withdrawals", "specialist"),
    ("/intake/imports", "admin"),
    ("/intake/questions", "operator"),
    ("/intake/rate", None),
    ("/provider-contact/ratings", None),
    ("/intake/parked", "admin"),
    ("/provider-contact/portal", "provider"),
    ("/provider-contact/portal/statements", "provider"),
    ("/provider-contact/portal/figures", "provider"),
    ("/provider-contact/portal/templates", "provider"),
    ("/provider-contact/portal/colleagues", "provider"),
    ("/provider-contact/checks", "operator"),
    ("/provider-contact/matches", "specialist"),
    ("/provider-contact/directory", "admin"),
    ("/provider-contact/directory/imports", "admin"),
    ("/provider-contact/directory/bodies", "admin"),
    ("/provider-contact/v1/replies/lost", None),
    ("/routing/articles", "operator"),
    ("/routing/knowledge", "supervisor"),
    ("/routing/desk", "specialist"),
    ("/routing/desk/team", "supervisor"),
    ("/routing/desk/shifts", "operator"),
    ("/routing/desk/users", "admin"),
    ("/routing/desk/overdue-reports", "supervisor"),
    ("/routing/desk/deputies", "head"),
    ("/routing/desk/approvals", "head"),
    ("/analytics/dashboard", "analyst"),
    ("/analytics/exports", "analyst"),
    ("/analytics/providers", "analyst"),
    ("/analytics/reconcile", "analyst"),
    ("/analytics/reports", "analyst"),
    ("/analytics/reports/KZ/2025.html", "analyst"),
]
FIRST_INSIDE = {"/intake/outgoing", "/intake/outgoing/by-hand", "/routing/desk", "/routing/knowledge"}
"""Lists whose first entry is opened too."""
ASKED = (
    "bin,name_kk,name_ru,short_name,aliases,region,district,kind,ownership,email,phone\n"
    "990140010400,Сынақ № 904 емханасы,Тестовая поликлиника № 904,,,KZ-43,,POLYCLINIC,STATE,,\n"
)
REFUSED = {"analyst"}
"""Roles to which those lists are closed: they see the page of the refusal."""


def appeal(channel):
    applicant = {"full_name": "Сынақ Азамат", "phone": "+77010000000", "email": "azamat@example.org", "address": "Сынақ көшесі, 1"}
    codes = {"kind": "COMPLAINT", "category": "REFUSAL_APPOINTMENT", "region": "KZ-43", "language": "kk", "answer_by": channel}
    return codes | {"text": "Қабылдаудан бас тартты.", "applicant": applicant, "consents": ["PROCESSING"]}


@pytest.fixture(scope="module")
def people(tmp_path_factory):
    """A suite with one answer that left by itself and one that is carried by hand."""
    settings = process.UNLIMITED | {"ARYZ_INTAKE_QUIET_HOURS": "false"}
    with (
        process.running(tmp_path_factory.mktemp("pages"), environment=settings) as suite,
        httpx.Client(base_url=suite.url, timeout=PATIENCE, trust_env=False) as http,
    ):
        everybody = People(suite, http)
        for way in ("EMAIL", "LETTER"):
            answer_at_the_desk(everybody, everybody.post("/intake/v1/appeals", appeal(way))["number"], "kk")
        everybody.post("/intake/v1/appeals", appeal("SMS"))
        yield everybody


def session(people, role):
    claims = {"provider": {"provider_id": UUID(int=501)}, "admin": {}, "analyst": {}}.get(role, REGION)
    return {"aryz_session": issue(people.suite.data, role, **claims)} if role else {}


def has_entry(people, path, cookies):
    return 'href="' + path + "/" in httpx.get(people.suite.url + path, cookies=cookies, trust_env=False).text


class TestOutgoingNotices:
    @pytest.mark.parametrize("language", ["kk", "ru"])
    async def test_a_phone_shows_every_cell_without_sideways_scrolling(self, people, visit, language):
        cookies = session(people, "admin")
        await asyncio.to_thread(eventually, lambda: has_entry(people, "/intake/outgoing", cookies))
        page = await visit(f"{people.suite.url}/intake/outgoing", width=390, cookies=cookies | {"aryz_lang": language})
        cells = await page.locator("tbody :is(th, td)").evaluate_all("cells => cells.map(cell => cell.getBoundingClientRect().right)")
        assert len(cells) >= 5
        assert max(cells) <= 390
        assert await page.locator("tbody .badge").first.is_visible()


class TestEveryPage:
    @pytest.mark.parametrize(("path", "role"), PAGES, ids=[f"{path} {role}" for path, role in PAGES])
    async def test_it_is_accessible_and_fits_a_phone(self, people, visit, serious, path, role):
        cookies = session(people, role)
        page = await visit(people.suite.url + path, width=390, cookies=cookies)
        await self.check(page, serious)
        if path in FIRST_INSIDE and role not in REFUSED:
            await asyncio.to_thread(eventually, lambda: has_entry(people, path, cookies))
            await page.reload()
            await page.locator(f'main a[href^="{path}/"]').first.click()
            await page.wait_for_load_state("networkidle")
            await self.check(page, serious)

    async def check(self, page, serious):
        """Check the page in both colour schemes."""
        assert await fits(page, 390)
        for scheme in ("light", "dark"):
            await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            assert await serious(page) == []


@pytest.fixture(scope="module")
def inquiry(people):
    """An inquiry that was answered by somebody of the provider, so that its page has every card: its id and its provider's."""
    upload = {**people.bearer("admin"), "Content-Type": "text/csv"}
    people.http.post("/provider-contact/v1/providers/imports", content=ASKED.encode(), headers=upload).raise_for_status()
    [provider] = people.get("/provider-contact/v1/providers", params={"query": "904 емханасы"}).json()["items"][:1]
    filed = appeal("SMS") | {"provider": {"provider_id": provider["provider_id"]}}
    eventually(lambda: people.http.post("/intake/v1/appeals", json=filed).is_success)  # intake learns of the provider by its event
    path = "/provider-contact/v1/inquiries"
    [found] = eventually(lambda: people.get(path, "specialist", params={"provider_id": provider["provider_id"]}, **REGION).json()["items"])
    found = eventually(
        lambda: (each := people.get(f"{path}/{found['inquiry_id']}", "specialist", **REGION).json())["status"] == "DELIVERED" and each
    )
    answer = {
        "expected_version": found["version"], "language": "ru", "code": "REFUSED_LAWFULLY", "text": "Пациент обратился без направления.",
        "answers": [{"question": "CARE_GIVEN", "value": "NO", "text": None}],
        "refusal": {"reason": "NO_REFERRAL", "rule": "Приказ ҚР ДСМ-230/2020, пункт 12"},
    }  # fmt: skip
    people.post(f"{path}/{found['inquiry_id']}/actions/respond", answer, "provider", provider_id=UUID(provider["provider_id"]))
    return found["inquiry_id"], UUID(provider["provider_id"])


class TestInquiry:
    """The page of an inquiry, as staff and the provider see it."""

    @pytest.mark.parametrize("width", [390, 1280])
    @pytest.mark.parametrize("language", ["kk", "ru"])
    async def test_it_is_accessible_to_staff_with_every_form_open(self, people, inquiry, visit, serious, width, language):
        cookies = session(people, "specialist") | {"aryz_lang": language}
        page = await visit(f"{people.suite.url}/provider-contact/inquiries/{inquiry[0]}", width=width, cookies=cookies)
        assert await page.locator("#act-title").is_visible()
        await self.check(page, serious, width)
        forms = page.locator("main details")
        assert await forms.count() >= 3
        await forms.evaluate_all("found => found.forEach(details => { details.open = true; })")
        await self.check(page, serious, width)

    @pytest.mark.parametrize("width", [390, 1280])
    async def test_it_is_accessible_to_the_provider(self, people, inquiry, visit, serious, width):
        cookies = {"aryz_session": issue(people.suite.data, "provider", provider_id=inquiry[1]), "aryz_lang": "kk"}
        page = await visit(f"{people.suite.url}/provider-contact/portal/inquiries/{inquiry[0]}", width=width, cookies=cookies)
        assert await page.locator("#notices-title").is_visible()
        await self.check(page, serious, width)

    async def check(self, page, serious, width):
        assert await fits(page, width)
        for scheme in ("light", "dark"):
            await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            assert await serious(page) == []


class TestDirectory:
    async def test_the_keeper_imports_a_list_and_adds_a_contact_on_a_phone(self, people, visit, serious):
        cookies = session(people, "admin") | {"aryz_lang": "ru"}
        page = await visit(f"{people.suite.url}/provider-contact/directory/imports", width=390, cookies=cookies)
        await page.locator("#f-file").set_input_files({"name": "list.csv", "mimeType": "text/csv", "buffer": fuzz.DIRECTORY.encode()})
        await page.get_by_role("button", name="Показать, что изменится").click()
        assert await serious(page) == []
        assert await fits(page, 390)
        await page.get_by_role("button", name="Загрузить").click()
        await page.get_by_role("button", name="Отменить загрузку").wait_for()
        await page.locator("main article a").first.click()
        await page.get_by_text("Добавить контакт").click()
        await page.get_by_label("Телефон").fill("8 701 000 00 77")
        assert await serious(page) == []
        assert await fits(page, 390)
        await page.keyboard.press("Enter")
        await page.get_by_text("Сохранено").wait_for()
        assert await page.get_by_role("link", name="+77010000077").is_visible()
        await page.get_by_role("button", name="Отменить").click()
        await page.get_by_text("Изменение отменено").wait_for()
        assert await page.get_by_role("link", name="+77010000077").count() == 0


class TestReadyAnswers:
    @pytest.mark.parametrize(("language", "question"), [("kk", "жарна"), ("ru", "взнос")])
    async def test_an_operator_searches_while_typing_and_copies_an_answer(self, people, visit, serious, language, question):
        cookies = session(people, "operator") | {"aryz_lang": language}
        page = await visit(f"{people.suite.url}/intake/call", width=390, cookies=cookies)
        await page.keyboard.press("F3")
        await page.keyboard.type(question)
        card = page.locator("[data-article]").first
        await card.wait_for()
        assert await serious(page) == []
        assert await fits(page, 390)
        answer = await card.locator("[data-answer]").inner_text()
        await card.get_by_role("button").click()
        assert await page.locator("#f-text").input_value() == answer


class TestMenus:
    @pytest.mark.parametrize("role", [None, "applicant", "operator", "specialist", "expert", "supervisor", "head", "analyst", "admin"])
    def test_no_link_leads_its_reader_to_a_closed_page(self, people, role):
        token = session(people, role)
        with httpx.Client(base_url=people.suite.url, cookies=token, trust_env=False, headers={"accept": "text/html"}) as browser:
            shown = {"/", "/intake/", "/analytics/dashboard", landing_of(role)}
            links = {link for page in shown for link in re.findall(r'<a [^>]*href="(/[^"]*)"', browser.get(page).text)}
            answers = {link: browser.get(html.unescape(link)).status_code for link in links}
        assert {link: status for link, status in answers.items() if status >= 400} == {}
        assert len(links) > 4
