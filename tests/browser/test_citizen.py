"""The citizen's way through the pages in a real browser: file, receive the talon, follow; and the door of the house."""

import io
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest
from PIL import Image

from intake.attachments.models import Attachment
from intake.register.handlers import copy_providers
from intake.register.models import Appeal
from shared.contracts import AnswerGiven, ApplicantAsked, ProviderRecorded
from shared.messaging.handling import Batch, Received
from suite.home import create_home
from tests.browser.conftest import send_at_once, submit, to_first_screen, turn_screen
from tests.intake.channels.web.test_actions import questions
from tests.intake.channels.web.test_filing import answers, filed, happen
from tests.intake.conftest import running

pytestmark = pytest.mark.browser
WEIGHT = 150_000  # bytes of a page with everything it loads: half a minute of a slow mobile network at most


@pytest.fixture
async def desk(engine, tmp_path, serve):
    async with running(engine, tmp_path) as desk:
        for number in (5, 7):
            event = ProviderRecorded(
                provider_id=uuid4(), name_kk=f"№{number} қалалық емхана", name_ru=f"Городская поликлиника №{number}", short_name="",
                aliases=[], region="KZ-43", district="", kind="POLYCLINIC", ownership="STATE", active=True,
            )  # fmt: skip
            async with desk.parts.units.write() as work:
                await copy_providers(work, Batch([Received(event, None, ("", 0, 0))], {}))

        async def http_only(scope, receive, send):
            assert scope["type"] == "http"  # the service lives already; the server must not start it again
            await desk.app(scope, receive, send)

        desk.url = await serve(http_only)
        yield desk


async def fill(page, text="Терапевт қабылдаудан бас тартты.\nТалон жоқ деді."):
    await page.check('[name="kind"][value="COMPLAINT"]')
    await page.select_option("#f-category", "REFUSAL_APPOINTMENT")
    await turn_screen(page)
    await page.select_option("#f-region", "KZ-43")
    await page.fill("#f-provider-name", "5 емхана")
    await turn_screen(page)
    await page.fill("#f-text", text)
    await turn_screen(page)
    await page.fill("#f-applicant-full_name", "Сынақ Азамат")
    await page.fill("#f-applicant-phone", "+7 701 000 00 00")
    await turn_screen(page)
    await page.check('[name="consents.PROCESSING"]')


def picture():
    drawn = io.BytesIO()
    Image.new("RGB", (4, 4)).save(drawn, "PNG")
    return drawn.getvalue()


async def talon(page):
    number, pin = await page.locator(".talon dd").all_inner_texts()
    return number, pin


async def fits(page, width):
    return await page.evaluate("document.documentElement.scrollWidth") <= width


