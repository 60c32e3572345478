"""An action that waits for a second person, from the clerk's form over the inbox to the decision: keyboard and axe, in both languages."""

import pytest

from shared.web.session import COOKIE
from tests.browser.test_citizen import fits
from tests.browser.test_desk import cookies as clerk
from tests.browser.test_desk import desk

__all__ = ["desk"]

pytestmark = pytest.mark.browser
DECIDE = {"kk": "Сіз шешесіз", "ru": "Решаете вы"}


def head(desk, language):
    token = desk.foundation.issuer.issue("head", region="KZ-43", subject="head-1", name="Сынақ Басшы")
    return {COOKIE: token, "aryz_lang": language}


class TestApprovals:
    @pytest.mark.parametrize("javascript", [True, False])
    @pytest.mark.parametrize(("width", "language"), [(390, "kk"), (1280, "ru")])
    async def test_a_clerk_asks_to_return_an_appeal_and_the_head_approves_from_the_inbox(
        self, desk, visit, serious, width, language, javascript
    ):
        case = f"{desk.url}/routing/desk/{await desk.open(kind='COMPLAINT', category='REFUSAL_APPOINTMENT')}"
        page = await visit(case, width=width, javascript=javascript, cookies=clerk(desk, language=language))
        await page.locator("details:has(#return) > summary").click()
        await page.locator("#f-return-ground").select_option("OBSCENE")
        await page.locator("#return button").click()
        await page.locator("[role=status]").wait_for()
        assert await page.locator("#reject").count() == 1
        page = await visit(f"{desk.url}/routing/desk/approvals", width=width, javascript=javascript, cookies=head(desk, language))
        assert await page.locator("main li", has_text=DECIDE[language]).count() == 1
        assert (await serious(page) if javascript else []) == []
        assert await fits(page, width)
        await page.locator("main li a").focus()
        await page.keyboard.press("Enter")
        await page.locator("#approve button").wait_for()
        assert (await serious(page) if javascript else []) == []
        assert await fits(page, width)
        await page.locator("#approve button").focus()
        await page.keyboard.press("Enter")
        await page.locator("[role=status]").wait_for()
        assert await page.locator("#approve").count() == 0
        assert await page.locator("aside .badge.good").first.is_visible()
