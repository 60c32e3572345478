"""The page of exports in a real browser, on a phone and on a desk."""

import pytest

from shared.web.session import COOKIE
from tests.analytics import conftest as analytics
from tests.browser.test_dashboard import _with_assets

clock, world = analytics.clock, analytics.world
"""Fixtures, which pytest finds by name."""


@pytest.mark.browser
@pytest.mark.parametrize("language", ["kk", "ru"])
@pytest.mark.parametrize("width", [390, 1280])
async def test_the_form_and_the_columns_are_accessible_and_fit_the_screen(world, serve, visit, serious, width, language):
    address = f"{await serve(_with_assets(world))}/analytics/exports?lang={language}"
    page = await visit(address, cookies={COOKIE: world.token("analyst")}, width=width)
    await page.locator("details summary").first.click()
    assert await page.locator("a[download]").count() == 6
    assert await serious(page) == []
    assert await page.evaluate("document.documentElement.scrollWidth") <= width
