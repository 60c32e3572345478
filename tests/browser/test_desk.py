from datetime import timedelta

import pytest

from routing.cases.service import send_next
from shared.contracts import InquiryAnswered, InquirySent
from shared.web.session import COOKIE
from tests.browser.conftest import submit
from tests.routing.desk.support import CANARY, Owners
from tests.routing.support import NOW, desk_in

pytestmark = pytest.mark.browser
FINGER = 44
"""Pixels: the least height of what a finger chooses."""
SUBJECT = "clerk-1"
TEXT = "Дәрігер қабылдаудан бас тартты.\nЕмханада жазып алмады, тіркеу бөлімі үш күн бойы телефон көтермеді."


@pytest.fixture
async def desk(engine, tmp_path, serve):
    async with desk_in(engine, tmp_path) as desk:
        owners = Owners(desk.texts.known)
        desk.foundation.local_apps |= {"intake": owners.app(), "provider-contact": owners.app()}

        async def http_only(scope, receive, send):
            assert scope["type"] == "http"  # the service lives already; the server must not start it again
            await desk.app(scope, receive, send)

        desk.url = await serve(http_only)
        yield desk


@pytest.fixture
async def complaint(desk):
    for language in ("kk", "ru"):
        await desk.open(text=None, has_text=False, kind="CONSULTATION", topic="STATUS_CHECK", language=language)
    await desk.open(text=None, has_text=False, kind="COMPLAINT", category="QUALITY_DEATH", channel="CALL_1414")
    return await desk.open(text=TEXT, language="kk")


def cookies(desk, role: str = "specialist", language: str = "ru") -> dict[str, str]:
    token = desk.foundation.issuer.issue(role, region="KZ-43", subject=SUBJECT, name="Сынақ Маман")
    return {COOKIE: token, "aryz_lang": language}


