"""The dashboard in a real browser: both languages, both widths, and without JavaScript."""

from datetime import UTC, datetime, timedelta

import pytest

from shared.web.session import COOKIE
from tests.analytics import conftest as analytics
from tests.analytics.figures import publish_kyzylorda

clock, make, world = analytics.clock, analytics.make, analytics.world
"""Fixtures, which pytest finds by name."""
YEAR = "?from=2025-01-01&to=2025-12-31&compare=previous_year"


@pytest.mark.browser
class TestDashboard:
    @pytest.mark.parametrize("language", ["kk", "ru"])
    @pytest.mark.parametrize("width", [390, 1280])
    async def test_it_is_accessible_and_fits_the_screen(self, world, make, serve, visit, serious, width, language):
        await publish_kyzylorda(world, make)
        await world.consume(*(_other_appeals(make)))
        served = await serve(_with_assets(world))
        for role in ("analyst", None):
            cookies = {COOKIE: world.token(role)} if role else {}
            page = await visit(f"{served}/analytics/dashboard{YEAR}&lang={language}&region=KZ-43", width=width, cookies=cookies)
            assert await page.locator(".bars").count() == (5 if role else 4)
            assert await serious(page) == []
            assert await page.evaluate("document.documentElement.scrollWidth") <= width

    async def test_it_works_without_javascript(self, world, make, serve, visit):
        await publish_kyzylorda(world, make)
        page = await visit(f"{await serve(_with_assets(world))}/analytics/dashboard?lang=ru", javascript=False)
        await page.get_by_role("link", name="2025 год", exact=True).click()
        await page.get_by_label("Регион").select_option("KZ-43")
        await page.get_by_role("button", name="Показать").click()
        assert await page.locator("h1").inner_text() == "Кызылординская область"
        assert "736" in await page.locator(".kpi", has_text="Жалобы").inner_text()


def _other_appeals(make):
    at = datetime(2025, 3, 1, 6, 0, tzinfo=UTC)
    topics = ["PAY_METHODS"] * 300 + ["CARE_PROVISION"] * 150 + ["REFERRAL"] * 90 + ["SICK_LEAVE"] * 41 + ["DENTAL"] * 3 + [None] * 12
    for number, topic in enumerate(topics, start=50_000):
        channel = ["CALL_1414", "APP", "WEB", "CALL_1414", "TELEGRAM"][number % 5] if topic else "MAIL"
        yield make(
            "appeal-imported", number, kind="CONSULTATION", category=None, topic=topic, channel=channel, outcome="EXPLAINED",
            received_at=at + timedelta(hours=number % 2000),
        )  # fmt: skip


def _with_assets(world):
    """The process serves the shared static files beside its services."""
    if not any(getattr(route, "path", "") == "/static" for route in world.app.routes):
        world.app.state.pages.mount_static(world.app)
    return world.app
