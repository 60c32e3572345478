"""The operator's page in a real browser: keys by their place, with JavaScript and without, in both colour schemes."""

from datetime import timedelta

import pytest

from intake.channels.phone.models import Call, OralRecord
from intake.register.models import Appeal
from intake.suggestions.models import ShownArticles
from shared.web.session import COOKIE
from tests.browser.conftest import submit
from tests.intake.channels.phone.test_api import NUMBER, event, publish_calls, send
from tests.intake.channels.phone.test_pages import over
from tests.intake.conftest import NOW, running
from tests.intake.register.test_handlers import apply
from tests.intake.suggestions.articles import QUESTION, QUESTION_RU, article

pytestmark = pytest.mark.browser
RING = NOW - timedelta(minutes=10)
TALKING = [
    event("offered", 0, **{"from": NUMBER, "to": "1414"}),
    event("queued", 8, queue="1414-kk"),
    event("answered", 20, agent_id="operator-1414"),
]


@pytest.fixture
async def desk(engine, tmp_path, serve):
    async with running(engine, tmp_path) as desk:

        async def http_only(scope, receive, send):
            assert scope["type"] == "http"  # the service lives already; the server must not start it again
            await desk.app(scope, receive, send)

        desk.url = await serve(http_only)
        yield desk


@pytest.fixture
def screen(desk, visit):
    async def open_page(path="", *, language="ru", **chosen):
        token = desk.foundation.issuer.issue("operator", subject="operator-1414", name="Сынақ Айгүл")
        return await visit(f"{desk.url}/intake/call{path}", cookies={COOKIE: token, "aryz_lang": language}, **chosen)

    return open_page


async def press(page, code, key):
    """A key by its place: what it writes on this layout does not matter."""
    told = f"new KeyboardEvent('keydown', {{ code: '{code}', key: '{key}', bubbles: true, cancelable: true }})"
    await page.evaluate(f"(document.activeElement ?? document.body).dispatchEvent({told})")


async def rows(desk, table, number):
    found = await desk.rows(table)
    assert len(found) == number
    return found


class TestTheKeyboard:
    @pytest.mark.parametrize(("language", "sign"), [("kk", "ә"), ("ru", "1")])
    async def test_one_key_closes_a_consultation_by_topic(self, desk, screen, language, sign):
        await send(desk, TALKING)
        page = await screen(language=language)
        await page.select_option("[name='quick.region']", "KZ-43")
        await press(page, "Digit2", sign)
        await page.locator("[data-held]").wait_for()
        await rows(desk, Appeal, 0)
        await over(desk)
        [appeal] = await rows(desk, Appeal, 1)
        assert (appeal.topic, appeal.text, appeal.language, appeal.received_at) == ("PAY_METHODS", None, language, RING)

    async def test_one_key_takes_the_last_consultation_back(self, desk, screen, serious):
        page = await screen(language="ru")
        await page.select_option("[name='quick.region']", "KZ-43")
        await press(page, "Digit2", "2")
        await page.locator("[data-held]").wait_for()
        assert await serious(page) == []
        await press(page, "F7", "F7")
        await page.wait_for_url("**flash=closing-undone**")
        await over(desk)
        await rows(desk, Appeal, 0)

    async def test_a_digit_typed_in_a_field_is_no_order(self, desk, screen):
        page = await screen()
        await page.locator("#f-text").focus()
        await page.keyboard.press("2")
        assert await page.locator("#f-text").input_value() == "2"
        await page.keyboard.press("Escape")
        assert await page.evaluate("document.activeElement === document.body")
        await rows(desk, Appeal, 0)

    async def test_an_appeal_is_written_down_read_back_and_registered_without_a_mouse(self, desk, screen):
        await send(desk, TALKING)
        page = await screen()
        await page.keyboard.press("F2")
        assert await page.evaluate("document.activeElement.id") == "f-service"
        await page.select_option("#f-service", "COMPLAINT")
        assert not await page.locator("#f-topic").is_visible()
        await page.select_option("#f-category", "REFUSAL_APPOINTMENT")
        await page.select_option("#f-region", "KZ-43")
        await page.locator("#f-text").fill("Терапевт қабылдаудан бас тартты.")
        assert await page.locator("#f-applicant-phone").input_value() == NUMBER
        await page.locator("[name='consents.PROCESSING']").evaluate("(box) => { box.closest('details')?.setAttribute('open', ''); }")
        await page.check("[name='consents.PROCESSING']")
        await page.keyboard.press("F9")
        await page.locator("[name=confirmed]").check()
        await page.keyboard.press("F9")
        await page.locator(".dictated").wait_for()
        [appeal] = await rows(desk, Appeal, 1)
        await rows(desk, OralRecord, 1)
        assert appeal.number in await page.locator(".dictated").inner_text()

    async def test_the_caller_is_verified_by_keys(self, desk, screen):
        await send(desk, TALKING)
        page = await screen()
        await page.keyboard.press("F4")
        await page.keyboard.press("Space")
        await page.keyboard.press("Tab")
        await page.keyboard.press("Space")
        await page.keyboard.press("Enter")
        await page.wait_for_url("**flash=verified**")
        assert (await rows(desk, Call, 1))[0].verified_by == ["NAME", "IIN_DIGITS"]