class TestTheDesk:
    @pytest.mark.parametrize("javascript", [True, False])
    @pytest.mark.parametrize(("width", "language"), [(390, "kk"), (1280, "ru")])
    async def test_a_case_is_taken_answered_and_closed(self, desk, complaint, visit, width, language, javascript):
        page = await visit(desk.url + "/routing/desk", width=width, javascript=javascript, cookies=cookies(desk, language=language))
        assert await page.locator(".who .soft").evaluate("role => role.scrollWidth <= role.clientWidth"), "role and region are read whole"
        await page.locator(f".queue a[href*='{complaint}']").click()
        await page.locator("form[action*='/claim'] button").click()
        await page.locator("[role=status]").wait_for()
        answer = page.locator("#answer")
        await answer.locator("#f-text").fill("Терапевт сізді 4 ақпанда қабылдайды.")
        await answer.locator("#f-findings-0-outcome").select_option("JUSTIFIED")
        await answer.locator("#f-findings-0-fact").fill("Жазудан себепсіз бас тартылған.")
        await answer.locator("#f-findings-0-rule").fill("Медициналық қызмет көрсету шарты.")
        await answer.locator("#f-next_steps").fill("Емхана сізге өзі хабарласады.")
        if javascript:
            assert await answer.locator(".checks li:not(.done)").count() == 0
        await answer.locator("button:not([name]):not([type=button])").click()
        await page.locator("form[data-waiting]").wait_for()
        desk.clock.advance(timedelta(seconds=30))
        async with desk.parts.units.write() as work:
            assert await send_next(work)
        await page.goto(f"{desk.url}/routing/desk/{complaint}")
        await page.locator("#close #f-outcome").select_option("JUSTIFIED")
        await page.locator("#close button").click()
        await page.locator(".badge.good").first.wait_for()
        case = await desk.case(complaint)
        assert (case["status"], case["outcome"], len(case["answer"]["findings"])) == ("CLOSED", "JUSTIFIED", 1)

    async def test_what_is_typed_is_there_after_a_reload_in_another_language_and_another_tab(self, desk, complaint, visit):
        page = await visit(f"{desk.url}/routing/desk/{complaint}", cookies=cookies(desk))
        await page.locator("#f-text").fill("Вас примет терапевт")
        await page.locator("[data-draft-state]", has_text="Черновик сохранён").wait_for()
        await page.locator("#f-next_steps").fill("Мы позвоним.")
        await page.locator("a[lang=kk]").click()  # at once: the link waits for the draft
        await page.wait_for_url("**lang=kk**")
        assert await page.locator("#f-next_steps").input_value() == "Мы позвоним."
        async with page.expect_response("**/draft*"):
            await page.locator("#f-text").fill("Вас примет терапевт завтра")
        await page.reload()
        assert await page.locator("#f-text").input_value() == "Вас примет терапевт завтра"
        other = await page.context.new_page()
        await other.goto(f"{desk.url}/routing/desk/{complaint}")
        assert await other.locator("#f-text").input_value() == "Вас примет терапевт завтра"

    async def test_the_later_of_two_tabs_is_warned_and_keeps_its_text(self, desk, complaint, visit):
        page = await visit(f"{desk.url}/routing/desk/{complaint}", cookies=cookies(desk))
        specialist = desk.token("specialist", region="KZ-43", subject=SUBJECT)
        saved = {"expected_draft_version": 0, "language": "ru", "text": "Из другой вкладки"}
        assert (await desk.client.put(f"/routing/v1/cases/{complaint}/draft", headers=specialist, json=saved)).status_code == 200
        await page.locator("#f-text").fill("Из этой вкладки")
        await page.locator("[data-draft-state]", has_text="изменён в другой вкладке").wait_for()
        assert await page.locator("#f-text").input_value() == "Из этой вкладки"
        await page.locator("#answer button[name=save]").click()
        await page.locator(".note.warn", has_text="изменён в другой вкладке").wait_for()
        await page.locator("#answer button[name=save]").click()
        await page.locator("[role=status]", has_text="Черновик сохранён").wait_for()
        assert await page.locator("#f-text").input_value() == "Из этой вкладки"

    @pytest.mark.parametrize("javascript", [True, False])
    async def test_an_answer_is_taken_back_while_it_waits(self, desk, complaint, visit, serious, javascript):
        page = await visit(f"{desk.url}/routing/desk/{complaint}", javascript=javascript, cookies=cookies(desk))
        await page.locator("#f-text").fill("Вас примет терапевт.")
        await page.locator("#f-findings-0-outcome").select_option("JUSTIFIED")
        for field in ("findings-0-fact", "findings-0-rule", "next_steps"):
            await page.locator(f"#f-{field}").fill("Проверено.")
        await page.locator("#answer button:not([name]):not([type=button])").click()
        waiting = page.locator("form[data-waiting]")
        await waiting.wait_for()
        assert (await desk.case(complaint))["status"] == "SENDING"
        if javascript:
            assert await serious(page) == []
            assert 0 < int(await waiting.locator("[data-countdown]").inner_text()) <= 30
        await waiting.locator("button").click()
        await page.locator("#answer").wait_for()
        assert await page.locator("#f-text").input_value() == "Вас примет терапевт."
        assert (await desk.case(complaint))["status"] == "IN_REVIEW"

    @pytest.mark.parametrize("dark", [False, True])
    @pytest.mark.parametrize("width", [390, 1280])
    async def test_every_state_is_accessible_and_fits_the_screen(self, desk, complaint, visit, serious, width, dark):
        usual = {"appeal_id": complaint, "inquiry_id": complaint, "provider_id": complaint}
        await desk.apply(InquirySent(category="REFUSAL_APPOINTMENT", due_at=NOW, discloses=True, **usual))
        await desk.apply(InquiryAnswered(response_id=complaint, code="RESOLVED", **usual))
        for path in ("", "?tab=overdue", "?tab=all&language=ru&sort=received", f"/{complaint}", f"/{complaint}?show=applicant&flash=claim"):
            page = await visit(f"{desk.url}/routing/desk{path}", width=width, dark=dark, cookies=cookies(desk, "supervisor"))
            await page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
            assert await serious(page) == []
            assert await page.evaluate("document.documentElement.scrollWidth") <= width
        assert CANARY["full_name"] in await page.content()
        assert (await page.locator(".case").bounding_box())["width"] >= 0.6 * width  # the note on top takes no column from it

    async def test_what_came_back_wrong_is_reached_first(self, desk, complaint, visit, serious):
        page = await visit(f"{desk.url}/routing/desk/{complaint}", cookies=cookies(desk))
        await page.locator("#answer").evaluate("(form) => { form.noValidate = true; }")
        await page.locator("#f-text").fill("Жауап")
        await page.locator("#answer button:not([name]):not([type=button])").click()
        await page.locator("#error-summary").wait_for()
        assert await page.evaluate("document.activeElement.id") == "error-summary"
        assert await page.locator("#f-text").input_value() == "Жауап"
        assert await serious(page) == []
        await page.locator("#error-summary a").first.click()
        assert await page.evaluate("document.activeElement.id") == "f-findings-0-outcome"

    async def test_the_keyboard_goes_through_the_list_and_to_the_answer(self, desk, complaint, visit):
        page = await visit(f"{desk.url}/routing/desk/{complaint}?tab=queue", cookies=cookies(desk))
        rows = await page.locator(".queue li a").all()
        focused = [await row.get_attribute("aria-current") for row in rows].index("true")
        for key, step in (("ArrowUp", -1), ("ArrowDown", 1), ("ArrowDown", 1)):
            await page.keyboard.press(key)
            focused = min(max(focused + step, 0), len(rows) - 1)
            assert await rows[focused].evaluate("(row) => row === document.activeElement")
        await page.keyboard.press("KeyA")
        await page.keyboard.type("a")
        assert await page.locator("#f-text").input_value() == "a"

    async def test_the_list_is_renewed_but_not_while_it_is_read(self, desk, complaint, visit):
        page = await visit(f"{desk.url}/routing/desk?tab=queue", cookies=cookies(desk))
        rows, counted = page.locator(".queue li a"), page.locator(".queue .tabs a[aria-current]")
        before = await rows.count()
        await page.locator(".listed").hover()
        await desk.open()
        await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        await counted.filter(has_text=f" {before + 1}").wait_for()
        assert await rows.count() == before
        await page.mouse.move(1_200, 10)
        await rows.nth(before).wait_for()
        assert await page.locator(f".queue a[href*='{complaint}']").count() == 1

    async def test_a_phone_shows_the_list_or_the_case(self, desk, complaint, visit):
        page = await visit(desk.url + "/routing/desk", width=390, cookies=cookies(desk))
        assert await page.locator(".queue").is_visible()
        await page.locator(".filters summary").click()
        assert await page.locator("#main .filters select").first.evaluate("field => field.offsetHeight") >= FINGER
        await page.locator(f".queue a[href*='{complaint}']").click()
        assert not await page.locator(".queue").is_visible()
        await submit(page, ".back")
        assert await page.locator(".queue").is_visible()
