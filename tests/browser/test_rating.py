"""Rating a doctor in a real browser: the organisation, the doctor by name, the stars, the code."""

import pytest

from intake.notifications.models import Notification
from intake.ratings.models import Rating
from tests.browser.conftest import submit
from tests.intake.conftest import running
from tests.intake.ratings.rosters import DOCTOR, OTHER, PROVIDER, many, serve_rosters
from tests.intake.register.test_handlers import apply, recorded

pytestmark = pytest.mark.browser


@pytest.fixture
async def desk(engine, tmp_path, serve):
    async with running(engine, tmp_path) as desk:
        await apply(desk, recorded(PROVIDER), recorded(OTHER, "№24 емхана"))

        async def http_only(scope, receive, send):
            assert scope["type"] == "http"  # the service lives already; the server must not start it again
            await desk.app(scope, receive, send)

        desk.url = await serve(http_only)
        yield desk


class TestRating:
    @pytest.mark.parametrize(("width", "language", "javascript", "dark"), [(390, "kk", False, True), (390, "ru", True, False)])
    async def test_a_doctor_of_a_long_roster_is_found_by_name_and_rated(self, desk, visit, serious, width, language, javascript, dark):
        serve_rosters(desk, {PROVIDER: many(60)})
        page = await visit(desk.url + "/intake/rate", width=width, dark=dark, javascript=javascript, cookies={"aryz_lang": language})
        await page.select_option("#f-region", "KZ-43")
        await page.fill("#f-query", "емхана" if language == "kk" else "поликлиника")
        await submit(page, "main form button")
        await page.check(f'[value="{PROVIDER}"]')
        await submit(page, "main form button")
        assert await page.locator('[name="doctor_id"]:checked').get_attribute("value") == ""
        await page.fill("#f-doctor_query", "сынак")
        async with page.expect_navigation():
            await page.press("#f-doctor_query", "Enter")
        await page.check(f'[value="{DOCTOR}"]')
        await page.check('[name="score"][value="4"]')
        await page.fill("#f-phone", "12")
        async with page.expect_navigation():
            await page.press("#f-phone", "Enter")
        assert await page.locator('[name="doctor_id"]:checked').get_attribute("value") == str(DOCTOR)
        assert await page.evaluate("document.documentElement.scrollWidth") <= width
        if javascript:
            assert await serious(page) == []
        await page.fill("#f-phone", "+7 701 000 00 07")
        await submit(page, "main form:last-of-type button")
        await page.locator("#f-code").wait_for()
        latest = next(row for row in await desk.rows(Notification) if row.secret)
        await page.fill("#f-code", desk.parts.sealer.open("notice", latest.id, "secret", latest.secret).decode())
        await submit(page, 'button[value="rate"]')
        assert await page.locator("main [role=status]").count() == 1
        assert [(row.doctor_id, row.score) for row in await desk.rows(Rating)] == [(DOCTOR, 4)]
