"""A clerk's whole work on one case by keyboard alone, on a running suite: from the reply of the applicant to the next case."""

import asyncio
import io

import httpx
import pikepdf
import pytest

from shared.web.session import COOKIE
from suite import process
from suite.process import UNLIMITED
from tests.browser.test_citizen import picture
from tests.browser.test_desk_keys import Hands
from tests.e2e.conftest import People
from tests.patience import PATIENCE
from tests.patience import wait_until as eventually

pytestmark = pytest.mark.browser
HEADER = "bin,name_kk,name_ru,short_name,aliases,region,district,kind,ownership,email,phone\n"
ROW = "9901400101{n:02d},Сынақ № {n} қалалық емханасы,Тестовая городская поликлиника № {n},№ {n} ҚЕ,,KZ-43,,POLYCLINIC,STATE,,\n"
CATEGORY = "UNRENDERED"  # a ready answer speaks of it
FOCUS = "document.activeElement"
REGION = {"region": "KZ-43"}
FILES = ("сурет.png", "түбіртек.pdf")
MOST_TABS = 80


@pytest.fixture(scope="module")
def people(tmp_path_factory):
    with (
        process.running(tmp_path_factory.mktemp("desk"), environment=UNLIMITED) as suite,
        httpx.Client(base_url=suite.url, timeout=PATIENCE, trust_env=False) as http,
    ):
        people = People(suite, http)
        upload = {**people.bearer("admin"), "Content-Type": "text/csv"}
        rows = "".join(ROW.format(n=n) for n in (3, 11, 12))
        assert http.post("/provider-contact/v1/providers/imports", content=(HEADER + rows).encode(), headers=upload).is_success
        people.get("/routing/v1/cases", "supervisor", subject="aigul", name="Сынақ Айгүл", **REGION)  # a colleague to mention
        yield people


def file_appeal(people, language) -> dict:
    """File a complaint about a provider that several names match."""
    body = {
        "channel": "CALL_1414",
        "language": language,
        "kind": "COMPLAINT",
        "category": CATEGORY,
        "region": "KZ-43",
        "provider": {"name": "Сынақ қалалық емханасы"},
        "text": "Көрсетілмеген қызмет eGov-та тұр.",
        "applicant": {"full_name": "Сынақ Азамат", "iin": "991231501014"},
        "consents": ["PROCESSING", "DISCLOSE_TO_PROVIDER"],
    }
    return people.post("/intake/v1/appeals", body, "channel")


def reply_with_files(people, receipt) -> None:
    """Ask the applicant as a colleague would, and reply with a photograph and a PDF."""
    path, pin = f"/routing/v1/cases/{receipt['appeal_id']}", {"Appeal-Pin": receipt["pin"]}
    case = eventually(lambda: (found := people.get(path, "specialist", **REGION)).is_success and found.json())
    question = {"expected_version": case["version"], "language": "kk", "text": "Қай күні бардыңыз?"}
    people.post(f"{path}/actions/ask", question, "specialist", **REGION)
    for name, content, media_type in zip(FILES, (picture(), minimal_pdf()), ("image/png", "application/pdf"), strict=True):
        sent = people.http.post(
            f"/intake/v1/appeals/{receipt['number']}/attachments", files={"file": (name, content, media_type)}, headers=pin
        )
        assert sent.is_success, sent.text
    reply = people.http.post(f"/intake/v1/appeals/{receipt['number']}/messages", json={"text": "14 қарашада бардым."}, headers=pin)
    assert reply.is_success, reply.text
    eventually(lambda: people.get(path, "specialist", **REGION).json()["status"] == "IN_REVIEW")


def minimal_pdf() -> bytes:
    written = io.BytesIO()
    with pikepdf.new() as pdf:
        pdf.add_blank_page()
        pdf.save(written)
    return written.getvalue()


