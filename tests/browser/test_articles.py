"""Keepers write and publish an article in a browser: by keyboard, on a wide page and on a phone."""

import pytest

from suite import process
from suite.tokens import issue
from tests.browser.test_citizen import fits
from tests.patience import PATIENCE

pytestmark = pytest.mark.browser
WIDTHS = [390, 1280]


@pytest.fixture(scope="module")
def suite(tmp_path_factory):
    with process.running(tmp_path_factory.mktemp("articles"), environment=process.UNLIMITED) as running:
        yield running


@pytest.fixture
def as_keeper(suite, visit):
    async def open_page(name, path, width, language):
        cookies = {"aryz_session": issue(suite.data, "supervisor", subject=name, region="KZ-43"), "aryz_lang": language}
        return await visit(suite.url + path, width=width, cookies=cookies)

    return open_page


class TestKeepers:
    @pytest.mark.parametrize(("width", "language"), list(zip(WIDTHS, ["kk", "ru"], strict=True)))
    async def test_a_text_survives_a_reload_and_a_colleague_publishes_it(self, as_keeper, serious, width, language):
        page = await as_keeper("aigul", "/routing/knowledge", width, language)
        await page.locator("#f-topic").select_option("DENTAL")
        async with page.expect_navigation():
            await page.locator("#f-topic").evaluate("field => field.form.requestSubmit()")
        for field in ("kk-question", "kk-answer", "ru-question"):
            await page.locator(f"#f-{field}").fill(f"Сынақ {field}.")
        await page.locator("#f-ru-answer").press_sequentially("Бесплатно: 4 250 тенге.")
        await page.locator("[data-draft-state]", has_text=":").wait_for(timeout=1000 * PATIENCE)
        await page.reload()
        assert await page.locator("#f-ru-answer").input_value() == "Бесплатно: 4 250 тенге."

        await page.locator("#f-source").fill("Сынақ")
        await page.locator("#f-valid_from").fill("2026-01-01")
        async with page.expect_navigation():
            await page.locator("#f-valid_from").press("Enter")
        assert await page.locator("#error-summary").evaluate("summary => summary === document.activeElement")
        assert "{{self_payer_month" in await page.locator("#error-summary").inner_text()
        assert await serious(page) == []
        assert await fits(page, width)
        await page.locator("#f-ru-answer").fill("Бесплатно.")
        async with page.expect_navigation():
            await page.locator("#f-valid_from").press("Enter")
        assert await page.locator("form[action$=publish]").count() == 0, "an author has no form to publish"

        colleague = await as_keeper("berik", page.url.partition("?")[0].removeprefix(suite_url(page)), width, language)
        assert await serious(colleague) == []
        assert await fits(colleague, width)
        await colleague.locator("form[action$=publish] input[name=reviewer]").fill("Сынақ бөлімі")
        async with colleague.expect_navigation():
            await colleague.locator("form[action$=publish] input[name=reviewer]").press("Enter")
        assert await colleague.locator("#published").is_visible()
        assert await serious(colleague) == []
        assert await fits(colleague, width)


def suite_url(page):
    """Return the origin of a page."""
    return "/".join(page.url.split("/")[:3])
