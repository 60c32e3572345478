"""The portal in a real browser: from the inbox to a sent answer, counted in clicks, by mouse, without scripts, and on a phone."""

import pytest

from shared.web.session import COOKIE
from tests.browser.test_citizen import fits
from tests.provider_contact.conftest import PROVIDER, sent_inquiry, world
from tests.shared.files.samples import PDF, SVG

__all__ = ["world"]
pytestmark = pytest.mark.browser
MOST_CLICKS = 10
COUNT = """
window.addEventListener("click", (event) => {
  if (event.isTrusted) localStorage.setItem("clicks", 1 + Number(localStorage.getItem("clicks") || 0));
}, true);
"""


async def opened(world, serve, visit, path="", **options):
    token = world.token("provider", subject="m", provider_id=PROVIDER, name="Сынақ Жетекші")["Authorization"].removeprefix("Bearer ")
    url = await serve(world.app)
    return await visit(f"{url}/provider-contact/portal{path}", cookies={COOKIE: token, "aryz_lang": "ru"}, **options)


class TestTheAnswer:
    async def test_it_takes_at_most_ten_clicks_from_the_inbox(self, world, serve, visit, serious):
        await sent_inquiry(world)
        page = await opened(world, serve, visit)
        await page.context.add_init_script(COUNT)
        await page.reload()
        await page.locator(".inquiries a").first.click()
        await page.wait_for_load_state("networkidle")
        assert await serious(page) == []
        await page.get_by_label("Дано пояснение").click()
        await page.locator("#f-text").click()
        await page.keyboard.type("Пациент записан на приём.")
        await page.get_by_role("button", name="Отправить ответ").click()
        await page.get_by_text("Ответ отправлен в Фонд.").wait_for()
        assert int(await page.evaluate("localStorage.getItem('clicks')")) <= MOST_CLICKS

    async def test_files_are_sent_with_the_answer_and_open_from_the_page(self, world, serve, visit, serious):
        inquiry = await sent_inquiry(world)
        page = await opened(world, serve, visit, f"/inquiries/{inquiry}")
        journal = {"name": "журнал.pdf", "mimeType": "application/pdf", "buffer": PDF}
        await page.locator("#f-files").set_input_files([journal, {"name": "макрос.svg", "mimeType": "image/svg+xml", "buffer": SVG}])
        await page.get_by_label("Дано пояснение").check()
        await page.locator("#f-text").fill("Пациент записан на приём.")
        await page.get_by_role("button", name="Отправить ответ").click()
        await page.get_by_text("макрос.svg: Такие файлы не принимаются.").first.wait_for()
        assert await serious(page) == []
        assert await page.get_by_role("checkbox", name="журнал.pdf").is_checked()
        assert await page.locator("#f-text").input_value() == "Пациент записан на приём."
        await page.get_by_role("button", name="Отправить ответ").click()
        await page.get_by_text("Ответ отправлен в Фонд.").wait_for()
        async with page.expect_download() as download:
            await page.get_by_role("link", name="журнал.pdf").click()
        assert (await download.value).suggested_filename == "журнал.pdf"

    async def test_a_file_that_is_too_large_is_named_before_anything_is_sent(self, world, serve, visit, serious):
        inquiry = await sent_inquiry(world)
        page = await opened(world, serve, visit, f"/inquiries/{inquiry}")
        posted = []
        page.on("request", lambda request: posted.append(request.url) if request.url.endswith("/respond") else None)
        await page.get_by_label("Дано пояснение").check()
        await page.locator("#f-text").fill("Пациент записан на приём.")
        await page.locator("#f-files").set_input_files({"name": "съёмка.pdf", "mimeType": "application/pdf", "buffer": b" " * 20_971_521})
        await page.get_by_text("Файл слишком большой: не больше 20 МБ.").wait_for()
        await page.get_by_role("button", name="Отправить ответ").click()
        assert await page.evaluate("document.activeElement.id") == "f-files-limits"
        assert (posted, await serious(page)) == ([], [])
        await page.locator("#f-text").press_sequentially(" Ждём.")
        await page.get_by_text("Черновик сохранён").wait_for()
        await page.locator("#f-files").set_input_files({"name": "журнал.pdf", "mimeType": "application/pdf", "buffer": PDF})
        await page.get_by_role("button", name="Сохранить черновик").click()
        await page.get_by_text("Файлы хранятся сутки").wait_for()
        assert await page.get_by_role("checkbox", name="журнал.pdf").is_checked()
        await page.get_by_role("button", name="Отправить ответ").click()
        await page.get_by_text("Ответ отправлен в Фонд.").wait_for()

    async def test_the_inquiry_fits_a_phone_and_what_is_typed_survives_a_reload(self, world, serve, visit, serious):
        inquiry = await sent_inquiry(world)
        page = await opened(world, serve, visit, f"/inquiries/{inquiry}", width=390)
        assert await fits(page, 390)
        assert await serious(page) == []
        await page.locator("#f-text").fill("Проверяем записи.")
        await page.get_by_text("Черновик сохранён").wait_for()
        await page.reload()
        assert await page.locator("#f-text").input_value() == "Проверяем записи."