class Clerk(Hands):
    """A clerk at the page of one case, who uses nothing but keys."""

    def __init__(self, page, people, receipt):
        super().__init__(page)
        self.people, self.receipt = people, receipt

    async def tab_to(self, selector: str) -> None:
        """Press Tab until the element has the focus."""
        for _ in range(MOST_TABS):
            if await self.page.evaluate(f"(selector) => {FOCUS}.matches(selector)", selector):
                return
            await self.press("Tab")
        pytest.fail(f"no way to {selector} by Tab")

    async def focused(self, field: str = "name") -> str:
        return await self.page.evaluate(f"{FOCUS}.{field}")

    def case(self) -> dict:
        return self.people.get(f"/routing/v1/cases/{self.receipt['appeal_id']}", "specialist", **REGION).json()

    async def until(self, holds) -> None:
        """Wait until the stored case is so, and load the page again."""
        await asyncio.to_thread(eventually, lambda: holds(self.case()))
        await self.page.reload(wait_until="networkidle")

    async def open_files(self) -> None:
        for name in FILES:
            link = self.page.get_by_role("link", name=name)
            await self.tab_to(f"a[href='{await link.get_attribute('href')}']")
            async with self.page.context.expect_page() as opened:
                await self.press("Enter")
            await (await opened.value).close()
            opened_alone = await self.page.request.get(self.people.suite.url + await link.get_attribute("href"))
            assert opened_alone.status == 200

    async def choose_and_ask_the_provider(self) -> None:
        await self.press("KeyP", "Space", "Tab")
        await self.go("Enter")
        assert "tab=queue" in self.page.url
        await self.until(lambda case: case["provider_id"] is not None)
        await self.press("KeyP", "Tab", "Space")
        await self.go("Enter")
        await self.until(lambda case: case["status"] == "AWAITING_PROVIDER")

    async def write_a_note(self) -> None:
        await self.press("KeyN")
        await self.write("Айгүл, қараңызшы.")
        await self.press("Tab", "Space")
        await self.go("Enter")
        assert "Айгүл, қараңызшы." in await self.page.locator(".msg.inner").last.inner_text()

    async def write_the_answer(self) -> str:
        """Insert an article and a sentence, fill in what is missing, and return the text of the answer."""
        await self.press("KeyR", "Enter")
        article = await self.page.locator("#f-text").input_value()
        sentences = "#sentences"
        await self.tab_to(f"{sentences} summary")
        await self.press("Enter")
        await self.tab_to(f"{sentences} [data-insert]")
        await self.press("Enter")
        text = await self.page.locator("#f-text").input_value()
        assert self.receipt["number"] in text.removeprefix(article)
        await self.press("Control+Enter", "ArrowDown", "Control+Enter")
        for field, typed in (
            ("findings.0.fact", "Қызмет көрсетілмеген."),
            ("findings.0.rule", "Шарттың 5-тармағы."),
            ("next_steps", "Жазба түзетіледі."),
        ):
            assert await self.focused() == field
            await self.write(typed)
            await (self.go if field == "next_steps" else self.press)("Control+Enter")
        return text


class TestAClerk:
    @pytest.mark.parametrize(("width", "language"), [(390, "kk"), (768, "ru"), (1280, "kk")])
    async def test_one_case_is_worked_off_by_keyboard(self, people, visit, serious, width, language):
        await asyncio.to_thread(file_appeal, people, language)  # the next case
        receipt = await asyncio.to_thread(file_appeal, people, language)
        await asyncio.to_thread(reply_with_files, people, receipt)
        clerk = people.bearer("specialist", subject=f"clerk-{width}-{language}", name="Сынақ Маман", **REGION)
        cookies = {COOKIE: clerk["Authorization"].removeprefix("Bearer "), "aryz_lang": language}
        page = await visit(f"{people.suite.url}/routing/desk?tab=queue&language={language}", width=width, cookies=cookies)
        clerk = Clerk(page, people, receipt)
        await clerk.press("ArrowDown")
        await clerk.tab_to(f".queue a[href*='{receipt['appeal_id']}']")
        await clerk.go("Enter")
        assert "14 қарашада бардым." in await page.locator(".msg.citizen").last.inner_text()
        assert await serious(page) == []
        await clerk.open_files()
        await clerk.choose_and_ask_the_provider()
        await clerk.write_a_note()

        text = await clerk.write_the_answer()
        assert clerk.case()["status"] == "SENDING"
        assert await serious(page) == []
        await clerk.go("KeyZ")
        assert clerk.case()["status"] == "AWAITING_PROVIDER"
        await clerk.press("KeyA")
        assert await page.locator("#f-text").input_value() == text

        await page.locator("#answer [name=hold_seconds]").evaluate("(field) => { field.value = 0; }")  # nobody waits half a minute here
        await clerk.press("Control+Shift+Enter")
        assert await clerk.focused() == "outcome"
        await clerk.press("ArrowDown")
        await clerk.go("Control+Shift+Enter")
        assert receipt["appeal_id"] not in page.url
        assert await clerk.focused("id") == "case-title"
        assert await page.evaluate("document.documentElement.scrollWidth") <= width

        def answered():
            found = people.get(f"/intake/v1/appeals/{receipt['number']}", headers={"Appeal-Pin": receipt["pin"]}).json()
            return found if found["status"] == "CLOSED" else None

        seen = await asyncio.to_thread(eventually, answered)
        assert seen["answer"]["text"] == text
