"""The check of a statistic in a real browser: on a phone, by keyboard, and without JavaScript."""

import pytest

from analytics.reconciliations.policy import example
from shared.web.session import COOKIE
from tests.analytics import conftest as analytics
from tests.browser.conftest import submit
from tests.browser.test_dashboard import _with_assets

clock, world = analytics.clock, analytics.world
"""Fixtures, which pytest finds by name."""


@pytest.fixture
def opened(world, serve, visit):
    """`page = await opened(language, …)`: the page of an analyst."""

    async def open_page(language="kk", **options):
        return await visit(
            f"{await serve(_with_assets(world))}/analytics/reconcile?lang={language}", cookies={COOKIE: world.token("analyst")}, **options
        )

    return open_page


@pytest.mark.browser
class TestReconcile:
    @pytest.mark.parametrize("language", ["kk", "ru"])
    @pytest.mark.parametrize("width", [390, 1280])
    async def test_the_verdicts_are_accessible_and_fit_the_screen(self, opened, serious, width, language):
        page = await opened(language, width=width)
        await page.locator("#f-table").fill(example("kyzylorda-2025"))
        await submit(page, "main form .btn:not(.plain)")
        assert await page.locator("article .badge.bad").count() == 2
        assert "56,386" in await page.locator("article", has_text="56,3").first.inner_text()
        assert await serious(page) == []
        assert await page.evaluate("document.documentElement.scrollWidth") <= width

    async def test_a_table_is_typed_and_checked_by_keyboard(self, opened):
        page = await opened()
        await page.locator("#f-table").focus()
        await page.keyboard.insert_text("№\tмәні\tненің бөлігі\n1\t10\t\n2\t11\t1\n")
        await page.keyboard.press("Tab")
        async with page.expect_navigation():
            await page.keyboard.press("Enter")
        assert "Қайшылық" in await page.locator("article").inner_text()

    async def test_a_file_is_checked_without_javascript(self, opened):
        page = await opened(javascript=False)
        file = {"name": "beds.csv", "mimeType": "text/csv", "buffer": example("zhambyl-2026").encode("utf-8-sig")}
        await page.locator("#f-file").set_input_files(file)
        await submit(page, "main form .btn:not(.plain)")
        assert await page.locator("article .badge.bad").count() == 2
