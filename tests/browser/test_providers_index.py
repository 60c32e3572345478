"""The page of the provider index in a real browser, on a phone and on a desk."""

import pytest

from shared.web.session import COOKIE
from tests.analytics import conftest as analytics
from tests.analytics.providers import conftest as providers
from tests.browser.test_dashboard import _with_assets

clock, world = analytics.clock, analytics.world
directory = providers.directory
"""Fixtures, which pytest finds by name."""
COMPLAINTS = (20, 22, 18, 26, 60, 1, 31, 9, 14, 24, 17)


@pytest.fixture
async def town(directory):
    for number, complaints in enumerate(COMPLAINTS, 1):
        await directory.add(
            number, complaints, unproven=complaints // 5, fulfilled=number % 4, broken=number % 2, ratings=[number % 5 + 1] * 20
        )
    await directory.add(20, 4, unproven=4, name="«Ұзын атаулы қалалық көпбейінді балалар емханасы» шаруашылық жүргізу құқығындағы мекеме")
    for number in range(21, 29):
        await directory.add(number, number % 4, kind="FAMILY_AMBULATORY")
    await directory.appeals(600)


@pytest.mark.browser
@pytest.mark.usefixtures("town")
@pytest.mark.parametrize("language", ["kk", "ru"])
@pytest.mark.parametrize("width", [390, 1280])
async def test_the_funnel_and_the_table_are_accessible_and_fit_the_screen(world, serve, visit, serious, width, language):
    address = f"{await serve(_with_assets(world))}/analytics/providers?lang={language}&period={providers.QUARTER}"
    page = await visit(address, cookies={COOKIE: world.token("analyst")}, width=width)
    drawing = await page.locator("svg.drawing").bounding_box()
    assert 300 < drawing["width"] <= width
    assert await page.locator("svg.drawing circle").count() == 3
    assert await serious(page) == []
    assert await page.evaluate("document.documentElement.scrollWidth") <= width
    await page.locator('thead a[href*="sort=complaints"]').focus()
    await page.keyboard.press("Enter")
    await page.wait_for_url("**sort=complaints**")
    assert await page.locator('th[aria-sort="descending"]').count() == 1
    assert "60" in await page.locator("tbody tr").first.inner_text()
