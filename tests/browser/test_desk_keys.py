"""The desk by keyboard alone: ten typical tasks, with the keys that the browser recorded."""

import json
from datetime import timedelta

import pytest

from routing.cases.service import send_next
from routing.knowledge.service import seed
from tests.browser.test_desk import TEXT, cookies, desk
from tests.browser.test_desk_thread import CLINIC
from tests.routing.desk.pages.test_provider import recorded

__all__ = ["desk"]  # a fixture
pytestmark = pytest.mark.browser
MOST_KEYS = 20
RECORD = """
(() => {
  const count = (name) => sessionStorage.setItem(name, Number(sessionStorage.getItem(name) ?? 0) + 1);
  document.addEventListener("keydown", () => count("keys"), true);
  sessionStorage.began ??= Date.now();
  document.addEventListener("pointerdown", () => count("clicks"), true);
})();
"""


class Hands:
    """A clerk's hands on a page. Modifiers count as keys; a text that a clerk would type or dictate is inserted and not counted."""

    def __init__(self, page):
        self.page = page

    async def press(self, *keys: str) -> None:
        for key in keys:
            await self.page.keyboard.press(key)

    async def go(self, *keys: str) -> None:
        """Press keys of which the last one loads another page."""
        await self.press(*keys[:-1])
        async with self.page.expect_navigation(wait_until="load"):
            await self.page.keyboard.press(keys[-1])

    async def write(self, text: str) -> None:
        await self.page.keyboard.insert_text(text)

    async def recorded(self) -> dict:
        return await self.page.evaluate(
            """({
              keys: Number(sessionStorage.keys ?? 0),
              clicks: Number(sessionStorage.clicks ?? 0),
              seconds: (Date.now() - sessionStorage.began) / 1000,
            })"""
        )


@pytest.fixture
async def cases(desk):
    async with desk.parts.units.write() as work:
        await seed(work)
    await desk.apply(recorded(CLINIC, "Сынақ № 103 емхана", "Сынақ, поликлиника № 103"))
    question = await desk.open(
        text="Сақтандырылғанымды қайдан білемін?", kind="CONSULTATION", topic="STATUS_CHECK", language="kk", region="KZ-43"
    )
    complaint = await desk.open(text=TEXT, language="kk", kind="COMPLAINT", category="REFUSAL_APPOINTMENT")
    return {"question": question, "complaint": complaint}


@pytest.fixture
async def start(desk, visit):
    async def begin(path: str = "?tab=all", role: str = "specialist", language: str = "kk") -> Hands:
        page = await visit(f"{desk.url}/routing/desk{path}", cookies=cookies(desk, role, language))
        await page.context.add_init_script(RECORD)
        await page.reload(wait_until="networkidle")
        await page.locator("body").focus()
        return Hands(page)

    return begin


async def to_case(hands: Hands, appeal_id) -> None:
    """Go from the list to the case with arrows and Enter."""
    hrefs = [await row.get_attribute("href") for row in await hands.page.locator(".queue li a").all()]
    down = next(n for n, href in enumerate(hrefs) if str(appeal_id) in href) + 1
    await hands.go(*["ArrowDown"] * down, "Enter")
    assert await hands.page.evaluate("document.activeElement.id") == "case-title"


