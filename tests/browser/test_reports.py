"""Reports in a real browser: both languages, a phone and a desk, and ordering one without JavaScript."""

import pytest

from analytics.reports.jobs import issue_next
from shared.web.session import COOKIE
from tests.analytics import conftest as analytics
from tests.analytics.reports.statistics import kyzylorda_2024, kyzylorda_2025, store
from tests.browser.conftest import submit
from tests.browser.test_dashboard import _with_assets

clock, world = analytics.clock, analytics.world
"""Fixtures, which pytest finds by name."""


@pytest.mark.browser
class TestReports:
    @pytest.mark.parametrize("language", ["kk", "ru"])
    @pytest.mark.parametrize("width", [390, 1280])
    async def test_a_report_is_accessible_and_fits_the_screen(self, world, serve, visit, serious, width, language):
        await store(world, [*kyzylorda_2025(), *kyzylorda_2024()])
        address = f"{await serve(_with_assets(world))}/analytics/reports/KZ-43/2025.html?language={language}"
        page = await visit(address, cookies={COOKIE: world.token("analyst")}, width=width)
        assert await page.locator("main table caption").count() >= 9
        assert await page.locator("html").get_attribute("lang") == language
        assert await serious(page) == []
        assert await page.evaluate("document.documentElement.scrollWidth") <= width
        page = await visit(address.replace("/KZ-43/2025.html", ""), cookies={COOKIE: world.token("analyst")}, width=width)
        assert await serious(page) == []
        assert await page.evaluate("document.documentElement.scrollWidth") <= width

    async def test_a_report_is_ordered_and_listed_without_javascript(self, world, serve, visit):
        await store(world, kyzylorda_2025())
        address = f"{await serve(_with_assets(world))}/analytics/reports?lang=ru"
        page = await visit(address, cookies={COOKIE: world.token("analyst")}, javascript=False)
        await page.get_by_label("Регион").select_option("KZ-43")
        await page.get_by_label("Год", exact=True).select_option("2025")
        await submit(page, "main form button:not([name])")
        assert await page.locator("progress").count() == 1
        assert await issue_next(world.parts.units)
        await page.get_by_role("link", name="Обновить список").click()
        await page.get_by_text("Выпуск № 1").wait_for()
        link = page.get_by_role("link", name="PDF: Кызылординская область, 2025 год, Русский, № 1")
        assert (await link.get_attribute("href") or "").startswith("/analytics/reports/KZ-43/2025.pdf?language=ru")
