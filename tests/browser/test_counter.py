"""The counter and people's control in a real browser: both languages, both widths, both colour schemes, with JavaScript and without."""

import pytest

from intake.attachments.models import Attachment
from intake.register.models import Appeal
from shared.web.session import COOKIE
from tests.browser.conftest import submit
from tests.intake.conftest import running

pytestmark = pytest.mark.browser
SCAN = {"name": "хат.txt", "mimeType": "text/plain", "buffer": "Хаттың мәтіні".encode()}


@pytest.fixture
async def desk(engine, tmp_path, serve):
    async with running(engine, tmp_path) as desk:

        async def http_only(scope, receive, send):
            assert scope["type"] == "http"  # the service lives already; the server must not start it again
            await desk.app(scope, receive, send)

        desk.url = await serve(http_only)
        yield desk


@pytest.fixture
def counter(desk, visit):
    async def open_page(*, language="ru", **chosen):
        token = desk.foundation.issuer.issue("specialist", subject="specialist-1", region="KZ-43", name="Сынақ Айгүл Маратқызы")
        return await visit(f"{desk.url}/intake/counter", cookies={COOKIE: token, "aryz_lang": language}, **chosen)

    return open_page


async def looks_well(page, serious, width):
    assert await serious(page) == []
    assert await page.evaluate("document.documentElement.scrollWidth") <= width


async def write(page, method):
    await page.select_option("#f-way", method)
    await page.select_option("#f-service", "COMPLAINT")
    await page.locator("#f-text").fill("Терапевт қабылдаудан бас тартты.")


class TestTheCounter:
    @pytest.mark.parametrize(("width", "language", "dark"), [(390, "kk", True), (1280, "ru", False)])
    async def test_a_letter_with_its_scan_becomes_a_talon(self, desk, counter, serious, width, language, dark):
        page = await counter(width=width, language=language, dark=dark)
        await looks_well(page, serious, width)
        await write(page, "LETTER")
        await page.locator("#f-received_on").fill("2026-01-30")
        await page.locator("#f-file").set_input_files(SCAN)
        await submit(page, "main [name=step][value=preview]")
        await page.locator("[name=step][value=send]").wait_for()
        await looks_well(page, serious, width)
        await submit(page, "[name=step][value=send]")
        await page.locator(".talon").wait_for()
        await looks_well(page, serious, width)
        [row] = await desk.rows(Appeal)
        assert row.number in await page.locator(".talon").inner_text()
        assert "Сынақ А. М." in await page.locator("article").inner_text()
        assert [one.appeal_id for one in await desk.rows(Attachment)] == [row.id]

    async def test_what_is_read_back_fits_a_phone_with_the_longest_consent(self, counter, serious):
        page = await counter(width=390)
        await write(page, "ORAL")
        assert await page.locator("#f-contested_act").is_hidden()
        await page.locator("form details").evaluate_all("all => all.forEach((one) => { one.open = true; })")
        await page.check('[name="consents.PROCESSING"]')
        await submit(page, "main [name=step][value=preview]")
        await page.locator("#f-confirmed").wait_for()
        await looks_well(page, serious, 390)

    async def test_what_is_said_is_read_back_without_javascript(self, counter):
        page = await counter(javascript=False)
        await write(page, "ORAL")
        await submit(page, "main [name=step][value=preview]")
        await submit(page, "[name=step][value=send]")
        await page.locator("#error-summary").wait_for()
        await page.locator("[name=confirmed]").check()
        await submit(page, "[name=step][value=send]")
        await page.locator("a[href*='/record/']").click()
        assert "Терапевт қабылдаудан бас тартты." in await page.content()


class TestPeoplesControl:
    @pytest.mark.parametrize(("width", "language", "dark"), [(390, "kk", False), (1280, "ru", True)])
    async def test_an_entry_is_left_and_listed(self, desk, visit, serious, width, language, dark):
        address = f"{desk.url}/intake/peoples-control"
        page = await visit(address, width=width, dark=dark, cookies={"aryz_lang": language})
        await page.locator("[name=kind][value=REPORT]").check()
        await page.select_option("#f-region", "KZ-43")
        await page.locator("#f-text").fill("Көрсетілмеген қызметті жазып қойған.")
        await looks_well(page, serious, width)
        await submit(page, "main [name=step][value=send]")
        await page.locator(".talon").wait_for()
        await page.goto(address)
        [row] = await desk.rows(Appeal)
        assert row.number in await page.locator("article").inner_text()
        await looks_well(page, serious, width)
