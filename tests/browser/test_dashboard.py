"""The dashboard in a real browser: three languages, from phone to wide screen, without JavaScript, on paper, and while figures change."""

from datetime import UTC, datetime, timedelta

import pikepdf
import pytest

from shared.web.session import COOKIE
from tests.analytics import conftest as analytics
from tests.analytics.figures import publish_kyzylorda
from tests.analytics.kpis.service.test_figures import ended
from tests.analytics.providers import conftest as providers

clock, make, world = analytics.clock, analytics.make, analytics.world
directory = providers.directory
"""Fixtures, which pytest finds by name."""
YEAR = "?from=2025-01-01&to=2025-12-31&compare=previous_year"
OVERLAPPING = """() => [...document.querySelectorAll("svg.drawing")].flatMap((drawing) => {
  const boxes = [...drawing.querySelectorAll("text")].map((text) => [text.textContent, text.getBoundingClientRect()]);
  return boxes.flatMap(([a, first], index) => boxes.slice(index + 1)
    .filter(([, second]) => first.left < second.right - 1 && second.left < first.right - 1
      && first.top < second.bottom - 3 && second.top < first.bottom - 3)
    .map(([b]) => `${a} / ${b}`));
})"""
OUTSIDE = """() => [...document.querySelectorAll("svg.drawing text")].filter((text) => {
  const box = text.getBoundingClientRect(), frame = text.closest("svg").getBoundingClientRect();
  return box.left < frame.left - 1 || box.right > frame.right + 1 || box.bottom > frame.bottom + 2;
}).map((text) => text.textContent)"""


@pytest.mark.browser
class TestDashboard:
    @pytest.mark.parametrize("language", ["kk", "ru"])
    @pytest.mark.parametrize("width", [390, 1600])
    async def test_it_is_accessible_fits_the_screen_and_no_labels_overlap(
        self, world, make, directory, serve, visit, serious, width, language
    ):
        await publish_kyzylorda(world, make)
        await _add_providers(directory)
        await world.consume(*_other_appeals(make), ended(1, waited=7, talked=90))
        served = await serve(_with_assets(world))
        for role in ("analyst", None):
            cookies = {COOKIE: world.token(role)} if role else {}
            page = await visit(f"{served}/analytics/dashboard{YEAR}&lang={language}", width=width, cookies=cookies)
            assert await page.locator(".chart").count() == (17 if role else 7)
            assert await page.evaluate("document.documentElement.scrollWidth") <= width
            assert await page.evaluate(OVERLAPPING) == []
            assert await page.evaluate(OUTSIDE) == []
            for scheme in ("light", "dark"):
                await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
                assert await serious(page) == []

    async def test_it_works_without_javascript(self, world, make, serve, visit):
        await publish_kyzylorda(world, make)
        page = await visit(f"{await serve(_with_assets(world))}/analytics/dashboard?lang=ru", javascript=False)
        await page.get_by_role("link", name="2025 год", exact=True).click()
        await page.get_by_label("Регион", exact=True).select_option("KZ-43")
        await page.get_by_label("С чем сравнить", exact=True).select_option("previous_period")
        await page.get_by_role("button", name="Показать").click()
        assert await page.locator("h1").inner_text() == "Кызылординская область"
        assert "736" in await page.locator(".tile-card", has_text="Жалобы").inner_text()
        assert "compare=previous_period" in page.url

    async def test_new_figures_take_the_place_of_the_old_ones_without_moving_the_page(self, world, make, serve, visit):
        await publish_kyzylorda(world, make)
        cookies = {COOKIE: world.token("analyst")}
        page = await visit(f"{await serve(_with_assets(world))}/analytics/dashboard{YEAR}&lang=ru", cookies=cookies)
        await page.locator("#chart-complaints-trend summary").click()
        await page.evaluate("scrollTo(0, 900)")
        await world.consume(make("appeal-imported", 60_000))
        await page.evaluate("refresh()")
        assert "737" in await page.locator(".tile-card", has_text="Жалобы").first.inner_text()
        assert await page.evaluate("scrollY") == 900
        assert await page.locator("#chart-complaints-trend details").evaluate("details => details.open")

    async def test_it_prints_on_two_pages(self, world, make, directory, serve, visit, tmp_path):
        await publish_kyzylorda(world, make)
        await _add_providers(directory)
        await world.consume(*_other_appeals(make), ended(1, waited=7, talked=90))
        cookies = {COOKIE: world.token("analyst")}
        page = await visit(f"{await serve(_with_assets(world))}/analytics/dashboard{YEAR}&lang=kk", cookies=cookies)
        await page.pdf(path=tmp_path / "dashboard.pdf", prefer_css_page_size=True)
        with pikepdf.open(tmp_path / "dashboard.pdf") as printed:
            assert len(printed.pages) == 2


async def _add_providers(directory):
    """Add organisations with enough complaints for the funnel plot, one of them with a long name and too many."""
    for number, complaints in enumerate((20, 22, 18, 20, 24), 1):
        await directory.add(number, complaints)
    await directory.add(6, 60, name="«Ұзын атаулы қалалық көпбейінді балалар емханасы» шаруашылық жүргізу құқығындағы мекеме")
    await directory.add(7, 4, unproven=4)


def _other_appeals(make):
    at = datetime(2025, 3, 1, 6, 0, tzinfo=UTC)
    topics = ["PAY_METHODS"] * 300 + ["CARE_PROVISION"] * 150 + ["REFERRAL"] * 90 + ["SICK_LEAVE"] * 41 + ["DENTAL"] * 3 + [None] * 12
    for number, topic in enumerate(topics, start=50_000):
        channel = ["CALL_1414", "APP", "WEB", "CALL_1414", "TELEGRAM"][number % 5] if topic else "MAIL"
        yield make(
            "appeal-imported", number, kind="CONSULTATION", category=None, topic=topic, channel=channel, outcome="EXPLAINED",
            region=f"KZ-{[10, 19, 27, 31, 35, 43, 61, 71, 75, 79][number % 10]}", received_at=at + timedelta(hours=number % 2000),
        )  # fmt: skip


def _with_assets(world):
    """The process serves the shared static files beside its services."""
    if not any(getattr(route, "path", "") == "/static" for route in world.app.routes):
        world.app.state.pages.mount_static(world.app)
    return world.app