OFFERED = {
    "kk": (QUESTION, "Жолдаманы тіркелген емхананың дәрігері береді."),
    "ru": (QUESTION_RU, "Направление даёт врач поликлиники прикрепления."),
}


class TestReadyAnswers:
    """While the operator writes, published articles appear beside the call."""

    @pytest.mark.parametrize("language", ["kk", "ru"])
    async def test_one_key_reads_an_answer_and_one_closes_the_question(self, desk, screen, serious, language):
        question, answer = OFFERED[language]
        await apply(desk, article(1), article(2))
        await send(desk, TALKING)
        page = await screen(language=language)
        await page.select_option("[name='quick.region']", "KZ-43")
        await page.locator("#f-text").press_sequentially(question)
        cards = page.locator("[data-offered] details")
        await cards.nth(1).wait_for()
        assert await page.locator("#f-text").input_value() == question, "letters that are typed are text"
        assert not await cards.first.get_by_text(answer).is_visible()
        await page.keyboard.press("Escape")
        await press(page, "KeyQ", "й")
        await cards.first.get_by_text(answer).wait_for()
        await press(page, "KeyW", "ц")
        assert await cards.evaluate_all("all => all.map(each => each.open)") == [False, True]
        assert await serious(page) == []
        await press(page, "F10", "F10")
        await page.locator("[data-held]").wait_for()
        await over(desk)
        [appeal] = await rows(desk, Appeal, 1)
        assert (appeal.topic, appeal.text, appeal.language, appeal.received_at) == ("REFERRAL", None, language, RING)

    @pytest.mark.parametrize("language", ["kk", "ru"])
    async def test_a_complaint_with_the_same_words_is_offered_nothing(self, desk, screen, language):
        await apply(desk, article())
        page = await screen(language=language)
        await page.select_option("#f-service", "COMPLAINT")
        async with page.expect_response("**/intake/call/suggestions") as answered:
            await page.locator("#f-text").fill(OFFERED[language][0])
        assert "<details" not in await (await answered.value).text()
        assert await page.locator("[data-offered]").is_hidden()

    async def test_what_was_shown_is_noted_with_what_is_registered_anyway(self, desk, screen):
        await apply(desk, article())
        page = await screen()
        await page.select_option("#f-service", "CONSULTATION")
        await page.select_option("#f-region", "KZ-43")
        await page.locator("[name='consents.PROCESSING']").evaluate("(box) => { box.closest('details')?.setAttribute('open', ''); }")
        await page.check("[name='consents.PROCESSING']")
        await page.locator("#f-text").fill(QUESTION_RU)
        await page.locator("[data-offered] details").wait_for()
        await page.keyboard.press("F9")
        await page.locator("[name=confirmed]").check()
        await page.keyboard.press("F9")
        await page.locator(".dictated").wait_for()
        [shown] = await rows(desk, ShownArticles, 1)
        assert shown.article_ids == [str(article().article_id)]

    @pytest.mark.parametrize("language", ["kk", "ru"])
    async def test_without_scripts_a_button_shows_the_answers(self, desk, screen, language):
        question, answer = OFFERED[language]
        await apply(desk, article())
        page = await screen(language=language, javascript=False, width=390)
        await page.select_option("#f-service", "CONSULTATION")
        await page.locator("#f-text").fill(question)
        await submit(page, "[value=suggest]")
        assert await page.locator("#f-text").input_value() == question
        await page.locator("[data-offered] summary").click()
        await page.get_by_text(answer).wait_for()
        await page.select_option("[name='quick.region']", "KZ-43")
        await submit(page, "[data-offered] button")
        await over(desk)
        await rows(desk, Appeal, 1)