class TestTenTasks:
    """Each task ends where the next work is, in at most 20 keys and without a click."""

    async def finish(self, name: str, hands: Hands, record_property) -> dict:
        counted = await hands.recorded()
        record_property(name, json.dumps(counted))
        assert counted["clicks"] == 0
        assert counted["keys"] <= MOST_KEYS, counted
        return counted

    @pytest.mark.parametrize("language", ["kk", "ru"])
    async def test_a_question_is_answered_closed_and_the_next_case_open(self, desk, cases, start, record_property, language):
        hands = await start(language=language)
        await to_case(hands, cases["question"])
        await hands.press("KeyR", "Enter")
        assert "msqory.kz" in await hands.page.locator("#f-text").input_value()
        await hands.go("Control+Shift+Enter")
        assert str(cases["complaint"]) in hands.page.url
        assert await hands.page.evaluate("document.activeElement.id") == "case-title"
        await self.finish("question", hands, record_property)
        desk.clock.advance(timedelta(seconds=30))
        async with desk.parts.units.write() as work:
            assert await send_next(work)
        done = await desk.case(cases["question"])
        assert (done["status"], done["outcome"]) == ("CLOSED", "EXPLAINED")

    async def test_a_complaint_is_answered_with_a_finding_closed_and_the_next_case_open(self, desk, cases, start, record_property):
        hands = await start()
        await to_case(hands, cases["complaint"])
        await hands.press("KeyR", "Enter", "Control+Enter")
        field = "document.activeElement.name"
        assert await hands.page.evaluate(field) == "findings.0.outcome"
        await hands.press("ArrowDown", "Tab")
        assert await hands.page.evaluate(field) == "findings.0.fact"
        await hands.write("Қабылдау берілмеген.")
        await hands.press("Tab")
        assert await hands.page.evaluate(field) == "findings.0.rule"
        await hands.write("Шарттың 5-тармағы.")
        await hands.press("Control+Enter")
        assert await hands.page.evaluate(field) == "next_steps"
        await hands.write("Емхана хабарласады.")
        await hands.press("Control+Shift+Enter")
        assert await hands.page.evaluate(field) == "outcome"
        await hands.press("ArrowDown")
        await hands.go("Control+Shift+Enter")
        assert str(cases["question"]) in hands.page.url
        await self.finish("complaint", hands, record_property)
        assert (await desk.case(cases["complaint"]))["status"] == "SENDING"

    async def test_a_case_is_found_by_the_end_of_its_number(self, desk, cases, start, record_property):
        hands = await start()
        number = (await desk.case(cases["question"]))["number"]
        await hands.press("Slash")
        await hands.write(number[-6:])
        await hands.go("Enter")
        await hands.go("Enter")
        assert str(cases["question"]) in hands.page.url
        await self.finish("find", hands, record_property)

    async def test_a_note_is_written(self, cases, start, record_property):
        hands = await start()
        await to_case(hands, cases["complaint"])
        await hands.press("KeyN")
        await hands.write("Емханаға қоңырау шалдым.")
        await hands.press("Tab")
        await hands.go("Enter")
        assert await hands.page.locator(".msg.inner").count() == 1
        await self.finish("note", hands, record_property)

    async def test_the_applicant_is_asked(self, desk, cases, start, record_property):
        hands = await start()
        await to_case(hands, cases["complaint"])
        await hands.press("KeyQ")
        await hands.write("Қай күні бардыңыз?")
        await hands.press("Tab")
        await hands.go("Enter")
        assert (await desk.case(cases["complaint"]))["status"] == "AWAITING_APPLICANT"
        await self.finish("ask", hands, record_property)

    async def test_the_provider_is_asked(self, desk, cases, start, record_property):
        hands = await start()
        await to_case(hands, cases["complaint"])
        await hands.press("KeyP", "ArrowDown", "Tab", "Space")
        async with hands.page.expect_navigation():
            await hands.page.keyboard.press("Enter")
        assert [fact for fact, _ in await desk.emitted()][-1] == "inquiry-requested"
        await self.finish("ask-provider", hands, record_property)

    async def test_a_classification_is_corrected(self, desk, cases, start, record_property):
        hands = await start()
        await to_case(hands, cases["complaint"])
        await hands.press("KeyK", "Tab", "ArrowDown", "Tab", "Tab")
        await hands.go("Enter")
        assert (await desk.case(cases["complaint"]))["category"] != "REFUSAL_APPOINTMENT"
        await self.finish("classify", hands, record_property)

    async def test_a_case_is_passed_up(self, desk, cases, start, record_property):
        hands = await start(role="supervisor")
        await to_case(hands, cases["complaint"])
        before = (await desk.case(cases["complaint"]))["tier"]
        await hands.press("KeyE", "ArrowDown", "Tab")
        await hands.go("Enter")
        assert (await desk.case(cases["complaint"]))["tier"] == before + 1
        await self.finish("escalate", hands, record_property)

    async def test_a_call_is_logged(self, cases, start, record_property):
        hands = await start()
        await to_case(hands, cases["complaint"])
        await hands.press("KeyL")
        await hands.write("Өтініш берушіге қоңырау шалдым.")
        await hands.press("Tab", "Tab", "Tab", "Tab", "Tab")
        await hands.go("Enter")
        assert await hands.page.locator(".msg.inner").count() == 1
        await self.finish("log-call", hands, record_property)

    async def test_an_answer_is_taken_back(self, desk, cases, start, record_property):
        hands = await start()
        await to_case(hands, cases["question"])
        await hands.press("KeyR", "Enter")
        await hands.go("Control+Enter")
        assert (await desk.case(cases["question"]))["status"] == "SENDING"
        await hands.go("KeyZ")
        assert (await desk.case(cases["question"]))["status"] == "IN_REVIEW"
        await hands.press("KeyA")
        assert await hands.page.evaluate("document.activeElement.id") == "f-text"
        await self.finish("undo", hands, record_property)


