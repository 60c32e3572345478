"""The desk with several clerks: many cases moved in one go, who else has a case open, and what a colleague did meanwhile."""

import pytest

from tests.browser.conftest import submit
from tests.browser.test_desk import cookies, desk
from tests.routing.support import registered

pytestmark = pytest.mark.browser
__all__ = ["desk"]
COMPLAINT = {"kind": "COMPLAINT", "category": "WAITING", "has_text": False}


def staff(desk, subject, name, role="specialist", language="ru"):
    """Return the cookies of a member of staff."""
    token = desk.foundation.issuer.issue(role, region="KZ-43", subject=subject, name=name)
    return cookies(desk) | {"aryz_session": token, "aryz_lang": language}


async def opened(desk, number):
    events = [registered(**COMPLAINT) for _ in range(number)]
    await desk.apply(*events)
    return [str(event.appeal_id) for event in events]


class TestManyCases:
    @pytest.mark.parametrize("javascript", [True, False])
    @pytest.mark.parametrize(("width", "language"), [(390, "kk"), (1280, "ru")])
    async def test_of_fifty_one_of_which_is_overtaken_49_are_done_and_one_is_explained(
        self, desk, visit, serious, width, language, javascript
    ):
        cases = await opened(desk, 50)
        await desk.get("/cases", desk.token("specialist", region="KZ-43", subject="aigul", name="Сынақ Айгүл"))
        boss = staff(desk, "saule", "Сынақ Сәуле", "supervisor", language)
        page = await visit(f"{desk.url}/routing/desk?tab=queue&rows=100", width=width, javascript=javascript, cookies=boss)
        await page.locator(".bulk > summary").click()
        await page.locator("[data-select-all]").click()
        assert await page.locator("[name^='case.']:checked").count() == 50
        assert not javascript or await serious(page) == []
        other = desk.token("specialist", region="KZ-43", subject="daulet", name="Сынақ Дәулет")
        assert (await desk.carry_out(cases[20], "claim", other)).status_code == 200
        await page.locator("#f-bulk-assignee").select_option("aigul")
        await submit(page, "#bulk [value=assign]")
        outcome = page.locator(".queue > .note[role=status]")
        assert {"49", "1"} <= set((await outcome.locator("h2").inner_text()).replace(".", " ").split())
        assert await outcome.locator("li").count() == 1
        assert "Сынақ Дәулет" in await outcome.locator("li").inner_text()
        assert not javascript or await serious(page) == []
        await submit(page, ".queue > .note a")
        assert cases[20] in page.url
        assignees = [case["assignee"] for case in (await desk.get("/cases", desk.token("admin"))).json()["items"]]
        assert (assignees.count("aigul"), assignees.count("daulet")) == (49, 1)

    async def test_by_keyboard_alone_and_a_renewed_list_keeps_what_was_ticked(self, desk, visit):
        await opened(desk, 3)
        page = await visit(f"{desk.url}/routing/desk?tab=queue", cookies=staff(desk, "saule", "Сынақ Сәуле", "supervisor"))
        await page.keyboard.press("ArrowDown")
        await page.keyboard.press("Tab")
        await page.keyboard.press("Space")
        await page.keyboard.press("Enter")  # sends nothing
        assert await page.locator("[name^='case.']:checked").count() == 1
        assert "1" in await page.locator("[data-chosen]").inner_text()
        await page.keyboard.press("b")  # to the first button of the bar
        async with page.expect_navigation():
            await page.keyboard.press("Enter")
        assert [case["assignee"] for case in (await desk.get("/cases", desk.token("admin"))).json()["items"]].count("saule") == 1


class TestTwoClerks:
    async def test_presence_is_seen_the_conflict_is_explained_and_nothing_is_lost(self, desk, visit, serious):
        [key] = await opened(desk, 1)
        url = f"{desk.url}/routing/desk/{key}"
        first = await visit(url, cookies=staff(desk, "aigul", "Сынақ Айгүл"))
        second = await visit(url, cookies=staff(desk, "daulet", "Сынақ Дәулет", language="kk"))
        assert "Сынақ Айгүл" in await second.locator(".presence").inner_text()
        async with first.expect_response("**/presence*"):
            await first.locator("#f-text").fill("Вас примет терапевт 4 февраля.")
        await first.locator("[data-draft-state]", has_text="Черновик").wait_for()
        async with second.expect_response("**/presence*"):
            await second.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        await second.locator(".presence", has_text="жауап жазып жатыр").wait_for()
        assert await serious(second) == []
        await submit(second, "form[action*='/claim'] button")
        answer = first.locator("#answer")
        await answer.locator("#f-findings-0-outcome").select_option("JUSTIFIED")
        await answer.locator("#f-findings-0-fact").fill("В записи отказано.")
        await answer.locator("#f-findings-0-rule").fill("Договор.")
        await answer.locator("#f-next_steps").fill("Мы позвоним.")
        async with first.expect_navigation():
            await answer.locator("button:not([name]):not([type=button])").first.click()
        explained = first.locator(".case > .note[role=status]")
        assert "Сынақ Дәулет" in await explained.inner_text()
        assert await first.locator("#f-text").input_value() == "Вас примет терапевт 4 февраля."
        await first.goto(url)
        assert await first.locator("#f-text").input_value() == "Вас примет терапевт 4 февраля."
        assert await first.locator("#f-findings-0-fact").input_value() == "В записи отказано."
