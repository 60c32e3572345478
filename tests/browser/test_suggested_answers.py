"""Articles beside the form of an answer, in a real browser: one key inserts a text at the cursor, and it can be taken back."""

import pytest

from routing.knowledge.service import seed
from tests.browser.conftest import submit
from tests.browser.test_desk import cookies, desk  # noqa: F401 - a fixture

pytestmark = pytest.mark.browser
ASKED = {
    "kk": ("МРТ-ға тегін түсу үшін жолдаманы қайдан аламын?", "Сәлеметсіз бе!", "Құрметпен, Қор"),
    "ru": ("Подскажите, где взять направление на бесплатную МРТ?", "Здравствуйте!", "С уважением, Фонд"),
}


async def open_question(desk, visit, language, **chosen):  # noqa: F811
    async with desk.parts.units.write() as work:
        await seed(work)
    appeal_id = await desk.open(kind="CONSULTATION", topic="REFERRAL", language=language, text=ASKED[language][0])
    return await visit(f"{desk.url}/routing/desk/{appeal_id}", cookies=cookies(desk, language=language), **chosen)


@pytest.mark.parametrize("language", ["kk", "ru"])
async def test_one_key_inserts_an_answer_at_the_cursor_and_it_can_be_taken_back(desk, visit, serious, language):  # noqa: F811
    _, hello, regards = ASKED[language]
    page = await open_question(desk, visit, language)
    text, typed = page.locator("#f-text"), f"{hello}\n\n{regards}"
    await text.fill(typed)
    await text.press("Control+Home")
    await text.press("End")
    await text.press("1")
    assert await text.input_value() == f"{hello}1\n\n{regards}", "in a field a digit is text"
    await text.press("Backspace")
    await page.keyboard.press("Escape")
    await page.keyboard.press("1")
    answer = await page.locator("#suggested .said").first.inner_text()
    assert await text.input_value() == f"{hello}\n\n{answer}\n\n{regards}"
    assert await page.locator("[name=sources]").input_value() == "referral:1"
    assert await serious(page) == []
    await text.press("Control+z")
    assert await text.input_value() == typed


@pytest.mark.parametrize("language", ["kk", "ru"])
async def test_without_scripts_a_button_inserts_it(desk, visit, language):  # noqa: F811
    page = await open_question(desk, visit, language, javascript=False, width=390)
    await page.locator("#f-text").fill(ASKED[language][1])
    answer = await page.locator("#suggested .said").nth(1).inner_text()
    await submit(page, "#suggested [data-digit='2']")
    assert await page.locator("#f-text").input_value() == f"{ASKED[language][1]}\n\n{answer}"