class TestFiling:
    @pytest.mark.parametrize("javascript", [True, False])
    @pytest.mark.parametrize(
        ("width", "language", "accepted"), [(390, "kk", "Өтінішіңіз қабылданды"), (1280, "ru", "Ваше обращение принято")]
    )
    async def test_an_appeal_is_filed_and_then_followed(self, desk, visit, width, language, accepted, javascript):
        page = await visit(desk.url + "/intake/", width=width, javascript=javascript, cookies={"aryz_lang": language})
        await fill(page)
        await page.set_input_files("#f-file", {"name": "сурет.png", "mimeType": "image/png", "buffer": picture()})
        await submit(page, 'button[value="preview"]')
        assert await page.locator('[name="provider.provider_id"]:checked').get_attribute("value")
        await submit(page, 'button[value="send"]')
        assert await page.locator("h1").inner_text() == accepted
        number, pin = await talon(page)
        await page.goto(desk.url + "/intake/track")
        await page.fill("#f-number", number)
        await page.fill("#f-pin", pin)
        await submit(page, "main form button")
        assert number in await page.locator("h1").inner_text()
        assert await page.locator(".steps li").count() == 1
        async with page.expect_download() as saving:
            await page.locator(".documents button").click()
        assert (await saving.value).suggested_filename == "сурет.png"
        assert pin.replace(" ", "") not in page.url
        (row,) = await desk.rows(Appeal)
        assert (row.number, row.channel, row.provider_name) == (number, "WEB", None)

    @pytest.mark.parametrize(("language", "missing"), [("kk", "Өңірді таңдаңыз."), ("ru", "Выберите регион.")])
    async def test_on_a_phone_the_form_is_five_screens_that_say_what_is_missing(self, desk, visit, serious, language, missing):
        page = await visit(desk.url + "/intake/", width=390, cookies={"aryz_lang": language})
        await turn_screen(page)
        assert await page.locator("[data-now]").inner_text() == "2"
        await turn_screen(page)
        assert await page.locator("#f-region").evaluate("field => field.validationMessage") == missing
        await page.select_option("#f-region", "KZ-43")
        await page.go_back()
        assert await page.locator("#f-kind").is_visible()
        await page.go_forward()
        seen = [2]
        for screen in (3, 4, 5):
            await turn_screen(page)
            await page.fill("#f-text", "Қабылдамады") if screen == 3 else None
            assert await serious(page) == []
            assert await fits(page, 390)
            seen.append(int(await page.locator("[data-now]").inner_text()))
        assert seen == [2, 3, 4, 5]
        assert not await page.locator("[data-next]").is_visible()
        await submit(page, 'button[value="preview"]')
        assert "Қабылдамады" in await page.locator("main").inner_text()

    async def test_on_a_phone_another_language_stays_on_the_screen(self, desk, visit):
        page = await visit(desk.url + "/intake/", width=390, cookies={"aryz_lang": "kk"})
        await turn_screen(page)
        await page.select_option("#f-region", "KZ-43")
        await turn_screen(page)
        await page.fill("#f-text", "Қабылдамады")
        await page.get_by_role("link", name="Русский").click()
        await page.get_by_text("Что случилось?", exact=True).wait_for()
        assert await page.locator("[data-now]").inner_text() == "3"
        assert await page.locator("#f-text").input_value() == "Қабылдамады"

    async def test_on_a_phone_a_wrong_answer_is_on_the_screen_that_is_shown(self, desk, visit):
        page = await visit(desk.url + "/intake/", width=390, cookies={"aryz_lang": "kk"})
        await fill(page)
        await turn_screen(page, "back")
        await page.fill("#f-applicant-phone", "1")
        await turn_screen(page)
        await submit(page, 'button[value="preview"]')
        assert await page.locator("#f-applicant-phone").is_visible()
        assert await page.locator("[data-now]").inner_text() == "4"

    @pytest.mark.parametrize(
        ("language", "button", "nothing"), [("kk", "Файл таңдау", "Файл таңдалмаған"), ("ru", "Выбрать файлы", "Файл не выбран")]
    )
    async def test_a_file_is_chosen_by_a_button_in_the_language_of_the_page(self, desk, visit, language, button, nothing):
        page = await visit(desk.url + "/intake/", cookies={"aryz_lang": language})
        picker = page.locator("[data-picker]")
        assert await picker.locator("[data-picked]").inner_text() == nothing
        async with page.expect_file_chooser() as opening:
            await picker.get_by_role("button", name=button).click()
        await (await opening.value).set_files({"name": "сурет.png", "mimeType": "image/png", "buffer": picture()})
        assert await picker.locator("[data-picked]").inner_text() == "сурет.png"

    async def test_the_keyboard_alone_is_enough(self, desk, visit):
        page = await visit(desk.url + "/intake/", cookies={"aryz_lang": "ru"})
        await page.locator("#f-kind").focus()
        await page.keyboard.press("ArrowDown")  # complaint
        await page.keyboard.press("Tab")  # reason
        await page.keyboard.press("Tab")  # region
        await page.keyboard.press("ArrowDown")
        for _ in range(2):  # organisation, text
            await page.keyboard.press("Tab")
        await page.keyboard.type("Не приняли")
        for _ in range(14):  # documents, five of the applicant, the patient, two of the answer, two consents, their content, the button
            await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        await page.wait_for_selector('button[value="send"]')
        await page.locator('button[value="send"]').focus()
        await page.keyboard.press("Enter")
        await page.wait_for_selector(".talon")
        (row,) = await desk.rows(Appeal)
        assert (row.kind, row.region) == ("COMPLAINT", "KZ-10")

    async def test_what_does_not_fit_the_kind_is_hidden_even_without_scripts(self, desk, visit):
        page = await visit(desk.url + "/intake/", javascript=False)
        category, topic, act = page.locator("#f-category"), page.locator("#f-topic"), page.locator("#f-contested_act")
        assert not await category.is_visible()
        await page.check('[name="kind"][value="COMPLAINT"]')
        assert await category.is_visible()
        assert not await topic.is_visible()
        assert not await act.is_visible()
        await page.check('[name="kind"][value="ZHALOBA"]')
        assert await act.is_visible()
        await page.check('[name="kind"][value="CONSULTATION"]')
        assert await topic.is_visible()
        assert not await category.is_visible()

    async def test_another_language_keeps_every_word(self, desk, visit):
        page = await visit(desk.url + "/intake/", cookies={"aryz_lang": "kk"})
        await fill(page)
        await page.get_by_role("link", name="Русский").click()
        await page.get_by_role("heading", name="Подать обращение").wait_for()
        assert await page.locator("#f-text").input_value() == "Терапевт қабылдаудан бас тартты.\nТалон жоқ деді."
        assert await page.locator("#f-category").input_value() == "REFUSAL_APPOINTMENT"
        assert await page.locator('[name="consents.PROCESSING"]').is_checked()
        assert await page.locator("#error-summary").count() == 0

    async def test_a_draft_outlives_a_reload_and_is_forgotten_once_it_is_filed(self, desk, visit):
        page = await visit(desk.url + "/intake/", cookies={"aryz_lang": "kk"})
        await fill(page)
        await page.locator("main details summary").first.click()
        await page.fill("#f-patient-full_name", "Сынақ Әже")
        key = await page.locator('[name="key"] >> nth=0').input_value()
        await page.reload()
        assert await page.locator("#f-text").input_value() == "Терапевт қабылдаудан бас тартты.\nТалон жоқ деді."
        assert await page.locator('[name="kind"]:checked').input_value() == "COMPLAINT"
        assert await page.locator("#f-category").is_visible()
        assert await page.locator("#f-patient-full_name").is_visible()
        assert await page.locator('[name="key"] >> nth=0').input_value() == key
        await page.goto(desk.url + "/intake/?region=KZ-75")
        assert await page.locator("#f-region").input_value() == "KZ-75"
        await submit(page, 'button[value="preview"]')
        await submit(page, 'button[value="send"]')
        await page.goto(desk.url + "/intake/")
        assert await page.locator("#f-text").input_value() == ""

    async def test_going_back_never_asks_to_send_the_form_again(self, desk, visit):
        page = await visit(desk.url + "/intake/", cookies={"aryz_lang": "ru"})
        await fill(page)
        await page.set_input_files("#f-file", {"name": "сурет.png", "mimeType": "image/png", "buffer": picture()})
        await submit(page, 'button[value="preview"]')
        await page.wait_for_load_state("networkidle")
        await submit(page, 'button[value="edit"]')
        await page.wait_for_selector('button[value="preview"]')
        await page.go_back()  # to the preview, which comes back as the form with all that was typed
        assert await page.input_value("#f-applicant-full_name") == "Сынақ Азамат"
        assert await page.is_checked('[name="consents.PROCESSING"]')
        await submit(page, 'button[value="preview"]')
        await page.wait_for_load_state("networkidle")
        await submit(page, 'button[value="send"]')
        await page.wait_for_selector("[data-filed]")
        await page.go_back()
        assert await page.input_value("#f-text") == ""
        (row,) = await desk.rows(Appeal)
        assert [one.appeal_id for one in await desk.rows(Attachment)] == [row.id]

    async def test_a_double_click_registers_once(self, desk, visit):
        for javascript in (True, False):
            page = await visit(desk.url + "/intake/", javascript=javascript, cookies={"aryz_lang": "ru"})
            await fill(page)
            await submit(page, 'button[value="preview"]')
            await page.dblclick('button[value="send"]', no_wait_after=True)
            await page.locator(".talon").wait_for()
        assert len(await desk.rows(Appeal)) == 2

    async def test_the_regions_organisations_are_suggested(self, desk, visit):
        page = await visit(desk.url + "/intake/?region=KZ-43", cookies={"aryz_lang": "kk"})
        await page.locator("#known-providers option").first.wait_for(state="attached")
        assert await page.locator("#known-providers option").count() == 2

    async def test_a_wrong_answer_is_reached_first(self, desk, visit):
        page = await visit(desk.url + "/intake/", cookies={"aryz_lang": "kk"})
        await submit(page, 'button[value="preview"]')
        assert await page.evaluate("document.activeElement.id") == "error-summary"
        await page.locator("#error-summary a").first.click()
        assert await page.evaluate("document.activeElement.id") == "f-region"