class TestTheKeys:
    @pytest.mark.parametrize("letter", ["a", "ф", "Ф"])
    async def test_a_key_is_found_by_its_place_on_every_layout(self, cases, start, letter):
        hands = await start(f"/{cases['complaint']}")
        pressed = {"code": "KeyA", "key": letter, "bubbles": True, "cancelable": True}
        await hands.page.evaluate("(pressed) => document.activeElement.dispatchEvent(new KeyboardEvent('keydown', pressed))", pressed)
        assert await hands.page.evaluate("document.activeElement.id") == "f-text"

    @pytest.mark.parametrize(("width", "language"), [(390, "kk"), (768, "ru"), (1280, "kk"), (1280, "ru")])
    async def test_the_list_of_keys_is_shown_accessible_and_fits_the_screen(self, cases, start, serious, width, language):
        hands = await start(f"/{cases['complaint']}", language=language)
        await hands.page.set_viewport_size({"width": width, "height": 900})
        await hands.press("Shift+Slash")
        await hands.page.locator("#keys[open]").wait_for()
        assert await serious(hands.page) == []
        assert (await hands.page.locator("#keys").bounding_box())["width"] <= width
        await hands.press("KeyN")
        assert await hands.page.locator("#keys[open]").count() == 1  # a letter does nothing behind the list
        await hands.press("Escape")
        assert await hands.page.locator("#keys[open]").count() == 0

    async def test_every_key_of_the_list_reaches_something_where_the_action_is_possible(self, cases, start):
        hands = await start(f"/{cases['complaint']}", role="supervisor")
        missing = await hands.page.evaluate(
            """[...document.querySelectorAll("[data-key]")]
              .filter((each) => !document.querySelector(each.dataset.focus ?? each.dataset.press))
              .map((each) => each.dataset.key)"""
        )
        assert missing == ["KeyX", "KeyZ", "KeyD"]  # no row has the focus, no answer waits, and none is there to be closed

    async def test_letters_can_be_turned_off(self, cases, start):
        hands = await start(f"/{cases['complaint']}")
        await hands.press("Shift+Slash")
        await hands.page.locator("#keys input").uncheck()
        await hands.press("Escape")
        await hands.page.reload(wait_until="networkidle")
        await hands.press("KeyA")
        assert await hands.page.evaluate("document.activeElement.id") == "case-title"

    async def test_a_letter_typed_into_a_field_is_no_command(self, cases, start):
        hands = await start(f"/{cases['complaint']}")
        await hands.press("KeyA", "KeyN", "KeyE", "Slash")
        assert await hands.page.locator("#f-text").input_value() == "ne/"
        await hands.press("Escape", "KeyN")
        assert await hands.page.evaluate("document.activeElement.id") == "f-note-text"


class TestCorrection:
    @pytest.mark.parametrize("language", ["kk", "ru"])
    async def test_two_keys_correct_the_classification(self, desk, visit, language):
        text = "Тіркеуші дөрекі сөйледі, айқайлады. Дәрігер қабылдаудан бас тартты."
        appeal_id = await desk.open(text=text, language="kk", kind="COMPLAINT", category="REFUSAL_APPOINTMENT")
        page = await visit(f"{desk.url}/routing/desk/{appeal_id}?tab=all", cookies=cookies(desk, "specialist", language))
        hands = Hands(page)
        await hands.press("KeyK")
        assert await page.evaluate("document.activeElement.dataset.digit") == "1"
        await hands.go("Digit1")
        case = await desk.case(appeal_id)
        assert (case["kind"], case["category"]) == ("COMPLAINT", "ETHICS_RUDENESS")

    async def test_one_key_accepts_the_proposed_issue_and_a_digit_alone_does_nothing(self, desk, visit):
        text = "Дәрігер қабылдаудан бас тартты. Тіркеуші дөрекі сөйледі, айқайлады."
        appeal_id = await desk.open(text=text, language="kk", kind="COMPLAINT", category="REFUSAL_APPOINTMENT")
        page = await visit(f"{desk.url}/routing/desk/{appeal_id}?tab=all", cookies=cookies(desk, "specialist", "kk"))
        hands = Hands(page)
        await hands.press("Digit1")
        await hands.go("KeyI")
        assert [issue["category"] for issue in (await desk.case(appeal_id))["issues"]] == ["REFUSAL_APPOINTMENT", "ETHICS_RUDENESS"]
