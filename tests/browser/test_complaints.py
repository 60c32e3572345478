"""A complaint about an act of the Fund that is passed up: with and without scripts, in both languages, on a phone and a wide screen."""

import pytest

from tests.browser.test_citizen import fits
from tests.browser.test_desk import cookies as clerk
from tests.browser.test_desk import desk

__all__ = ["desk"]

pytestmark = pytest.mark.browser
TERM = {"kk": "үш жұмыс күні", "ru": "трёх рабочих дней"}


class TestPassUp:
    @pytest.mark.parametrize("javascript", [True, False])
    @pytest.mark.parametrize(("width", "language"), [(390, "kk"), (1280, "ru")])
    async def test_a_clerk_passes_a_complaint_to_the_ministry(self, desk, visit, serious, width, language, javascript):
        appeal_id = await desk.open(kind="COMPLAINT", category="REFUSAL_APPOINTMENT", statutory_form="ZHALOBA")
        page = await visit(
            f"{desk.url}/routing/desk/{appeal_id}", width=width, javascript=javascript, cookies=clerk(desk, language=language)
        )
        await page.locator("details:has(#pass-up) > summary").focus()
        await page.keyboard.press("Enter")
        assert TERM[language] in await page.locator("#pass-up").inner_text()
        assert (await serious(page) if javascript else []) == []
        assert await fits(page, width)
        await page.locator("#f-pass-up-body").select_option("HEALTH_MINISTRY")
        await page.locator("#f-pass-up-text").fill("Шағым министрлікке берілді.")
        await page.locator("#pass-up button").focus()
        await page.keyboard.press("Enter")
        await page.locator("[role=status]").wait_for()
        assert (await desk.case(appeal_id))["status"] == "FORWARDED"