LABELS_TO_EDGE = """buttons => Math.min(...buttons.map(button => {
    const range = document.createRange();
    range.selectNodeContents(button);
    return button.getBoundingClientRect().right - range.getBoundingClientRect().right;
}))"""
CLEARANCE = 8  # pixels


class TestTheScreen:
    @pytest.mark.parametrize("language", ["kk", "ru"])
    @pytest.mark.parametrize("width", [390, 1024, 1280, 1600])
    async def test_no_topic_touches_the_edge_of_its_key(self, screen, language, width):
        page = await screen(language=language, width=width)
        assert await page.locator(".topics button").evaluate_all(LABELS_TO_EDGE) >= CLEARANCE

    async def test_a_call_that_comes_in_shows_itself(self, desk, screen):
        page = await screen()
        await send(desk, TALKING)
        await page.locator("[data-call]:not([data-call=''])").wait_for()
        assert "•• 00" in await page.content()

    async def test_what_was_begun_is_not_thrown_away(self, desk, screen):
        page = await screen()
        await page.locator("#f-text").fill("Басталған мәтін")
        await send(desk, TALKING)
        await page.locator("[data-news]").wait_for(state="visible")
        assert await page.locator("#f-text").input_value() == "Басталған мәтін"

    async def test_it_works_without_javascript(self, desk, screen):
        await send(desk, TALKING)
        page = await screen(javascript=False)
        await page.select_option("[name='quick.region']", "KZ-43")
        await page.locator("[name=topic][value=REFERRAL]").click()
        await page.locator("[data-held]").wait_for()
        await over(desk)
        await rows(desk, Appeal, 1)

    @pytest.mark.parametrize("dark", [False, True])
    @pytest.mark.parametrize(("width", "language"), [(390, "kk"), (1280, "ru")])
    async def test_every_state_is_accessible_and_fits_the_screen(self, desk, screen, serious, width, language, dark):
        night = NOW.replace(hour=0, minute=30)
        told = [event("offered", 0, call="n", start=night, **{"from": NUMBER}), event("ivr_choice", 9, call="n", start=night, ivr_path="3")]
        await send(desk, [*told, event("ended", 15, call="n", start=night)])
        await publish_calls(desk)
        await desk.file()
        await send(desk, TALKING)
        page = await screen(width=width, dark=dark, language=language)
        await self._check_page(page, serious, width)
        await page.locator("[name='check.NAME']").check()
        await page.locator("#verify button").click()
        await page.wait_for_load_state()
        await self._check_page(page, serious, width)
        await page.locator("[name='check.NAME'], #new").first.wait_for()
        await page.locator("#new [data-key=F9]").click()
        await page.locator("#error-summary").wait_for()
        await self._check_page(page, serious, width)
        await page.select_option("#f-service", "REPORT")
        await page.select_option("#f-region", "KZ-43")
        await page.locator("#f-text").fill("Көрсетілмеген қызмет жазылған.")
        await page.locator("#f-applicant-phone").fill("")
        await page.locator("#new [data-key=F9]").click()
        await page.locator("[name=confirmed]").wait_for()
        await self._check_page(page, serious, width)
        await page.locator("[name=confirmed]").check()
        await page.locator("[value=send]").click()
        await page.locator(".dictated").wait_for()
        await self._check_page(page, serious, width)
        await page.locator("a[href*='/record/']").click()
        await page.locator(".sign").wait_for()
        await self._check_page(page, serious, width)

    async def _check_page(self, page, serious, width):
        await page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
        assert await serious(page) == []
        assert await page.evaluate("document.documentElement.scrollWidth") <= width