class TestAfterTheAnswer:
    @pytest.mark.parametrize(("width", "language", "javascript", "dark"), [(390, "kk", False, True), (1280, "ru", True, False)])
    async def test_one_tap_says_whether_it_is_settled_and_one_rates(self, desk, visit, serious, width, language, javascript, dark):
        number, pin, appeal_id = await filed(desk)
        answer_id = uuid4()
        desk.foundation.local_apps["routing"] = answers(answer_id)
        given = AnswerGiven(appeal_id=appeal_id, answer_id=answer_id, language="kk", findings=["JUSTIFIED"], actor_role="specialist")
        await happen(desk, given)
        page = await visit(desk.url + "/intake/track", width=width, dark=dark, javascript=javascript, cookies={"aryz_lang": language})
        await page.fill("#f-number", number)
        await page.fill("#f-pin", pin)
        await submit(page, "main form button")
        if javascript:
            assert await serious(page) == []
        await submit(page, 'button[value="RESOLVED"]')
        assert await page.locator("main [role=status]").count() == 1
        await submit(page, 'button[name="score"][value="5"]')
        assert await page.locator('[aria-pressed="true"]').inner_text() == "5"
        assert await fits(page, width)
        if javascript:
            assert await serious(page) == []


class TestMessages:
    @pytest.mark.parametrize(("width", "language", "dark"), [(390, "kk", True), (1280, "ru", False)])
    async def test_a_question_is_answered_and_all_stays_to_be_read(self, desk, visit, serious, width, language, dark):
        number, pin, appeal_id = await filed(desk)
        due, answer_id = desk.clock.now() + timedelta(days=3), uuid4()
        desk.foundation.local_apps["routing"] = questions("Қай күні бардыңыз?")
        await happen(desk, ApplicantAsked(appeal_id=appeal_id, question_id=uuid4(), due_at=due, actor_role="specialist"))
        page = await visit(desk.url + "/intake/track", width=width, dark=dark, cookies={"aryz_lang": language})
        await page.fill("#f-number", number)
        await page.fill("#f-pin", pin)
        await submit(page, "main form button")
        assert await serious(page) == []
        desk.clock.advance(timedelta(minutes=5))
        await page.fill("#f-text", "Екінші ақпанда, таңертең")
        await page.set_input_files("#f-message-file", {"name": "сурет.png", "mimeType": "image/png", "buffer": picture()})
        await submit(page, 'form[action="/intake/track/messages"] button[type=submit]')
        assert await page.locator(".messages li").count() == 2
        given = AnswerGiven(appeal_id=appeal_id, answer_id=answer_id, language="kk", findings=["JUSTIFIED"], actor_role="specialist")
        await happen(desk, given)
        await page.locator('[data-keep="refresh"] button').click()
        await submit(page, 'button[name="score"][value="5"]')
        for details in await page.locator("main summary").all():
            await details.click()
        assert await page.locator(".messages li").count() == 2
        assert await page.locator('[value="RESOLVED"]').count() == 1
        assert await serious(page) == []
        assert await fits(page, width)


