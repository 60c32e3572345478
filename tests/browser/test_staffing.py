"""The pages about the people behind the desk: on a phone and a screen, in both languages, and by keyboard alone."""

import pytest

from tests.browser.test_citizen import fits
from tests.browser.test_desk import desk
from tests.browser.test_desk_people import staff
from tests.routing.people import add_staff, add_waiting, assign_all, assignees

pytestmark = pytest.mark.browser
__all__ = ["desk"]
MEMBER = "/routing/desk/team/member?subject=aigul"


@pytest.fixture
async def people(desk):
    away = [{"first_day": "2026-02-10", "return_on": "2026-02-16", "deputy": "daulet"}]
    await add_staff(desk, {"subject": "aigul", "name": "Сынақ Айгүл", "absences": away}, {"subject": "daulet", "name": "Сынақ Дәулет"})
    await add_waiting(desk, 3, assignee="aigul")
    await add_waiting(desk, 2)


@pytest.mark.usefixtures("people")
class TestThePages:
    @pytest.mark.parametrize("width", [390, 1280])
    @pytest.mark.parametrize("language", ["kk", "ru"])
    async def test_they_are_accessible_and_fit(self, desk, visit, serious, width, language):
        boss = staff(desk, "saule", "Сынақ Сәуле", "supervisor", language)
        own = staff(desk, "aigul", "Сынақ Айгүл", language=language)
        for path, who in (("/routing/desk/team", boss), (MEMBER, boss), ("/routing/desk/shifts", own)):
            page = await visit(f"{desk.url}{path}", width=width, cookies=who)
            assert await serious(page) == []
            assert await fits(page, width)

    async def test_by_keyboard_alone_a_queue_is_switched_on_and_a_leavers_cases_are_passed_on(self, desk, visit, serious):
        boss = staff(desk, "saule", "Сынақ Сәуле", "supervisor")
        page = await visit(f"{desk.url}/routing/desk/team", cookies=boss)
        await tab_to(page, "form[action$='/queues']:has([value='KZ-43/2/ru']) button")
        async with page.expect_navigation():
            await page.keyboard.press("Enter")
        assert await assign_all(desk) == 2
        await page.goto(f"{desk.url}{MEMBER}")
        await tab_to(page, "#f-to")
        await page.keyboard.press("ArrowDown")
        await tab_to(page, "#f-leaves")
        await page.keyboard.press("Space")
        async with page.expect_navigation():
            await page.keyboard.press("Enter")
        assert "3" in await page.locator(".member > .note[role=status]").inner_text()
        assert await serious(page) == []
        assert "aigul" not in (await assignees(desk)).values()

    async def test_an_absence_is_planned_by_keyboard_without_scripts(self, desk, visit):
        page = await visit(f"{desk.url}/routing/desk/shifts", javascript=False, cookies=staff(desk, "daulet", "Сынақ Дәулет"))
        await page.locator("#f-absent_until").fill("2026-02-20")
        await page.locator("#f-absent_until").press("Enter")
        await page.locator(".flash, [role=status]").first.wait_for()
        assert await page.locator("form:has([name=end])").count() == 1


async def tab_to(page, selector):
    """Press Tab until the element has the focus."""
    for _ in range(150):
        await page.keyboard.press("Tab")
        if await page.evaluate("(selector) => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(selector)
