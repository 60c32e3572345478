"""A request to extend the term and the pages around it: with and without scripts, in both languages, on a phone and a wide screen."""

from datetime import timedelta

import pytest

from shared.web.session import COOKIE
from tests.browser.test_citizen import fits
from tests.browser.test_desk import cookies as clerk
from tests.browser.test_desk import desk
from tests.routing.clocks.test_service import DUE, watch

__all__ = ["desk"]

pytestmark = pytest.mark.browser
REASON = "Поликлиника ещё не прислала выписку из журнала записи."


def head(desk, language):
    token = desk.foundation.issuer.issue("head", region="KZ-43", subject="head-1", name="Сынақ Басшы")
    return {COOKIE: token, "aryz_lang": language}


class TestExtension:
    @pytest.mark.parametrize("javascript", [True, False])
    @pytest.mark.parametrize(("width", "language"), [(390, "kk"), (1280, "ru")])
    async def test_a_clerk_asks_and_the_head_extends(self, desk, visit, serious, width, language, javascript):
        case = f"{desk.url}/routing/desk/{await desk.open(kind='COMPLAINT', category='REFUSAL_APPOINTMENT')}"
        page = await visit(case, width=width, javascript=javascript, cookies=clerk(desk, language=language))
        await page.locator("details:has(#request-extension) > summary").click()
        await page.locator("#f-request-extension-until").fill("2026-03-14")
        await page.locator("#f-request-extension-reason").fill(REASON)
        await page.locator("#request-extension button").click()
        await page.locator("[role=status]").wait_for()
        page = await visit(f"{desk.url}/routing/desk?tab=approvals", width=width, javascript=javascript, cookies=head(desk, language))
        await page.locator(".queue ol a").first.click()
        assert await page.locator("aside", has_text=REASON).is_visible()
        assert (await serious(page) if javascript else []) == []
        assert await fits(page, width)
        await page.locator("#approve-extension button").click()
        await page.locator("[role=status]").wait_for()
        assert await page.locator("#approve-extension").count() == 0
        assert await page.locator("aside .badge.good").first.is_visible()

    async def test_the_pages_of_the_supervisor_and_the_head_are_accessible_with_entries(self, desk, visit, serious):
        for _ in range(3):
            await desk.open(kind="COMPLAINT", category="REFUSAL_APPOINTMENT")
        await watch(desk, DUE + timedelta(days=3))
        await desk.get("/cases", desk.token("supervisor", region="KZ-43", subject="dana", name="Сынақ Дана"))
        for path in ("overdue-reports", "deputies"):
            page = await visit(f"{desk.url}/routing/desk/{path}", width=390, cookies=head(desk, "kk"))
            assert await serious(page) == []
            assert await fits(page, 390)
        await page.locator("#f-subject").select_option("dana")
        await page.locator("#f-until").fill("2026-03-06")
        await page.locator("main form[action$='deputies'] button").click()
        await page.locator("[role=status]").wait_for()
        assert await page.locator("main li", has_text="Сынақ Дана").is_visible()