class TestEveryPage:
    @pytest.mark.parametrize("dark", [False, True])
    @pytest.mark.parametrize(("width", "language"), [(390, "kk"), (1280, "ru")])
    async def test_it_is_accessible_and_fits_the_screen(self, desk, visit, serious, width, language, dark):
        page = await visit(desk.url + "/intake/", width=width, dark=dark, cookies={"aryz_lang": language})
        await send_at_once(page, 'button[value="preview"]')
        assert await serious(page) == []
        assert await fits(page, width)
        await to_first_screen(page)
        await fill(page, "Анам талып қалды, тыныс ала алмай жатыр")
        for details in await page.locator("main summary:visible").all():
            await details.click()
        assert await serious(page) == []
        for step in ('button[value="preview"]', 'button[value="send"]', 'form[action="/intake/track"] button'):
            await submit(page, step)
            for details in await page.locator("main summary").all():
                await details.click()
            assert await serious(page) == []
            assert await fits(page, width)
        await page.goto(desk.url + "/intake/track")
        await page.fill("#f-number", "2026-43-0000001-1")
        await page.fill("#f-pin", "1")
        await submit(page, "main form button")
        assert await serious(page) == []
        assert await fits(page, width)

    async def test_a_page_weighs_little(self, desk, visit):
        page = await visit(desk.url + "/intake/track")
        loaded = []

        def note(request):
            loaded.append(request)

        page.on("requestfinished", note)
        for path in ("/intake/?region=KZ-43", "/intake/track"):
            loaded.clear()
            await page.goto(desk.url + path, wait_until="networkidle")
            assert sum([len(await (await one.response()).body()) for one in loaded]) < WEIGHT


class TestHome:
    @pytest.mark.parametrize("dark", [False, True])
    @pytest.mark.parametrize(("width", "language"), [(390, "kk"), (1280, "ru")])
    async def test_the_door_is_accessible_and_leads_in(self, desk, serve, visit, serious, width, language, dark):
        url = await serve(
            create_home(desk.parts.settings, replace(desk.foundation, settings=desk.parts.settings.model_copy(update={"demo": True})))
        )
        page = await visit(url, width=width, dark=dark, cookies={"aryz_lang": language})
        assert await serious(page) == []
        assert await fits(page, width)
        await page.goto(url + "/sign-in?next=/")
        assert await serious(page) == []
        assert await fits(page, width)
        await page.locator("button[name=subject]").first.click()
        assert "Сынақ Айгүл" in await page.locator(".who").inner_text()
        await page.locator(".viewer button").click()
        await page.locator("[role=status]").wait_for()
        assert await page.locator(".viewer").count() == 0
